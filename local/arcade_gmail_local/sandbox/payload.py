"""A raw message as the payload Gmail answers with."""

from __future__ import annotations

import base64
import html
from typing import Any

from arcade_gmail_local.sandbox.mail.mime import Entity, split_entity
from arcade_gmail_multiuser.errors import NotFound
from arcade_gmail_multiuser.gmail.charsets import decode_base64, decode_text, decode_words
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text

__all__ = ["attachment_bytes", "attachment_part", "gmail_payload", "snippet_of"]

_SNIPPET = 200
_PREFIX = "ANGjdJ"
_MAX_PARTS = 2_000


def gmail_payload(raw: bytes, *, message_id: str = "") -> dict[str, Any]:
    """Give the part tree of a message, as `users.messages.get` has it in format full.

    Text stands inline as padded base64url, in UTF-8 whatever its charset was; everything else,
    and text with a file name, has an `attachmentId` made for `message_id` (see
    `attachment_part`). Never raises, however malformed the message is.
    """
    root = split_entity(raw)
    tree: dict[str, Any] = {}
    waiting: list[tuple[Entity, str, dict[str, Any]]] = [(root, "", tree)]
    built = 0
    while waiting:
        entity, part_id, part = waiting.pop()
        built += 1
        children = entity.parts() if built < _MAX_PARTS else ()
        part.update(_part(entity, part_id, message_id, is_container=bool(children)))
        if children:
            part["parts"] = [{} for _ in children]
            waiting += [
                (child, f"{part_id}.{number}" if part_id else str(number), slot)
                for number, (child, slot) in enumerate(zip(children, part["parts"], strict=True))
            ]
    return tree


def _part(entity: Entity, part_id: str, message_id: str, *, is_container: bool) -> dict[str, Any]:
    mime_type = entity.mime_type
    return {
        "partId": part_id,
        "mimeType": mime_type,
        "filename": entity.filename,
        "headers": [{"name": name, "value": decode_words(value)} for name, value in entity.headers],
        "body": _body(entity, part_id, message_id, is_container=is_container),
    }


def _body(entity: Entity, part_id: str, message_id: str, *, is_container: bool) -> dict[str, Any]:
    mime_type = entity.mime_type
    if mime_type.startswith("multipart/") and (is_container or not entity.body.strip()):
        return {"size": 0}
    content = entity.content()
    is_text = mime_type.startswith(("text/", "multipart/"))
    if is_text and not entity.filename and not entity.is_attached:
        charset = entity.parameter("content-type", "charset")
        data = decode_text(content, charset)[0].encode("utf-8", "replace")
        if not data:
            return {"size": 0}
        return {"size": len(data), "data": base64.urlsafe_b64encode(data).decode("ascii")}
    return {"attachmentId": _attachment_id(message_id, part_id), "size": len(content)}


def _attachment_id(message_id: str, part_id: str) -> str:
    inside = f"{message_id}/{part_id}".encode()
    return _PREFIX + base64.urlsafe_b64encode(inside).decode("ascii").rstrip("=")


def attachment_part(attachment_id: str) -> tuple[str, str]:
    """Read the message id and the part id back out of an `attachmentId`.

    Raises NotFound for one that was not given out here.
    """
    coded = attachment_id.removeprefix(_PREFIX)
    inside = ""
    if coded != attachment_id and coded.isascii():
        inside = decode_base64(coded)[0].decode("utf-8", "replace")
    message_id, slash, part_id = inside.rpartition("/")
    if not slash or _attachment_id(message_id, part_id) != attachment_id:
        raise NotFound("No such attachment.")
    return message_id, part_id


def attachment_bytes(raw: bytes, part_id: str) -> bytes:
    """Give the decoded content of one part. Raises NotFound if the message has no such part."""
    entity = split_entity(raw)
    for step in part_id.split(".") if part_id else ():
        parts = entity.parts()
        if not step.isdecimal() or len(step) > 6 or int(step) >= len(parts):
            raise NotFound("The message has no such part.")
        entity = parts[int(step)]
    return entity.content()


def snippet_of(raw: bytes) -> str:
    """Give the first words of the text, HTML-escaped, about 200 characters at most."""
    waiting = [split_entity(raw)]
    markup = ""
    for _ in range(_MAX_PARTS):
        if not waiting:
            break
        entity = waiting.pop()
        waiting += reversed(entity.parts())
        if entity.is_attached or entity.filename:
            continue
        if entity.mime_type == "text/plain":
            if words := _text(entity).split():
                return _shortened(words)
        elif entity.mime_type == "text/html" and not markup:
            markup = _text(entity)
    return _shortened(html_to_text(markup[:50_000]).text.split()) if markup else ""


def _text(entity: Entity) -> str:
    return decode_text(entity.content(), entity.parameter("content-type", "charset"))[0]


def _shortened(words: list[str]) -> str:
    text = " ".join(words[:_SNIPPET])
    if len(text) > _SNIPPET:
        text = text[:_SNIPPET].rsplit(" ", 1)[0]
    return html.escape(text).replace("&#x27;", "&#39;")
