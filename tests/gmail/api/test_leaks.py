"""No token, search or mail shows in an error, its traceback, a repr or a log, whatever fails."""

from __future__ import annotations

import asyncio
import io
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy

TOKEN = "CANARYTOKEN"
QUERY = "CANARYQUERY"
MAIL = "CANARYMAIL"

Make = Callable[..., GmailClient]


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything that hangs on it, suppressed or not."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if any(current is other for other in seen):
            continue
        seen.append(current)
        yield current
        waiting.extend(e for e in (current.__cause__, current.__context__) if e is not None)


def assert_shows_nothing(error: BaseException, logged: str) -> None:
    for one in chain(error):
        shown = f"{one!r} {one} {one.args} {vars(one)}"
        for canary in (TOKEN, QUERY, MAIL):
            assert canary not in shown
    assert TOKEN not in printed(error, variables=True)
    assert not any(c in printed(error, variables=False) for c in (TOKEN, QUERY, MAIL))
    assert not any(c in logged for c in (TOKEN, QUERY, MAIL))


def printed(error: BaseException, *, variables: bool) -> str:
    whole = traceback.TracebackException.from_exception(error, capture_locals=variables)
    out = io.StringIO()
    for line in whole.format(chain=True):
        # The test's own lines name the canaries.
        out.write(line if "test_leaks.py" not in line else "")
    return out.getvalue()


def failing_answers(reply: SimpleNamespace) -> list[Any]:
    said = f"{MAIL} {QUERY}"
    return [
        *(reply.refusal(s, said, "someReason", "SOME_STATE") for s in range(400, 420)),
        *(reply.refusal(s, said, "rateLimitExceeded") for s in (403, 429)),
        *(reply.refusal(s, said) for s in (500, 502, 503, 504)),
        reply.refusal(403, said, "insufficientPermissions"),
        reply.refusal(400, f"Invalid label: {QUERY}", "invalidArgument"),
        reply.refusal(400, f"Invalid id value {QUERY}", "invalidArgument"),
        reply.refusal(403, f"Delegation denied for {MAIL}", "forbidden"),
        *(reply.of(s, f"<html>{said}".encode()) for s in (200, 302, 400, 401, 403, 404, 500)),
        reply.of(200, f'{{"snippet": "{MAIL}'.encode()),
        reply.of(200, [MAIL]),
        reply.of(302, b"", location=f"https://elsewhere.example/?q={QUERY}"),
        ConnectionFailed("broke.", sent=True),
        ConnectionFailed("not reached.", sent=False),
        DeadlineExceeded("late.", sent=True),
        AnswerTooLarge("huge."),
    ]


def ways_to_ask(mailbox: GmailClient) -> dict[str, Awaitable[Any]]:
    each = [{"id": f"{QUERY}{n}"} for n in range(12)]
    return {
        "read": mailbox.call("users.messages.list", q=QUERY),
        "send": mailbox.call("users.messages.send", body={"raw": MAIL}),
        "delete": mailbox.call("users.messages.delete", id=QUERY),
        "few": mailbox.call_each("users.messages.get", each[:2]),
        "many": mailbox.call_each("users.messages.get", each),
        "who": mailbox.userinfo(),
    }


async def errors_of(asked: Awaitable[Any]) -> list[BaseException]:
    try:
        result = await asked
    except GmailMultiuserError as error:
        return [error]
    assert isinstance(result, list), "it should have failed"
    errors = [outcome for outcome in result if isinstance(outcome, GmailMultiuserError)]
    assert errors, "it should have failed"
    return list({id(error): error for error in errors}.values())


async def test_whatever_google_answers(
    transport: Any,
    policy: RetryPolicy,
    reply: SimpleNamespace,
    caplog: pytest.LogCaptureFixture,
) -> None:
    checked = 0
    with caplog.at_level(logging.DEBUG):
        for answer in failing_answers(reply):
            transport.respond = lambda _, answer=answer: answer
            mailbox = GmailClient(TOKEN, "", transport=transport, retry=policy, quota=Quota())
            for asked in ways_to_ask(mailbox).values():
                for error in await errors_of(asked):
                    assert_shows_nothing(error, caplog.text)
                    checked += 1
    assert checked > 200


@pytest.mark.parametrize(
    "drop", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", b"\x00\n"]
)
async def test_whatever_breaks_on_the_way(
    raw_server: Callable[..., Awaitable[Any]],
    policy: RetryPolicy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    drop: bytes,
) -> None:
    async def broken(_: Any, writer: asyncio.StreamWriter) -> bool:
        writer.write(drop)
        return False

    server = await raw_server(broken)
    with caplog.at_level(logging.DEBUG):
        for endpoint in (server.url, "http://127.0.0.1:1"):
            monkeypatch.setenv("GMAIL_API_ENDPOINT", endpoint)
            mailbox = GmailClient(TOKEN, "", retry=policy, quota=Quota())
            for asked in ways_to_ask(mailbox).values():
                for error in await errors_of(asked):
                    assert_shows_nothing(error, caplog.text)


async def test_wrong_parameters_and_no_time_and_no_budget(
    transport: Any, policy: RetryPolicy, fake_time: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broke = Quota(units_per_minute=1, clock=fake_time.clock)
    mailbox = GmailClient(TOKEN, "", transport=transport, retry=policy, quota=broke, deadline_s=1)
    for asked in (
        mailbox.call("users.messages.list", q=QUERY, maxResults=QUERY),
        mailbox.call("users.messages.get", id=f"../{QUERY}"),
        mailbox.call("users.messages.get", id="1", format=QUERY),
        mailbox.call("users.messages.send", body={"raw": {MAIL}}),
        mailbox.call("users.messages.send", body={"raw": MAIL}),
        mailbox.call("users.messages.list", q="\ud800" + QUERY),
    ):
        for error in await errors_of(asked):
            assert_shows_nothing(error, caplog.text)
    fake_time.now += 5
    for asked in ways_to_ask(mailbox).values():
        for error in await errors_of(asked):
            assert_shows_nothing(error, caplog.text)


@pytest.mark.parametrize("damaged", [f"{TOKEN} x", f"{TOKEN}\r\n", f"{TOKEN}é"])
def test_a_damaged_token_is_not_shown(damaged: str) -> None:
    with pytest.raises(GmailMultiuserError) as refused:
        GmailClient(damaged, "alice")
    assert TOKEN not in f"{refused.value} {refused.value.developer_message}"
    assert TOKEN not in printed(refused.value, variables=False)


def test_a_mailbox_shows_nothing_of_itself() -> None:
    mailbox = GmailClient(TOKEN, "alice@example.com")
    shown = f"{mailbox!r} {mailbox} {mailbox._credentials!r}"
    assert TOKEN not in shown
    assert not hasattr(mailbox, "__dict__")
