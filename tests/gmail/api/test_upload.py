from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from arcade_gmail_multiuser.errors import (
    ConnectionFailed,
    InvalidInput,
    MessageTooLarge,
    MissingScope,
    OutcomeUnknown,
)
from arcade_gmail_multiuser.gmail.api import requests
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.api.requests import build_with_mail, described_methods

# What an e-mail generator or a text layer on the way would change.
HOSTILE = (
    b"Subject: x\r\n\r\nbare\nlf, bare\rcr\r\n--\r\n--mail_\r\nFrom here\x00\xff\xfe\r\n.\r\n  "
)
LARGE = HOSTILE + os.urandom(requests.MAX_MAIL_IN_JSON) + HOSTILE
TAKE_MAIL = [name for name, about in described_methods().items() if about.get("mediaUpload")]


def parted(body: bytes, content_type: str) -> tuple[Any, bytes]:
    """Take the two parts of an upload out of its body, byte by byte: the JSON and the mail."""
    boundary = re.fullmatch(r"multipart/related; boundary=\"?([\w-]+)\"?", content_type)
    assert boundary
    before, first, second, end = body.split(b"--" + boundary[1].encode())
    assert (before, end) == (b"", b"--\r\n")
    metadata, mail = (part.partition(b"\r\n\r\n")[2] for part in (first, second))
    return json.loads(metadata), mail.removesuffix(b"\r\n")


def test_a_large_mail_goes_byte_by_byte_as_it_is() -> None:
    request = build_with_mail("users.messages.send", LARGE, thread_id="18a", userId="me")
    assert request.body is not None
    metadata, mail = parted(request.body, request.headers["content-type"])
    assert mail == LARGE
    assert metadata == {"threadId": "18a"}
    assert b"Content-Transfer-Encoding: binary\r\n\r\n" in request.body[:1_000]
    assert len(request.body) < len(LARGE) + 1_000


def test_a_small_mail_goes_inside_the_json() -> None:
    request = build_with_mail("users.messages.send", HOSTILE, thread_id="18a", userId="me")
    assert request.path.startswith("/gmail/v1/users/me/messages/send?")
    said = json.loads(request.body or b"")
    assert said["threadId"] == "18a"
    assert re.fullmatch(r"[A-Za-z0-9_-]+=*", said["raw"])
    assert base64.urlsafe_b64decode(said["raw"]) == HOSTILE


@pytest.mark.parametrize("mail", [HOSTILE, LARGE], ids=["small", "large"])
def test_a_draft_has_its_message_inside(mail: bytes) -> None:
    request = build_with_mail("users.drafts.create", mail, thread_id="18a", userId="me")
    metadata = (
        parted(request.body or b"", request.headers["content-type"])[0]
        if mail is LARGE
        else json.loads(request.body or b"")
    )
    inside = None if mail is LARGE else base64.urlsafe_b64encode(HOSTILE).decode()
    assert metadata["message"].pop("raw", None) == inside
    assert metadata == {"message": {"threadId": "18a"}}


@pytest.mark.parametrize("method", TAKE_MAIL)
def test_a_large_mail_goes_where_google_says_that_it_is_taken(method: str) -> None:
    about = described_methods()[method]
    ids = {"id": "r-7"} if "id" in about["parameters"] else {}
    request = build_with_mail(method, LARGE, userId="me", **ids)
    path, query = urlsplit(request.path)[2:4]
    assert path == about["mediaUpload"]["protocols"]["simple"]["path"].format(userId="me", **ids)
    assert "uploadType=multipart" in query.split("&")
    assert request.http_method == about["httpMethod"]
    assert request.method == method


@pytest.mark.parametrize("method", ["users.messages.get", "users.labels.create", "no.such", ""])
def test_what_takes_no_mail_is_refused(method: str) -> None:
    with pytest.raises(InvalidInput):
        build_with_mail(method, HOSTILE, userId="me")


def test_two_large_mails_never_share_a_boundary() -> None:
    several = [build_with_mail("users.messages.send", LARGE, userId="me") for _ in range(3)]
    assert len({request.headers["content-type"] for request in several}) == 3


# --- behind the mailbox: the same rules as for every other call ----------------------------------


async def test_a_large_mail_is_sent_in_the_persons_own_name(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(reply.of(200, {"id": "1"}))
    assert await mailbox.upload("users.messages.send", LARGE) == {"id": "1"}
    (request,) = transport.requests
    assert request.headers["authorization"] == "Bearer token-of-alice"
    assert urlsplit(request.url).hostname == "gmail.googleapis.com"
    assert urlsplit(request.url).path == "/upload/gmail/v1/users/me/messages/send"


@pytest.mark.parametrize("mail", [HOSTILE, LARGE], ids=["small", "large"])
async def test_a_large_mail_whose_answer_is_lost_is_not_sent_again(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace, mail: bytes
) -> None:
    for lost in (ConnectionFailed("x", sent=True), reply.refusal(503, "Backend Error")):
        transport.requests.clear()
        transport.will(lost)
        with pytest.raises(OutcomeUnknown):
            await mailbox.upload("users.messages.send", mail)
        assert len(transport.requests) == 1


async def test_a_large_mail_that_google_did_not_take_is_sent_again(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    limit = reply.refusal(429, "Too many concurrent requests for user", "rateLimitExceeded")
    transport.will(limit, ConnectionFailed("x", sent=False), reply.of(200, {"id": "1"}))
    assert await mailbox.upload("users.messages.send", LARGE) == {"id": "1"}
    assert len({request.body for request in transport.requests}) == 1
    assert len(transport.requests) == 3


async def test_a_draft_is_replaced_again_after_a_lost_answer(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(ConnectionFailed("x", sent=True), reply.of(200, {"id": "r-7"}))
    assert await mailbox.upload("users.drafts.update", LARGE, id="r-7") == {"id": "r-7"}
    assert [request.method for request in transport.requests] == ["PUT", "PUT"]


async def test_refusals_of_an_upload_are_typed_like_all_others(
    mailbox: GmailClient, transport: Any, reply: SimpleNamespace
) -> None:
    transport.will(
        reply.of(413, b"<html>too large</html>"),
        reply.refusal(403, "Request had insufficient…", "insufficientPermissions"),
    )
    with pytest.raises(MessageTooLarge):
        await mailbox.upload("users.messages.send", LARGE)
    with pytest.raises(MissingScope) as missing:
        await mailbox.upload("users.messages.send", LARGE)
    assert "https://www.googleapis.com/auth/gmail.send" in missing.value.accepted


async def test_nobody_else_can_be_named_as_the_sender(
    mailbox_for: Callable[..., GmailClient], transport: Any
) -> None:
    with pytest.raises(InvalidInput):
        await mailbox_for().upload("users.messages.send", HOSTILE, userId="bob@example.com")
    assert transport.requests == []
