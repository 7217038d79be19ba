"""Large mailboxes and large mail: nobody has to wait long for somebody else's."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from arcade_gmail_local.sandbox.gmail import listing

Mail = Callable[..., bytes]
ALICE, BOB = "alice@example.com", "bob@example.com"


class Turns:
    """Count how often others got their turn on the event loop meanwhile."""

    def __init__(self) -> None:
        self.count = 0
        self._task: asyncio.Task[None] | None = None

    async def _take(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.count += 1

    async def __aenter__(self) -> Turns:
        self._task = asyncio.create_task(self._take())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()


async def test_searching_five_thousand_messages_gives_others_their_turn(
    google: Any, write_mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listing.SLICE_S <= 0.02
    # However fast the machine: after each message its slice of time is over.
    monkeypatch.setattr(listing, "SLICE_S", -1.0)
    alice = google.person(ALICE, *[write_mail(f"n{i}", f"word{i} body") for i in range(5000)])
    loop = asyncio.get_running_loop()
    async with Turns() as others:
        assert len(await google.ids(alice, "word42")) == 1
    assert others.count > 4900
    monkeypatch.undo()
    began = loop.time()
    assert len(await google.ids(alice, "word4999 -word42")) == 1
    assert len(await google.ids(alice, maxResults=500)) == 500
    assert loop.time() - began < 2


async def test_thirty_megabytes_travel_and_come_back(google: Any) -> None:
    message = EmailMessage()
    message["To"], message["Subject"] = BOB, "Large"
    message.set_content("see the file")
    content = bytes(range(256)) * 4096 * 20
    message.add_attachment(content, "application", "octet-stream", filename="large.bin")
    alice, bob = google.person(ALICE), google.person(BOB)
    headers = {"Content-Type": "message/rfc822"}
    path = "/upload/gmail/v1/users/me/messages/send"
    raw = message.as_bytes()
    assert len(raw) > 28_000_000
    async with Turns() as others:
        await google.ask(alice, "POST", path, content=raw, headers=headers)
        (found,) = await google.ids(bob, "has:attachment")
        read = await google.get(bob, f"messages/{found}")
        token = read["payload"]["parts"][1]["body"]["attachmentId"]
        got = await google.get(bob, f"messages/{found}/attachments/{token}")
    assert got["size"] == len(content)
    assert base64.urlsafe_b64decode(got["data"]) == content
    assert others.count > 300


async def test_a_message_nested_a_thousand_deep_is_only_a_message(google: Any) -> None:
    head = b"From: a@b.c\r\nTo: alice@example.com\r\nSubject: deep\r\n"
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
        for i in range(1000)
    )
    alice = google.person(ALICE, head + parts + b"\r\n\r\nneedle")
    (found,) = await google.ids(alice)
    await google.ids(alice, "needle")
    for form in ("full", "metadata", "minimal", "raw"):
        answer = await google.ask(alice, "GET", f"messages/{found}", params={"format": form})
        assert answer.status_code == 200
