"""Where large answers are read: not on the thread that everybody else's calls wait for."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import Unavailable
from arcade_gmail_multiuser.gmail.api import client
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.api.transport import Answer

BIG = "A" * (2 * client.MAX_ON_LOOP)


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Collect the threads in which answers are read."""
    threads: set[int] = set()
    read = client.read_answer

    def noting(*given: Any, **named: Any) -> Any:
        threads.add(threading.get_ident())
        return read(*given, **named)

    monkeypatch.setattr(client, "read_answer", noting)
    return threads


@pytest.mark.parametrize(("data", "aside"), [("AAAA", False), (BIG, True)])
async def test_only_a_large_message_is_read_aside(
    mailbox: GmailClient,
    transport: Any,
    reply: SimpleNamespace,
    readers: set[int],
    data: str,
    aside: bool,
) -> None:
    transport.will(reply.of(200, {"raw": data}))
    assert await mailbox.call("users.messages.get", id="1") == {"raw": data}
    assert (threading.get_ident() not in readers) is aside
    assert len(readers) == 1


async def test_a_large_batch_is_read_aside(
    mailbox: GmailClient, transport: Any, readers: set[int]
) -> None:
    def together(request: Any) -> Answer:
        count = request.body.count(b"Content-ID")
        parts = [
            b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-item-%d>\r\n\r\n"
            b'HTTP/1.1 200 OK\r\n\r\n{"raw": "%s"}\r\n' % (n, BIG.encode())
            for n in range(count)
        ]
        return Answer(
            200, {"content-type": "multipart/mixed; boundary=b"}, b"".join(parts) + b"--b--"
        )

    transport.respond = together
    found = await mailbox.call_each("users.messages.get", [{"id": str(n)} for n in range(1, 11)])
    assert found == [{"raw": BIG}] * 10
    assert threading.get_ident() not in readers


async def test_a_large_answer_that_is_cut_off_is_an_error_like_a_small_one(
    mailbox: GmailClient, transport: Any
) -> None:
    transport.respond = lambda _: Answer(200, {}, b'{"raw": "' + BIG.encode())
    with pytest.raises(Unavailable):
        await mailbox.call("users.messages.get", id="1")
