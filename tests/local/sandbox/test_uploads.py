"""Media uploads: the message as it is, without base64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE, BOB = "alice@example.com", "bob@example.com"
SEND = "/upload/gmail/v1/users/me/messages/send"
MESSAGE = {"Content-Type": "message/rfc822"}
RELATED = {"Content-Type": 'multipart/related; boundary="b_1"'}


def related(json: str, raw: bytes, *, newline: bytes = b"\r\n", kind: str = "rfc822") -> bytes:
    lines = [
        b"--b_1",
        b"Content-Type: application/json",
        b"",
        json.encode(),
        b"--b_1",
        f"Content-Type: message/{kind}".encode(),
        b"",
        raw,
        b"--b_1--",
    ]
    return newline.join(lines)


@pytest.mark.parametrize("query", ["?uploadType=media", ""])
async def test_the_message_alone_is_sent(google: Any, write_mail: Mail, query: str) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    raw = write_mail(to=BOB)
    answer = await google.ask(alice, "POST", SEND + query, content=raw, headers=MESSAGE)
    assert answer.json()["labelIds"] == ["SENT"]
    assert len(await google.ids(bob)) == 1


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize("query", ["?uploadType=multipart", ""])
async def test_json_and_message_are_sent_into_a_thread(
    google: Any, write_mail: Mail, newline: bytes, query: str
) -> None:
    alice = google.person(ALICE, write_mail("Lunch", message_id="<1@x>"))
    (root,) = await google.ids(alice)
    raw = write_mail("Re: Lunch", to=BOB, in_reply_to="<1@x>")
    body = related(f'{{"threadId": "{root}"}}', raw, newline=newline)
    answer = await google.ask(alice, "POST", SEND + query, content=body, headers=RELATED)
    assert answer.json()["threadId"] == root
    sent = await google.raw(alice, answer.json()["id"])
    assert sent.endswith(b"Some text.\r\n")


async def test_a_draft_can_be_made_and_replaced_by_upload(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    path = "/upload/gmail/v1/users/me/drafts"
    made = await google.ask(alice, "POST", path, content=write_mail("One"), headers=MESSAGE)
    path = f"{path}/{made.json()['id']}"
    body = related('{"message": {}}', write_mail("Two"))
    replaced = await google.ask(alice, "PUT", path, content=body, headers=RELATED)
    assert replaced.json()["id"] == made.json()["id"]
    assert len(await google.ids(alice, "subject:two")) == 1


@pytest.mark.parametrize(
    ("query", "headers", "body"),
    [
        ("media", {"Content-Type": "text/plain"}, b"To: a@b.c\r\n\r\nx"),
        ("media", {}, b"To: a@b.c\r\n\r\nx"),
        ("multipart", RELATED, b"no boundary in here"),
        ("multipart", RELATED, b"--b_1\r\n\r\n{}\r\n--b_1--"),
        ("multipart", {"Content-Type": "multipart/related"}, b""),
        ("multipart", RELATED, related("{nope", b"To: a@b.c\r\n\r\nx")),
        ("resumable", MESSAGE, b"x"),
        ("media", MESSAGE, b""),
    ],
)
async def test_an_upload_nobody_can_read_is_a_400(
    google: Any, refusal: Refusal, query: str, headers: dict[str, str], body: bytes
) -> None:
    path = f"{SEND}?uploadType={query}"
    answer = await google.ask(google.person(ALICE), "POST", path, content=body, headers=headers)
    assert refusal(answer)[0] == 400


async def test_more_than_the_documents_maximum_is_a_413(google: Any, refusal: Refusal) -> None:
    alice = google.person(ALICE)
    raw = b"To: bob@example.com\r\n\r\n" + b"x" * 36_700_160
    answer = await google.ask(alice, "POST", SEND, content=raw, headers=MESSAGE)
    assert refusal(answer)[:2] == (413, "uploadTooLarge")
    raw += b"x" * 2_000_000
    answer = await google.ask(alice, "POST", SEND, content=raw, headers=MESSAGE)
    assert refusal(answer)[:2] == (413, "uploadTooLarge")
    assert await google.ids(alice) == []
