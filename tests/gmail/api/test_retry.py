from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api import retry
from arcade_gmail_multiuser.gmail.api.client import call_with_retry
from arcade_gmail_multiuser.gmail.api.quota import Deadline
from arcade_gmail_multiuser.gmail.api.requests import described_methods, http_method
from arcade_gmail_multiuser.gmail.api.retry import Kind, RetryPolicy, kind_of

GET = "users.messages.get"
SEND = "users.messages.send"


def unavailable() -> GmailMultiuserError:
    return Unavailable("later.")


def lost() -> GmailMultiuserError:
    return ConnectionFailed("broke.", sent=True)


def unsent() -> GmailMultiuserError:
    return ConnectionFailed("not reached.", sent=False)


def limited(milliseconds: int | None = None) -> GmailMultiuserError:
    return RateLimited("slow.", retry_after_ms=milliseconds)


class Script:
    """An attempt that fails as it is told and then succeeds."""

    def __init__(self, *failures: GmailMultiuserError) -> None:
        self.failures = list(failures)
        self.attempts = 0

    async def __call__(self) -> dict[str, Any]:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        return {"id": "1"}


@pytest.fixture
def run(policy: RetryPolicy) -> Callable[..., Any]:
    async def run(script: Script, method: str = GET, seconds: float = 50) -> dict[str, Any]:
        return await call_with_retry(
            script,
            method=method,
            policy=policy,
            deadline=Deadline(seconds, policy.clock),
        )

    return run


# --- what may be repeated ------------------------------------------------------------------------


def test_what_the_table_does_not_know_is_unsafe_unless_it_reads() -> None:
    for method in described_methods():
        if http_method(method) == "GET":
            assert kind_of(method) is Kind.READ
        elif method not in retry._KINDS:
            assert kind_of(method) is Kind.ONCE


def test_the_table_knows_only_methods_that_exist_and_write() -> None:
    for method in retry._KINDS.keys() | retry._LOOK_FIRST.keys():
        assert http_method(method) != "GET"


def test_a_method_that_gmail_does_not_have_has_no_kind() -> None:
    with pytest.raises(InvalidInput):
        kind_of("users.messages.fetch")


@pytest.mark.parametrize(
    "method",
    [
        SEND,
        "users.drafts.send",
        "users.drafts.create",
        "users.labels.create",
        "users.messages.insert",
        "users.messages.import",
        "users.settings.filters.create",
        "users.settings.sendAs.verify",
        "users.settings.delegates.create",
    ],
)
def test_what_would_be_there_twice_is_done_once(method: str) -> None:
    assert kind_of(method) is Kind.ONCE


@pytest.mark.parametrize("failure", [unavailable, lost, unsent, limited])
@pytest.mark.parametrize("method", [GET, "users.messages.modify", "users.drafts.update"])
async def test_a_safe_call_is_repeated(
    run: Callable[..., Any], method: str, failure: Callable[[], GmailMultiuserError]
) -> None:
    script = Script(failure(), failure())
    assert await run(script, method) == {"id": "1"}
    assert script.attempts == 3


@pytest.mark.parametrize("failure", [limited, unsent])
async def test_a_send_that_google_certainly_did_not_take_is_repeated(
    run: Callable[..., Any], failure: Callable[[], GmailMultiuserError]
) -> None:
    script = Script(failure())
    assert await run(script, SEND) == {"id": "1"}
    assert script.attempts == 2


@pytest.mark.parametrize(
    "failure",
    [
        unavailable,
        lost,
        lambda: DeadlineExceeded("late.", sent=True),
        lambda: AnswerTooLarge("huge."),
    ],
)
@pytest.mark.parametrize(
    "method",
    [SEND, "users.drafts.create", "users.drafts.send", "users.labels.create"],
)
async def test_a_send_in_doubt_is_never_repeated_and_says_where_to_look(
    run: Callable[..., Any], method: str, failure: Callable[[], GmailMultiuserError]
) -> None:
    script = Script(failure())
    with pytest.raises(OutcomeUnknown) as unknown:
        await run(script, method)
    assert script.attempts == 1
    assert "may have been" in unknown.value.message
    assert "before" in unknown.value.message
    assert unknown.value.can_retry is False


async def test_a_send_may_fail_safely_first_and_in_doubt_then(run: Callable[..., Any]) -> None:
    script = Script(limited(), lost())
    with pytest.raises(OutcomeUnknown):
        await run(script, SEND)
    assert script.attempts == 2


