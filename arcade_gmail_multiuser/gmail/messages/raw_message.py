"""Read a raw message (RFC 822) as Gmail would describe it: its parts, and what they say."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message
from typing import Any

from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message

__all__ = ["read_raw_message"]

_MAX_DEPTH = 30
_MAX_PARTS = 500
_WITH_TEXT = ("text", "multipart", "message")


def read_raw_message(raw: bytes, *, into_attached_mail: bool = False) -> ReadMessage:
    """Read a raw message, as `read_message` reads one that Gmail stores.

    Large mail takes time: call it off the event loop then.

    Args:
        into_attached_mail: read the mail in it as part of its text; otherwise that is a file.
    """
    reader = _Reader(into_attached_mail)
    payload = reader.part(message_from_bytes(raw), "")
    return read_message({"payload": payload, "sizeEstimate": len(raw)})


class _Reader:
    """Describes parts in the form of Gmail's Message resource, up to a bound."""

    def __init__(self, into_attached_mail: bool) -> None:
        self._into_attached_mail = into_attached_mail
        self._count = 0

    def part(self, part: Message, part_id: str) -> dict[str, Any]:
        self._count += 1
        return {
            "partId": part_id,
            "mimeType": part.get_content_type(),
            "filename": part.get_filename() or "",
            "headers": [{"name": name, "value": str(value)} for name, value in part.items()],
            **self._content(part, part_id),
        }

    def _content(self, part: Message, part_id: str) -> dict[str, Any]:
        inside = part.get_payload()
        if not isinstance(inside, list):
            return {"body": _body(part)}
        if part.get_content_type() == "message/rfc822" and not self._into_attached_mail:
            size = sum(len(mail.as_bytes()) for mail in inside if isinstance(mail, Message))
            return {"body": {"size": size, "attachmentId": "-"}}
        children = inside if part_id.count(".") < _MAX_DEPTH else []
        return {
            "body": {"size": 0},
            "parts": [
                self.part(child, f"{part_id}.{n}".lstrip("."))
                for n, child in enumerate(children)
                if isinstance(child, Message) and self._count < _MAX_PARTS
            ],
        }


def _body(part: Message) -> dict[str, Any]:
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    if part.get_content_maintype() in _WITH_TEXT and not part.get_filename():
        return {"size": len(data), "data": base64.urlsafe_b64encode(data).decode("ascii")}
    return {"size": len(data), "attachmentId": "-"}
