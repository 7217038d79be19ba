"""Lines of headers as long threads make them."""

from __future__ import annotations

import uuid

from arcade_gmail_multiuser.gmail.compose.mime import compose
from arcade_gmail_multiuser.gmail.compose.reply import compose_reply
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message


def outlooks_id() -> str:
    return f"<{uuid.uuid4().hex}{uuid.uuid4().hex}@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>"


def original(references: list[str]) -> ReadMessage:
    headers = {
        "From": "Ann <ann@example.org>",
        "To": "Me <me@example.com>",
        "Subject": "Plan",
        "Message-ID": outlooks_id(),
        "References": " ".join(references),
    }
    listed = [{"name": name, "value": value} for name, value in headers.items()]
    return read_message({"id": "1", "payload": {"mimeType": "text/plain", "headers": listed}})


def test_no_line_of_a_reply_in_a_long_thread_passes_998_octets() -> None:
    ids = [outlooks_id() for _ in range(40)]
    reply = compose_reply(
        original(ids), body="Fine.", mine=["me@example.com"], whom="only_the_sender"
    )
    mime = compose(reply).mime
    assert max(map(len, mime.split(b"\r\n"))) <= 998
    assert b"=?" not in mime.partition(b"\r\n\r\n")[0]
    unfolded = mime.replace(b"\r\n ", b" ").decode()
    assert all(id_ in unfolded for id_ in ids)
