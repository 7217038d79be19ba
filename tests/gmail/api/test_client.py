from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidInput,
    MissingScope,
    MissingToken,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.transport import Answer

Make = Callable[..., GmailClient]


# --- who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_a_blank_token_is_refused_before_any_request(mailbox_for: Make, blank: str) -> None:
    with pytest.raises(MissingToken):
        mailbox_for(token=blank)


@pytest.mark.parametrize("damaged", ["a b", "a\r\nx-evil: 1", "tökén", "a\x00b", "a\n"])
def test_a_damaged_token_is_refused_before_any_request(mailbox_for: Make, damaged: str) -> None:
    with pytest.raises(TokenRejected) as refused:
        mailbox_for(token=damaged)
    assert damaged not in f"{refused.value} {refused.value.developer_message}"


async def test_a_call_is_signed_and_goes_to_the_endpoint(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GMAIL_API_ENDPOINT", "http://127.0.0.1:9100")
    transport.will(reply.of(200, {"id": "1"}))
    assert await mailbox.call("users.messages.get", id="1", format="full") == {"id": "1"}
    request = transport.requests[0]
    assert request.headers["authorization"] == "Bearer token-of-alice"
    assert request.url.startswith("http://127.0.0.1:9100/gmail/v1/users/me/messages/1?")
    assert parse_qs(urlsplit(request.url).query)["format"] == ["full"]


async def test_a_wrong_endpoint_sends_no_token_anywhere(
    mailbox: GmailClient, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GMAIL_API_ENDPOINT", "https://evil.example")
    for ask in (mailbox.call("users.getProfile"), mailbox.userinfo()):
        with pytest.raises(ConfigurationError):
            await ask
    assert transport.requests == []


async def test_two_mailboxes_at_once_each_use_their_own_token(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace
) -> None:
    transport.respond = lambda r: reply.of(200, {"token": r.headers["authorization"]})
    boxes = [mailbox_for(f"user-{n}", f"token-{n}") for n in range(20)]
    answers = await asyncio.gather(*(box.call("users.getProfile") for box in boxes))
    assert [a["token"] for a in answers] == [f"Bearer token-{n}" for n in range(20)]


async def test_another_persons_mailbox_cannot_be_named(
    mailbox: GmailClient, transport: Any
) -> None:
    with pytest.raises(InvalidInput):
        await mailbox.call("users.getProfile", userId="bob@example.com")
    assert isinstance(
        (await mailbox.call_each("users.messages.get", [{"id": "1", "userId": "bob"}]))[0],
        InvalidInput,
    )
    assert transport.requests == []


async def test_no_content_is_an_empty_object(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(reply.of(204))
    assert await mailbox.call("users.messages.delete", id="1") == {}


@pytest.mark.parametrize("bad_id", ["", "../x", "x" * 5_000])
async def test_an_id_that_cannot_be_one_makes_no_request(
    mailbox: GmailClient, transport: Any, bad_id: str
) -> None:
    with pytest.raises(InvalidInput):
        await mailbox.call("users.messages.get", id=bad_id)
    assert transport.requests == []


async def test_userinfo_says_who_the_token_belongs_to(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(reply.of(200, {"email": "alice@example.com"}))
    assert await mailbox.userinfo() == {"email": "alice@example.com"}
    assert transport.requests[0].url == "https://www.googleapis.com/oauth2/v2/userinfo"
    assert transport.requests[0].headers["authorization"] == "Bearer token-of-alice"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": "invalid_token"}, TokenRejected),
        (403, {"error": {"errors": [{"reason": "insufficientPermissions"}]}}, MissingScope),
        (200, b"<html>", Unavailable),
    ],
)
async def test_userinfo_fails_in_the_same_words(
    mailbox: GmailClient,
    transport: Any,
    reply: SimpleNamespace,
    status: int,
    body: Any,
    expected: type[Exception],
) -> None:
    transport.respond = lambda _: reply.of(status, body)
    with pytest.raises(expected):
        await mailbox.userinfo()


# --- repeating -----------------------------------------------------------------------------------


async def test_a_read_is_repeated_until_it_succeeds(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(
        reply.refusal(503, "The service is currently unavailable."),
        ConnectionFailed("broke.", sent=True),
        reply.of(200, b'{"id": "ha'),
        reply.refusal(429, "Too many concurrent requests for user", "rateLimitExceeded"),
        reply.of(200, {"id": "1"}),
    )
    assert await mailbox.call("users.messages.get", id="1") == {"id": "1"}
    assert len(transport.requests) == 5


@pytest.mark.parametrize("method", ["users.messages.send", "users.drafts.create"])
async def test_a_lost_answer_to_a_send_is_unknown_and_not_sent_again(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace, method: str
) -> None:
    for loss in (
        reply.refusal(500, "Backend Error"),
        reply.of(200, b'{"id": "ha'),
        reply.of(200, b""),
        reply.of(302),
        ConnectionFailed("broke.", sent=True),
        DeadlineExceeded("late.", sent=True),
    ):
        transport.requests.clear()
        transport.will(loss)
        with pytest.raises(OutcomeUnknown):
            await mailbox_for().call(method, body={"raw": "x"})
        assert len(transport.requests) == 1


async def test_a_send_that_was_limited_or_never_left_is_sent_once_more(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(
        reply.refusal(429, "User-rate limit exceeded.", "rateLimitExceeded"),
        ConnectionFailed("not reached.", sent=False),
        reply.of(200, {"id": "1"}),
    )
    assert await mailbox.call("users.messages.send", body={"raw": "x"}) == {"id": "1"}


async def test_a_rejected_token_is_neither_repeated_nor_refreshed(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(reply.refusal(401, "Invalid Credentials", "authError", "UNAUTHENTICATED"))
    with pytest.raises(TokenRejected):
        await mailbox.call("users.getProfile")
    assert len(transport.requests) == 1


async def test_every_attempt_gets_the_time_that_is_left_and_no_more(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace
) -> None:
    transport.respond = lambda _: reply.refusal(503, "unavailable")
    mailbox = mailbox_for(deadline_s=2.0)
    with pytest.raises(Unavailable):
        await mailbox.call("users.getProfile")
    assert transport.timeouts == [
        pytest.approx(2.0),
        pytest.approx(1.6),
        pytest.approx(0.8),
    ]


async def test_a_mailboxs_time_is_for_all_its_calls_together(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace, fake_time: Any
) -> None:
    transport.respond = lambda _: reply.of(200, {})
    mailbox = mailbox_for(deadline_s=10)
    fake_time.now += 9
    await mailbox.call("users.getProfile")
    fake_time.now += 2
    with pytest.raises(DeadlineExceeded):
        await mailbox.call("users.getProfile")
    assert transport.timeouts == [pytest.approx(1)]


async def test_a_long_rate_limit_ends_at_once_and_says_when(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace, fake_time: Any
) -> None:
    transport.will(reply.refusal(429, "slow down", "rateLimitExceeded", retry_after="900"))
    with pytest.raises(RateLimited) as slow:
        await mailbox.call("users.getProfile")
    assert slow.value.retry_after_ms == 900_000
    assert fake_time.slept == []


# --- a person's share ----------------------------------------------------------------------------


class Gate:
    """A transport's answer that waits until the test lets it through."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.open = asyncio.Event()
        self.waiting: list[str] = []

    async def __call__(self, request: Any) -> Any:
        self.waiting.append(request.headers["authorization"].removeprefix("Bearer "))
        await self.open.wait()
        return self.answer


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def finish(gate: Gate, *tasks: asyncio.Task[Any]) -> None:
    gate.open.set()
    await asyncio.gather(*tasks)


async def test_one_persons_bulk_job_never_delays_anothers_read(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace
) -> None:
    gate = transport.respond = Gate(reply.of(200, {}))
    alice = mailbox_for("alice", "a")
    bulk = [asyncio.create_task(alice.call("users.getProfile")) for _ in range(30)]
    await settle()
    bob = asyncio.create_task(mailbox_for("bob", "b").call("users.getProfile"))
    await settle()
    assert (gate.waiting.count("a"), gate.waiting.count("b")) == (8, 1)
    await finish(gate, *bulk, bob)


async def test_a_person_is_one_person_whatever_the_token(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace
) -> None:
    gate = transport.respond = Gate(reply.of(200, {}))
    boxes = [mailbox_for("alice", f"t{n}") for n in range(20)]
    tasks = [asyncio.create_task(box.call("users.getProfile")) for box in boxes]
    await settle()
    assert len(gate.waiting) == 8
    await finish(gate, *tasks)


@pytest.mark.parametrize("nobody", ["", "  "])
async def test_callers_without_a_name_are_not_one_person(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace, nobody: str
) -> None:
    gate = transport.respond = Gate(reply.of(200, {}))
    boxes = [mailbox_for(nobody, f"t{n}") for n in range(20)]
    tasks = [asyncio.create_task(box.call("users.getProfile")) for box in boxes]
    await settle()
    assert len(gate.waiting) == 20
    await finish(gate, *tasks)


async def test_cancelled_calls_give_their_places_back(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    gate = transport.respond = Gate(reply.of(200, {}))
    tasks = [asyncio.create_task(mailbox.call("users.getProfile")) for _ in range(20)]
    await settle()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gate.waiting.clear()
    again = [asyncio.create_task(mailbox.call("users.getProfile")) for _ in range(8)]
    await settle()
    assert len(gate.waiting) == 8
    await finish(gate, *again)


async def test_a_spent_budget_is_said_before_a_request_is_made(
    mailbox_for: Make, transport: Any, reply: SimpleNamespace, fake_time: Any
) -> None:
    transport.respond = lambda _: reply.of(200, {})
    quota = Quota(units_per_minute=100, clock=fake_time.clock)
    await mailbox_for(quota=quota).call("users.messages.send", body={"raw": "x"})
    with pytest.raises(RateLimited) as slow:
        await mailbox_for(quota=quota).call("users.messages.send", body={"raw": "x"})
    assert slow.value.retry_after_ms == pytest.approx(60_000, abs=2)
    assert len(transport.requests) == 1


# --- many at once --------------------------------------------------------------------------------


class FakeBatches:
    """Google's side of a batch: answers each part by a function from its id to (status, body)."""

    def __init__(self, answer: Callable[[str, int], tuple[int, Any]]) -> None:
        self.answer = answer
        self.sizes: list[int] = []
        self.asked: dict[str, int] = {}

    def __call__(self, request: Any) -> Any:
        if not request.url.endswith("/batch/gmail/v1"):
            ident = request.url.split("?")[0].rsplit("/", 1)[1]
            self.sizes.append(1)
            status, body = self.one(ident)
            return Answer(status, {}, json.dumps(body).encode())
        items = [
            (part.split(b"<")[1].split(b">")[0], part.split(b"/messages/")[1].split(b"?")[0])
            for part in request.body.split(b"Content-ID: ")[1:]
            for part in [b"<" + part.partition(b"<")[2]]
        ]
        self.sizes.append(len(items))
        parts = []
        for item, ident in reversed(items):
            status, body = self.one(ident.decode())
            parts.append(
                b"--x\r\nContent-ID: <response-%s>\r\n\r\nHTTP/1.1 %d X\r\n\r\n%s\r\n"
                % (item, status, json.dumps(body).encode())
            )
        body = b"".join(parts) + b"--x--"
        return Answer(200, {"content-type": "multipart/mixed; boundary=x"}, body)

    def one(self, ident: str) -> tuple[int, Any]:
        self.asked[ident] = self.asked.get(ident, 0) + 1
        return self.answer(ident, self.asked[ident])


def refused(code: int, message: str, reason: str) -> tuple[int, Any]:
    return code, {"error": {"code": code, "message": message, "errors": [{"reason": reason}]}}


TOO_MANY = refused(429, "Too many concurrent requests for user", "rateLimitExceeded")
UNAUTHORIZED = refused(401, "Invalid Credentials", "authError")


def ids(count: int) -> list[dict[str, str]]:
    return [{"id": f"{n:x}"} for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, 8, 9, 25, 26, 120])
async def test_each_result_belongs_to_its_parameters(
    mailbox: GmailClient, transport: Any, count: int
) -> None:
    google = transport.respond = FakeBatches(lambda ident, _: (200, {"id": ident}))
    results = await mailbox.call_each("users.messages.get", ids(count))
    assert results == ids(count)
    assert max(google.sizes, default=0) <= 50
    assert set(google.asked.values()) <= {1}


async def test_few_go_side_by_side_and_many_in_batches(
    mailbox: GmailClient, transport: Any
) -> None:
    google = transport.respond = FakeBatches(lambda ident, _: (200, {"id": ident}))
    await mailbox.call_each("users.messages.get", ids(8))
    assert google.sizes == [1] * 8
    google.sizes.clear()
    await mailbox.call_each("users.messages.get", ids(60))
    assert google.sizes == [20, 20, 20]


async def test_a_batch_is_signed_on_the_outside_only(mailbox: GmailClient, transport: Any) -> None:
    transport.respond = FakeBatches(lambda ident, _: (200, {"id": ident}))
    await mailbox.call_each("users.messages.get", ids(10))
    (request,) = transport.requests
    assert request.headers["authorization"] == "Bearer token-of-alice"
    assert b"authorization" not in request.body.lower()
    assert b"token-of-alice" not in request.body


async def test_a_batch_costs_what_its_calls_cost(
    mailbox_for: Make, transport: Any, fake_time: Any
) -> None:
    transport.respond = FakeBatches(lambda ident, _: (200, {"id": ident}))
    mailbox = mailbox_for(quota=Quota(units_per_minute=200, clock=fake_time.clock))
    await mailbox.call_each("users.messages.get", ids(10))
    with pytest.raises(RateLimited):
        await mailbox_for(
            quota=mailbox._quota,
            deadline_s=5,  # the same person's budget
        ).call("users.messages.get", id="1")


async def test_half_a_batch_limited_is_repeated_by_itself(
    mailbox: GmailClient, transport: Any
) -> None:
    google = transport.respond = FakeBatches(
        lambda ident, n: TOO_MANY if n == 1 and int(ident, 16) % 2 else (200, {"id": ident})
    )
    assert await mailbox.call_each("users.messages.get", ids(20)) == ids(20)
    assert google.sizes == [20, 10]
    assert [google.asked["0"], google.asked["1"]] == [1, 2]


async def test_what_fails_again_comes_back_in_narrower_batches(
    mailbox: GmailClient, transport: Any
) -> None:
    google = transport.respond = FakeBatches(lambda ident, n: TOO_MANY)
    results = await mailbox.call_each("users.messages.get", ids(24))
    assert google.sizes == [24, 12, 12, 6, 6, 6, 6, *[5, 5, 5, 5, 4] * 2]
    assert all(isinstance(result, RateLimited) for result in results)
    assert set(google.asked.values()) == {5}


async def test_what_still_fails_is_named_in_its_place_and_never_dropped(
    mailbox: GmailClient, transport: Any
) -> None:
    def answer(ident: str, _: int) -> tuple[int, Any]:
        if ident == "3":
            return refused(404, "Requested entity was not found.", "notFound")
        if ident == "5":
            return TOO_MANY
        return 200, {"id": ident}

    transport.respond = FakeBatches(answer)
    results = await mailbox.call_each("users.messages.get", [*ids(12), {"id": ""}, {}])
    assert isinstance(results[3], NotFound)
    assert isinstance(results[5], RateLimited)
    assert results[5].retry_after_ms is not None
    assert isinstance(results[12], InvalidInput)
    assert isinstance(results[13], InvalidInput)
    assert [r for r in results if isinstance(r, dict)] == [
        i for n, i in enumerate(ids(12)) if n not in {3, 5}
    ]


async def test_all_of_a_batch_limited_is_no_empty_mailbox(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.respond = lambda _: reply.refusal(429, "slow", "rateLimitExceeded")
    results = await mailbox.call_each("users.messages.get", ids(30))
    assert len(results) == 30
    assert all(isinstance(result, RateLimited) for result in results)


async def test_a_part_told_to_wait_too_long_does_not_hold_up_the_others(
    mailbox: GmailClient, transport: Any, fake_time: Any
) -> None:
    later = refused(
        429, "User-rate limit exceeded.  Retry after 2036-01-01T00:00:00Z", "rateLimitExceeded"
    )

    def answer(ident: str, n: int) -> tuple[int, Any]:
        if ident == "1":
            return later
        return TOO_MANY if ident == "2" and n == 1 else (200, {"id": ident})

    google = transport.respond = FakeBatches(answer)
    results = await mailbox.call_each("users.messages.get", ids(10))
    assert isinstance(results[1], RateLimited)
    assert (google.asked["1"], google.asked["2"]) == (1, 2)
    assert results[2] == {"id": "2"}
    assert max(fake_time.slept) < 1


@pytest.mark.parametrize("count", [1, 5, 30])
async def test_a_rejected_token_of_a_whole_request_raises(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace, count: int
) -> None:
    transport.respond = lambda _: reply.refusal(401, "Invalid Credentials", "authError")
    with pytest.raises(TokenRejected):
        await mailbox.call_each("users.messages.get", ids(count))


@pytest.mark.parametrize("rejected", [0, 4])
async def test_a_rejected_token_in_every_part_raises_and_in_one_is_a_value(
    mailbox: GmailClient, transport: Any, rejected: int
) -> None:
    transport.respond = FakeBatches(lambda _, __: UNAUTHORIZED)
    with pytest.raises(TokenRejected):
        await mailbox.call_each("users.messages.get", ids(10))
    transport.respond = FakeBatches(
        lambda ident, _: UNAUTHORIZED if ident == str(rejected) else (200, {"id": ident})
    )
    results = await mailbox.call_each("users.messages.get", ids(10))
    places = [n for n, result in enumerate(results) if isinstance(result, TokenRejected)]
    assert places == [rejected]


async def test_nothing_of_a_batch_is_repeated_before_the_last_of_its_waits_is_over(
    mailbox: GmailClient, transport: Any, policy: Any, fake_time: Any
) -> None:
    def until(seconds: int) -> tuple[int, Any]:
        when = datetime.fromtimestamp(int(policy.wall_clock()) + seconds, UTC)
        at = when.isoformat().replace("+00:00", "Z")
        return refused(429, f"User-rate limit exceeded.  Retry after {at}", "rateLimitExceeded")

    told = {"3": until(2), "7": until(20)}
    transport.respond = FakeBatches(
        lambda ident, n: told[ident] if n == 1 and ident in told else (200, {"id": ident})
    )
    assert await mailbox.call_each("users.messages.get", ids(10)) == ids(10)
    assert sum(fake_time.slept) >= 20


async def test_missing_parts_are_asked_for_again(mailbox: GmailClient, transport: Any) -> None:
    whole = FakeBatches(lambda ident, _: (200, {"id": ident}))
    answers = 0

    def respond(request: Any) -> Any:
        nonlocal answers
        answers += 1
        answer = whole(request)
        if answers > 1:
            return answer
        body = answer.body.replace(b"<response-item-4>", b"<response-item-5>")
        return type(answer)(answer.status, answer.headers, body)

    transport.respond = respond
    assert await mailbox.call_each("users.messages.get", ids(10)) == ids(10)
    assert whole.asked["4"] == whole.asked["5"] == 2
    assert whole.asked["3"] == 1


async def test_a_batch_too_large_to_hold_is_asked_for_in_halves(
    mailbox: GmailClient, transport: Any, fake_time: Any
) -> None:
    google = FakeBatches(lambda ident, _: (200, {"id": ident}))

    def respond(request: Any) -> Any:
        if request.body and request.body.count(b"application/http") > 5:
            return AnswerTooLarge("huge.")
        if request.url.split("?")[0].endswith("/7"):
            return AnswerTooLarge("huge.")
        return google(request)

    transport.respond = respond
    results = await mailbox.call_each("users.messages.get", ids(20))
    assert results == ids(20)
    assert google.sizes == [5, 5, 5, 5]
    assert fake_time.slept == []


async def test_a_broken_connection_costs_a_batch_only_time(
    mailbox: GmailClient, transport: Any
) -> None:
    google = FakeBatches(lambda ident, _: (200, {"id": ident}))
    transport.will(ConnectionFailed("broke.", sent=True))
    transport.respond = google
    assert await mailbox.call_each("users.messages.get", ids(30)) == ids(30)


async def test_a_mailbox_out_of_time_says_so_for_each(
    mailbox_for: Make, transport: Any, fake_time: Any
) -> None:
    mailbox = mailbox_for(deadline_s=1)
    fake_time.now += 2
    results = await mailbox.call_each("users.messages.get", ids(12))
    assert all(isinstance(result, DeadlineExceeded) for result in results)
    assert transport.requests == []


async def test_what_may_not_be_repeated_cannot_be_called_for_each(
    mailbox: GmailClient, transport: Any
) -> None:
    with pytest.raises(InvalidInput):
        await mailbox.call_each("users.messages.send", [{"body": {"raw": "x"}}])
    with pytest.raises(InvalidInput):
        await mailbox.call_each("users.messages.fetch", [])
    assert transport.requests == []


async def test_a_delete_whose_batch_was_lost_is_done_when_nothing_is_there_any_more(
    mailbox: GmailClient, transport: Any
) -> None:
    gone = refused(404, "Requested entity was not found.", "notFound")
    transport.will(ConnectionFailed("broke.", sent=True))
    transport.respond = FakeBatches(lambda ident, _: gone)
    assert await mailbox.call_each("users.messages.delete", ids(10)) == [{}] * 10
    fresh = await mailbox.call_each("users.messages.delete", ids(10))
    assert all(isinstance(result, NotFound) for result in fresh)


async def test_cancelling_stops_every_batch(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    gate = transport.respond = Gate(reply.of(200, {}))
    task = asyncio.create_task(mailbox.call_each("users.messages.get", ids(100)))
    await settle()
    assert len(gate.waiting) == 4
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    tasks = [asyncio.create_task(mailbox.call("users.getProfile")) for _ in range(8)]
    await settle()
    assert len(gate.waiting) == 12
    await finish(gate, *tasks)
