"""What a mail that was composed here says, read as its recipient will read it."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message
from typing import Any

from arcade_gmail_multiuser.gmail.characters import decode_words
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message

__all__ = ["read_composed"]


def read_composed(mime: bytes) -> ReadMessage:
    """Read a composed mail, as `read_message` reads one that Gmail stores.

    Large mail takes time: call it off the event loop then.
    """
    return read_message({"payload": _part(message_from_bytes(mime), ""), "sizeEstimate": len(mime)})


def _part(part: Message[str, str], part_id: str) -> dict[str, Any]:
    filename = part.get_filename() or ""
    described: dict[str, Any] = {
        "partId": part_id,
        "mimeType": part.get_content_type(),
        "filename": decode_words(filename),
        "headers": [{"name": name, "value": str(value)} for name, value in part.items()],
    }
    inside = part.get_payload()
    if isinstance(inside, list):
        # A mail attached as it is counts as a file; what is in it is not taken apart.
        if part.get_content_type() == "message/rfc822":
            size = sum(len(m.as_bytes()) for m in inside if isinstance(m, Message))
            described["body"] = {"attachmentId": "-", "size": size}
            return described
        described["parts"] = [
            _part(child, f"{part_id}.{number}".lstrip("."))
            for number, child in enumerate(inside)
            if isinstance(child, Message)
        ]
        described["body"] = {"size": 0}
        return described
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    is_text = part.get_content_maintype() == "text" and not filename
    described["body"] = (
        {"size": len(data), "data": base64.urlsafe_b64encode(data).decode("ascii")}
        if is_text
        else {"attachmentId": "-", "size": len(data)}
    )
    return described
