"""Turn a raw message into the payload and the snippet that Gmail answers with."""

from __future__ import annotations

import base64
import html
from typing import Any

from arcade_gmail_local.sandbox.errors import NotFound
from arcade_gmail_local.sandbox.mail.charsets import decode_words
from arcade_gmail_local.sandbox.mail.markup import text_of
from arcade_gmail_local.sandbox.mail.mime import Entity, split_entity

MAX_SNIPPET = 200
_MAX_SNIPPET_SOURCE = 50_000
_MAX_PARTS = 2_000


def gmail_payload(raw: bytes, *, message_id: str = "") -> dict[str, Any]:
    """Return the part tree of a message, as `users.messages.get` has it in format full.

    Text stands inline as padded base64url, in UTF-8 whatever its charset was; everything else,
    and text with a file name, has an `attachmentId`, which is replaced in each answer. Never
    raises, however malformed the message is.
    """
    root = split_entity(raw)
    tree: dict[str, Any] = {}
    waiting: list[tuple[Entity, str, dict[str, Any]]] = [(root, "", tree)]
    built = 0
    while waiting:
        entity, part_id, part = waiting.pop()
        built += 1
        children = entity.parts() if built < _MAX_PARTS else ()
        part |= {
            "partId": part_id,
            "mimeType": entity.mime_type,
            "filename": entity.filename,
            "headers": [{"name": n, "value": decode_words(v)} for n, v in entity.headers],
            "body": _body(entity, f"{message_id}/{part_id}", is_container=bool(children)),
        }
        if children:
            part["parts"] = [{} for _ in children]
            waiting += [
                (child, f"{part_id}.{number}" if part_id else str(number), slot)
                for number, (child, slot) in enumerate(zip(children, part["parts"], strict=True))
            ]
    return tree


def _body(entity: Entity, attachment: str, *, is_container: bool) -> dict[str, Any]:
    is_multipart = entity.mime_type.startswith("multipart/")
    if is_multipart and (is_container or not entity.body.strip()):
        return {"size": 0}
    if (is_multipart or entity.is_text) and not entity.filename and not entity.is_attached:
        data = entity.text().encode("utf-8", "replace")
        if not data:
            return {"size": 0}
        return {"size": len(data), "data": base64.urlsafe_b64encode(data).decode("ascii")}
    attachment_id = "ANGjdJ" + base64.urlsafe_b64encode(attachment.encode()).decode().rstrip("=")
    return {"attachmentId": attachment_id, "size": len(entity.content())}


def attachment_bytes(raw: bytes, part_id: str) -> bytes:
    """Return the decoded content of one part.

    Raises:
        NotFound: the message has no such part.
    """
    entity = split_entity(raw)
    for step in part_id.split(".") if part_id else ():
        parts = entity.parts()
        if not step.isdecimal() or len(step) > 6 or int(step) >= len(parts):
            raise NotFound("The message has no such part.")
        entity = parts[int(step)]
    return entity.content()


def snippet_of(raw: bytes) -> str:
    """Return the first words of the text, HTML-escaped, about 200 characters at most.

    As in Gmail, the last alternative counts, which is the HTML one, and hidden text is part of it.
    """
    waiting = [split_entity(raw)]
    for _ in range(_MAX_PARTS):
        if not waiting:
            break
        entity = waiting.pop()
        parts = entity.parts()
        waiting += parts if entity.mime_type == "multipart/alternative" else reversed(parts)
        if parts or entity.is_attached or entity.filename:
            continue
        if entity.mime_type in ("text/plain", "text/html"):
            text = entity.text()[:_MAX_SNIPPET_SOURCE]
            words = (text_of(text) if entity.mime_type == "text/html" else text).split()
            if words:
                return _shortened(words)
    return ""


def _shortened(words: list[str]) -> str:
    text = " ".join(words[:MAX_SNIPPET])
    if len(text) > MAX_SNIPPET:
        text = text[:MAX_SNIPPET].rsplit(" ", 1)[0]
    return html.escape(text).replace("&#x27;", "&#39;")
