"""Files to send along: in the call, or in the user's mail, and never anywhere else."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.attachments.tools import get_attachment
from arcade_gmail_multiuser.tools.drafts.tools import write_draft_email
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import search_emails_by_query
from arcade_gmail_multiuser.tools.send import inputs
from arcade_gmail_multiuser.tools.send.tools import (
    multi_user_gmail_send,
    prepare_email,
    reply_to_email,
    send_email,
)

LETTER = {"subject": "Files", "body": "Here."}
PICTURE = random.Random(5).randbytes(50_000)


async def bytes_of(person: Any, message_id: str, name: str) -> bytes:
    content, cursor = b"", None
    while True:
        got = await person.use(
            get_attachment,
            email_id=message_id,
            attachment=name,
            mode="base64",
            max_chars=200_000,
            cursor=cursor,
        )
        content += base64.b64decode(got["content_base64"])
        cursor = got.get("cursor")
        if cursor is None:
            return content


async def test_a_file_in_the_users_mail_is_sent_on_without_passing_through_the_model(
    world: Any,
) -> None:
    alice = await world.account(write_mail(files=[("写真.png", PICTURE, "image/png")]))
    receipt = await alice.use(
        multi_user_gmail_send,
        **LETTER,
        to=alice.email,
        user_id=alice.user_id,
        attachments=[
            {"from_email_id": alice.ids[0], "attachment": "写真.png"},
            {"from_email_id": alice.ids[0], "attachment": "1", "filename": "copy.png"},
            {"filename": "a.txt", "content": "hello"},
        ],
    )
    sent = await alice.use(get_email, email_id=receipt["message_id"])
    assert [(a["filename"], a["mime_type"]) for a in sent["attachments"]] == [
        ("写真.png", "image/png"),
        ("copy.png", "image/png"),
        ("a.txt", "text/plain"),
    ]
    for name in ("写真.png", "copy.png"):
        assert await bytes_of(alice, receipt["message_id"], name) == PICTURE


async def test_a_reply_takes_the_only_attachment_of_another_message(world: Any) -> None:
    me = await world.account(
        write_mail("Plan", sender="ann@example.org"),
        write_mail(files=[("a.png", PICTURE, "image/png")]),
    )
    receipt = await me.use(
        reply_to_email,
        body="Here.",
        reply_to_message_id=me.ids[0],
        attachments=[{"from_email_id": me.ids[1]}],
    )
    assert await bytes_of(me, receipt["message_id"], "a.png") == PICTURE


@pytest.mark.parametrize("tool", [send_email, write_draft_email, prepare_email])
async def test_a_tool_that_may_not_read_mail_says_which_may(world: Any, tool: Any) -> None:
    alice = await world.account()
    await world.forget_requests()
    failed = await alice.fails(
        tool,
        **LETTER,
        recipient="bob@example.com",
        attachments=[{"from_email_id": "18c2f0a1b2c3d4e5", "attachment": "a.png"}],
    )
    assert failed.code == "invalid_input"
    assert "MultiUserGmailSend" in failed.error.message
    assert "ReplyToEmail" in failed.error.message
    assert await world.requests() == []


@pytest.mark.parametrize(
    "place",
    [
        {"filename": "a", "content": "file:///etc/passwd"},
        {"filename": "a", "content": "FILE://host/share/a.pdf"},
        {"filename": "a", "content": "/home/ann/report.pdf"},
        {"filename": "a", "content": "~/report.pdf"},
        {"filename": "a", "content": "C:\\Users\\Ann\\report.pdf"},
        {"filename": "a", "content": "./report.pdf\n"},
        {"filename": "a", "content_base64": "/home/ann/report.pdf"},
        {"filename": "a", "content_base64": "file:///tmp/a"},
        {"filename": "a", "content": "https://a.example/report.pdf"},
        {"filename": "a", "content": "s3://bucket/report.pdf"},
        {"filename": "a", "content": "sandbox:/mnt/data/a.pdf"},
        {"from_email_id": "file:///etc/passwd"},
        {"from_email_id": "18c2f0a1b2c3d4e5", "attachment": "file:///etc/passwd"},
    ],
)
async def test_a_path_or_url_that_nothing_has_replaced_is_refused_and_not_repeated(
    world: Any, place: dict[str, str]
) -> None:
    alice = await world.account()
    await world.forget_requests()
    letter = {**LETTER, "to": "bob@example.com", "user_id": alice.user_id}
    failed = await alice.fails(multi_user_gmail_send, **letter, attachments=[place])
    assert failed.code == "invalid_input"
    assert "never opened" in failed.error.message
    for secret in ("passwd", "report", "bucket"):
        assert secret not in failed.error.message
    assert await world.requests() == []


@pytest.mark.parametrize(
    "content", ["see https://a.example/x\n", "a/b.txt", "/", "1.5", "", "/usr/bin\n/etc/hosts.x\n"]
)
async def test_text_that_only_looks_a_little_like_a_place_is_a_file(
    world: Any, content: str
) -> None:
    alice = await world.account()
    receipt = await alice.use(
        multi_user_gmail_send,
        **LETTER,
        to="bob@example.com",
        user_id=alice.user_id,
        attachments=[{"filename": "a.txt", "content": content}],
        dry_run=True,
    )
    assert receipt["preview"]["attachments"][0]["size"] == len(content)


async def test_a_jpeg_in_base64_is_no_path_though_it_begins_with_a_slash(world: Any) -> None:
    alice = await world.account()
    jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF" + PICTURE
    encoded = base64.b64encode(jpeg).decode()
    assert encoded.startswith("/9j/")
    receipt = await alice.use(
        send_email,
        **LETTER,
        recipient=alice.email,
        attachments=[{"filename": "a.jpg", "content_base64": encoded}],
    )
    assert await bytes_of(alice, receipt["message_id"], "a.jpg") == jpeg


@pytest.mark.parametrize(
    "file",
    [
        {"filename": "a"},
        {"filename": " ", "content": "x"},
        {"content": "x"},
        {"filename": "a", "content": "x", "content_base64": "eA=="},
        {"filename": "a", "content": "x", "from_email_id": "18c2f0a1b2c3d4e5"},
        {"filename": "a", "content": "x", "attachment": "1"},
        {"filename": "a", "attachment": "1"},
        {"filename": "a", "content_base64": "!!!"},
        {"from_email_id": "not an id"},
    ],
)
async def test_half_a_file_is_refused_before_any_request(world: Any, file: dict[str, str]) -> None:
    alice = await world.account()
    await world.forget_requests()
    letter = {**LETTER, "to": "bob@example.com", "user_id": alice.user_id}
    failed = await alice.fails(multi_user_gmail_send, **letter, attachments=[file])
    assert failed.code == "invalid_input"
    assert await world.requests() == []


async def test_files_that_are_too_large_together_are_refused_before_they_are_fetched(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MAX_CONTENT_BYTES", 90_000)
    alice = await world.account(write_mail(files=[("a.png", PICTURE, "image/png")]))
    file = {"from_email_id": alice.ids[0]}
    letter = {**LETTER, "to": "bob@example.com", "user_id": alice.user_id}
    failed = await alice.fails(multi_user_gmail_send, **letter, attachments=[file, file])
    assert failed.code == "message_too_large"
    assert "users.messages.attachments.get" not in await world.methods()


async def test_a_missing_file_sends_nothing(world: Any) -> None:
    alice = await world.account(write_mail())
    letter = {**LETTER, "to": "bob@example.com", "user_id": alice.user_id}
    for source in (alice.ids[0], "18c2f0a1b2c3d4e5"):
        file = {"from_email_id": source, "attachment": "a.png"}
        failed = await alice.fails(multi_user_gmail_send, **letter, attachments=[file])
        assert failed.code == "not_found"
    found = await alice.use(search_emails_by_query, query="in:anywhere subject:Files")
    assert found["count"] == 0
    assert "users.drafts.create" not in await world.methods()


async def test_somebody_elses_file_cannot_be_attached(world: Any) -> None:
    alice = await world.account(write_mail(files=[("a.png", PICTURE, "image/png")]))
    bob = await world.account()
    failed = await bob.fails(
        multi_user_gmail_send,
        **LETTER,
        to="x@example.com",
        user_id=bob.user_id,
        attachments=[{"from_email_id": alice.ids[0]}],
    )
    assert failed.code == "not_found"


NOTHING = dict.fromkeys(
    ("filename", "content", "content_base64", "from_email_id", "attachment", "mime_type")
)


@pytest.mark.parametrize("blank", [None, ""])
async def test_a_model_in_strict_mode_sends_every_key_and_means_one(
    world: Any, blank: str | None
) -> None:
    alice = await world.account(write_mail(files=[("a.png", PICTURE, "image/png")]))
    blanks = dict.fromkeys(NOTHING, blank)
    files = [
        {**blanks, "from_email_id": alice.ids[0], "attachment": "a.png"},
        {**blanks, "filename": "b.txt", "content": "hello"},
        {**blanks, "filename": "c.txt", "content_base64": "aGVsbG8="},
        {**blanks, "filename": "empty.txt", "content": ""},
    ]
    receipt = await alice.use(
        multi_user_gmail_send,
        **LETTER,
        to="bob@example.com",
        user_id=alice.user_id,
        attachments=files,
        dry_run=True,
    )
    assert [f["size"] for f in receipt["preview"]["attachments"]] == [len(PICTURE), 5, 5, 0]
