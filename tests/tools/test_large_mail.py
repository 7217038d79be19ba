"""Mail that is too large for JSON, sent and found again through a sandbox."""

from __future__ import annotations

import base64
import hashlib
import random
from email import message_from_bytes
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.tools.search.tools import search_emails_by_query
from arcade_gmail_multiuser.tools.send.tools import (
    multi_user_gmail_send,
    reply_to_email,
    send_email,
)

SCAN = random.Random(7).randbytes(5 * 1024 * 1024)
ATTACHED = [{"filename": "走査.bin", "content_base64": base64.b64encode(SCAN).decode()}]


async def attached_to(person: Any, message_id: str) -> bytes:
    """Read what Gmail stored, without the package's own reader."""
    mailbox = GmailClient(await person.token([GMAIL_READONLY]), person.user_id)
    stored = await mailbox.call("users.messages.get", id=message_id, format="raw")
    raw = base64.urlsafe_b64decode(stored["raw"])
    (part,) = [p for p in message_from_bytes(raw).walk() if p.get_filename()]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


async def uploads(world: Any) -> list[str]:
    asked = await world.requests()
    return [r["gmail_method"] for r in asked if r["path"].startswith("/upload/")]


async def test_a_large_attachment_arrives_byte_by_byte(world: Any) -> None:
    alice = await world.account()
    receipt = await alice.use(
        send_email, subject="Scan", body="x", recipient=alice.email, attachments=ATTACHED
    )
    assert await uploads(world) == ["users.messages.send"]
    received = await attached_to(alice, receipt["message_id"])
    assert hashlib.sha256(received).digest() == hashlib.sha256(SCAN).digest()


async def test_a_large_reply_joins_its_conversation(world: Any) -> None:
    alice = await world.account(write_mail("Plan"))
    receipt = await alice.use(
        reply_to_email, reply_to_message_id=alice.ids[0], body="see scan", attachments=ATTACHED
    )
    assert await uploads(world) == ["users.messages.send"]
    thread = await GmailClient(await alice.token([GMAIL_READONLY]), alice.user_id).call(
        "users.threads.get", id=receipt["thread_id"], format="minimal"
    )
    assert [m["id"] for m in thread["messages"]] == [alice.ids[0], receipt["message_id"]]


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("lost", ["users.drafts.create", "users.drafts.send"])
async def test_a_large_message_is_sent_exactly_once_whatever_is_lost(
    world: Any, lost: str, drop: str
) -> None:
    alice = await world.account()
    await world.fault(lost, drop=drop)
    receipt = await alice.use(
        multi_user_gmail_send,
        to=alice.email,
        subject="Scan",
        body="x",
        user_id=alice.user_id,
        attachments=ATTACHED,
        idempotency_key="scan-7",
    )
    assert set(await uploads(world)) == {"users.drafts.create"}
    found = await alice.use(search_emails_by_query, query="in:sent")
    assert [email["id"] for email in found["emails"]] == [receipt["message_id"]]
    assert await attached_to(alice, receipt["message_id"]) == SCAN
