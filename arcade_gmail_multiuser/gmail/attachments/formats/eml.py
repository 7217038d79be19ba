"""Read a mail that is attached to a mail like any other."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.attachments.formats.extract import MAX_CHARS, Extract
from arcade_gmail_multiuser.gmail.messages.message import read_message

__all__ = ["payload_of", "read_mail"]

_MAX_DEPTH = 30
_MAX_PARTS = 500


def read_mail(content: bytes) -> Extract:
    """Read an RFC 822 message: who wrote to whom, when, and the text people see."""
    message = read_message({"payload": payload_of(content)})
    head = {
        "From": display(message.from_) if message.from_ else "",
        "To": ", ".join(map(display, message.to)),
        "Cc": ", ".join(map(display, message.cc)),
        "Date": message.date.isoformat() if message.date else "",
        "Subject": message.subject,
        "Attachments": ", ".join(file.filename or file.mime_type for file in message.attachments),
    }
    lines = [f"{name}: {' '.join(value.split())}" for name, value in head.items() if value]
    text = "\n".join(lines) + f"\n\n{message.body}"
    return Extract(text[:MAX_CHARS], list(message.warnings), len(text) <= MAX_CHARS)


def payload_of(content: bytes) -> dict[str, Any]:
    """Convert a raw message to the form of Gmail's Message resource."""
    message = message_from_bytes(content, policy=policy.compat32)
    return _part(message, "", [0])


def _part(message: Message | EmailMessage, part_id: str, count: list[int]) -> dict[str, Any]:
    count[0] += 1
    headers = [{"name": name, "value": str(value)} for name, value in message.items()]
    part: dict[str, Any] = {
        "partId": part_id,
        "mimeType": message.get_content_type(),
        "filename": message.get_filename() or "",
        "headers": headers,
        "body": {"size": 0},
    }
    children = message.get_payload()
    if isinstance(children, list):
        inner = children if part_id.count(".") < _MAX_DEPTH else []
        part["parts"] = [
            _part(child, f"{part_id}.{n}" if part_id else str(n), count)
            for n, child in enumerate(inner)
            if isinstance(child, Message) and count[0] < _MAX_PARTS
        ]
        return part
    data = message.get_payload(decode=True)
    if isinstance(data, bytes):
        part["body"] = {"size": len(data), "data": base64.urlsafe_b64encode(data).decode("ascii")}
    return part