async def test_a_send_out_of_time_before_it_began_is_no_mystery(run: Callable[..., Any]) -> None:
    with pytest.raises(DeadlineExceeded) as late:
        await run(Script(DeadlineExceeded("late.", sent=False)), SEND)
    assert late.value.sent is False


@pytest.mark.parametrize(
    "failure",
    [TokenRejected("no."), NotFound("no."), InvalidInput("no."), AnswerTooLarge("no.")],
    ids=lambda e: e.code,
)
async def test_what_would_fail_again_is_not_repeated(
    run: Callable[..., Any], failure: GmailMultiuserError
) -> None:
    script = Script(failure)
    with pytest.raises(type(failure)):
        await run(script)
    assert script.attempts == 1


@pytest.mark.parametrize("first", [unavailable, lost])
async def test_a_delete_whose_answer_was_lost_is_done_when_nothing_is_there_any_more(
    run: Callable[..., Any], first: Callable[[], GmailMultiuserError]
) -> None:
    assert await run(Script(first(), NotFound("gone.")), "users.drafts.delete") == {}


async def test_a_lost_answer_to_a_delete_is_not_forgotten_over_a_rate_limit(
    run: Callable[..., Any],
) -> None:
    script = Script(lost(), limited(), NotFound("gone."))
    assert await run(script, "users.drafts.delete") == {}


@pytest.mark.parametrize("first", [limited, unsent])
async def test_a_delete_that_was_never_taken_and_finds_nothing_is_not_found(
    run: Callable[..., Any], first: Callable[[], GmailMultiuserError]
) -> None:
    with pytest.raises(NotFound):
        await run(Script(first(), NotFound("gone.")), "users.drafts.delete")


async def test_another_write_that_finds_nothing_the_second_time_is_not_found(
    run: Callable[..., Any],
) -> None:
    with pytest.raises(NotFound):
        await run(Script(lost(), NotFound("gone.")), "users.messages.trash")


# --- when ----------------------------------------------------------------------------------------


async def test_pauses_double_up_to_a_bound(run: Callable[..., Any], fake_time: Any) -> None:
    with pytest.raises(Unavailable):
        await run(Script(*(unavailable() for _ in range(9))))
    assert fake_time.slept == [0.4, 0.8, 1.6, 3.2]


def test_half_of_a_pause_is_left_to_chance() -> None:
    longest = RetryPolicy(random=lambda: 1.0)
    shortest = RetryPolicy(random=lambda: 0.0)
    for failures in range(1, 200):
        assert shortest.backoff(failures) == longest.backoff(failures) / 2
        assert longest.backoff(failures) <= longest.cap_s


async def test_googles_own_time_is_waited_for(run: Callable[..., Any], fake_time: Any) -> None:
    await run(Script(limited(7_000)))
    assert fake_time.slept == [pytest.approx(7.4)]  # a little later than all the others


async def test_a_wait_past_the_deadline_ends_at_once(
    run: Callable[..., Any], fake_time: Any
) -> None:
    script = Script(limited(900_000))
    with pytest.raises(RateLimited) as slow:
        await run(script)
    assert slow.value.retry_after_ms == 900_000
    assert (script.attempts, fake_time.slept) == (1, [])


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 3.0, 10.0])
async def test_no_pause_passes_the_deadline(
    run: Callable[..., Any], fake_time: Any, seconds: float
) -> None:
    began = fake_time.now
    with pytest.raises(Unavailable):
        await run(Script(*(unavailable() for _ in range(9))), seconds=seconds)
    assert fake_time.now - began < seconds


async def test_a_rate_limit_without_a_time_gets_one(run: Callable[..., Any]) -> None:
    with pytest.raises(RateLimited) as slow:
        await run(Script(*(limited() for _ in range(9))))
    assert slow.value.retry_after_ms == 6_400


async def test_without_time_nothing_is_begun(policy: RetryPolicy, fake_time: Any) -> None:
    deadline = Deadline(1, policy.clock)
    fake_time.now += 2
    script = Script()
    with pytest.raises(DeadlineExceeded) as late:
        await call_with_retry(script, method=SEND, policy=policy, deadline=deadline)
    assert (late.value.sent, script.attempts) == (False, 0)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_deadline_lies_in_the_future(policy: RetryPolicy, seconds: float) -> None:
    with pytest.raises(InvalidInput):
        Deadline(seconds, policy.clock)


async def test_a_cancelled_call_is_not_repeated(run: Callable[..., Any]) -> None:
    began = asyncio.Event()
    attempts = 0

    async def hang() -> dict[str, Any]:
        nonlocal attempts
        attempts += 1
        began.set()
        await asyncio.Event().wait()
        return {}

    task = asyncio.create_task(run(hang))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attempts == 1
