"""Find the attachment of a message that is meant, and fetch its bytes.

Gmail makes up new attachment ids each time it hands a message out, so a part is kept by its place
in the message (its part id) and its attachment id is looked up for every fetch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    InvalidInput,
    NotFound,
    RequestRefused,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient, off_loop
from arcade_gmail_multiuser.gmail.characters import decode_base64, strip_hidden_characters
from arcade_gmail_multiuser.gmail.messages.parts import Part, read_tree

__all__ = ["MAX_ATTACHMENT_BYTES", "FoundAttachment", "fetch_content", "find_attachment"]

MAX_ATTACHMENT_BYTES = 45 * 1024 * 1024
"""More than this does not fit, as base64, into the largest answer that the transport reads."""


MAX_NAMED = 20
"""Part ids that an error names, so that the caller can choose among them."""

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,60})", re.IGNORECASE)
_REFUSALS = (InvalidInput, NotFound, RequestRefused)
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{20,2000}={0,2}")


@dataclass(frozen=True, slots=True, repr=False)
class FoundAttachment:
    """Name one part of one message. `size` is decoded bytes, as Gmail states it.

    `data` holds the content as base64 where it came along with the message, as text parts do, and
    `text` the same decoded.
    """

    message_id: str
    part_id: str
    filename: str
    mime_type: str
    size: int
    attachment_id: str | None = None
    data: str | None = None
    text: str | None = None
    charset: str = ""


async def find_attachment(
    gmail: GmailClient, message_id: str, wanted: str | None = None
) -> FoundAttachment:
    """Find an attachment by part id, attachment id or file name; None means the only one.

    Raises:
        NotFound: no such message, or no such attachment; the error names the part ids there are.
        InvalidInput: several attachments fit; the error names their part ids.
    """
    message = await gmail.call("users.messages.get", id=message_id, format="full")
    root, _ = read_tree(message.get("payload"))
    parts = [part for part in root.walk() if part.attachment_id or part.data]
    attached = [part for part in parts if part.attachment_id or part.filename]
    wanted = (wanted or "").strip()
    fitting = _fitting(wanted, parts, attached) if wanted else attached
    if wanted and not fitting:
        part = await _by_older_id(gmail, message_id, wanted, attached)
        fitting = [part] if part else []
    return _found(message_id, _the_one(fitting, attached))


def _fitting(wanted: str, parts: list[Part], attached: list[Part]) -> list[Part]:
    """Return the parts that are meant in the most exact of the ways in which any is."""
    by_part_id = [part for part in parts if part.part_id == wanted]
    ways = (by_part_id, *(list(filter(fits, attached)) for fits in _ways(wanted)))
    return next((fitting for fitting in ways if fitting), [])


async def fetch_content(gmail: GmailClient, found: FoundAttachment) -> bytes:
    """Return the attachment's bytes; an attachment id that has expired is looked up once more.

    Raises:
        AnswerTooLarge: over `MAX_ATTACHMENT_BYTES`; nothing is fetched.
        Unavailable: what came is no base64.
    """
    if found.size > MAX_ATTACHMENT_BYTES:
        raise AnswerTooLarge(
            f"This attachment has {found.size:,} bytes, more than can be fetched here. The user "
            "can open it in Gmail."
        )
    if found.data is not None:
        return await _decoded(found.data)
    try:
        return await _get(gmail, found.message_id, found.attachment_id)
    except _REFUSALS:
        again = await find_attachment(gmail, found.message_id, found.part_id or found.filename)
        return await _get(gmail, found.message_id, again.attachment_id)


async def _get(gmail: GmailClient, message_id: str, attachment_id: str | None) -> bytes:
    answer: dict[str, Any] = await gmail.call(
        "users.messages.attachments.get", messageId=message_id, id=attachment_id
    )
    return await _decoded(str(answer.get("data") or ""))


async def _decoded(data: str) -> bytes:
    content, good = await off_loop(len(data), lambda: decode_base64(data))
    if not good:
        raise Unavailable("Gmail handed this attachment out damaged. Try again later.")
    return content


def _ways(wanted: str) -> tuple[Callable[[Part], bool], ...]:
    """List how else an attachment can be meant, the exact ways first."""
    plain = _comparable(wanted)
    return (
        lambda part: part.attachment_id == wanted,
        lambda part: part.filename == wanted,
        lambda part: bool(plain) and _comparable(part.filename) == plain,
    )


def _comparable(filename: str) -> str:
    """Compare names as they are shown: without invisible characters, case or compositions."""
    shown = strip_hidden_characters(filename)[0]
    return " ".join(unicodedata.normalize("NFKC", shown).casefold().split())


def _the_one(fitting: Sequence[Part], attached: Sequence[Part]) -> Part:
    if len(fitting) == 1:
        return fitting[0]
    ids = [part.part_id for part in (fitting or attached) if part.part_id]
    named = ", ".join(ids[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")
    if fitting:
        raise InvalidInput(
            f"{len(fitting)} attachments fit. Name one by its part_id: {named or 'it has none'}."
        )
    if not attached:
        raise NotFound("This message has no attachment.")
    raise NotFound(
        "This message has no such attachment. Name one by its part_id"
        + (f": {named}." if named else ", or leave the name out: there is only one.")
    )


async def _by_older_id(
    gmail: GmailClient, message_id: str, wanted: str, attached: Sequence[Part]
) -> Part | None:
    """Try an attachment id of an earlier answer; which part it was is seen by its size alone."""
    if not _OPAQUE.fullmatch(wanted) or not attached:
        return None
    try:
        content = await _get(gmail, message_id, wanted)
    except _REFUSALS:
        return None
    fitting = [part for part in attached if part.size == len(content)]
    return fitting[0] if len(fitting) == 1 else None


def _found(message_id: str, part: Part) -> FoundAttachment:
    data = part.data if isinstance(part.data, str) else None
    charset = _CHARSET.search(part.headers.get("content-type", ""))
    return FoundAttachment(
        message_id=message_id,
        part_id=part.part_id,
        filename=strip_hidden_characters(part.filename)[0],
        mime_type=part.mime_type or "application/octet-stream",
        size=part.size,
        attachment_id=part.attachment_id,
        data=data,
        text=part.text()[0] if data is not None and part.mime_type.startswith("text/") else None,
        charset=charset.group(1) if charset else "",
    )
