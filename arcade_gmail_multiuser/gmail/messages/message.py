"""What a Gmail Message resource says, as one readable value."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from arcade_gmail_multiuser.gmail.addresses import Address, read_addresses
from arcade_gmail_multiuser.gmail.charsets import decode_words
from arcade_gmail_multiuser.gmail.hidden_text import describe_hidden, strip_hidden_characters
from arcade_gmail_multiuser.gmail.messages.bodies import Body, read_body
from arcade_gmail_multiuser.gmail.messages.parts import Part, as_text, read_tree
from arcade_gmail_multiuser.gmail.messages.provenance import provenance_warnings

__all__ = ["ReadAttachment", "ReadMessage", "read_message"]

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_MAX_REFERENCES = 1_000
_MAX_ADDRESSES = 100_000  # characters of one header


@dataclass(frozen=True, slots=True, repr=False)
class ReadAttachment:
    """Describe one attachment; `size` is decoded bytes, `part_id` the stable name to fetch it by.

    `attachment_id` changes between reads of one message, so keep `part_id` instead.
    """

    part_id: str
    filename: str
    mime_type: str
    size: int = 0
    inline: bool = False
    content_id: str | None = None
    attachment_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ReadMessage:
    """Hold one message as people read it.

    `body` is readable text with newlines and links kept, whatever the mail was written in;
    `headers` has lower-case names and the first value of each; `date` always has an offset.
    """

    id: str = ""
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()
    snippet: str = ""
    history_id: str = ""
    size_estimate: int = 0
    date: datetime | None = None
    from_: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    header_message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    body: str = ""
    html_body: str = ""
    attachments: tuple[ReadAttachment, ...] = ()
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        """Whether it lies among what the user sent or drafted, whatever address it is from."""
        return not {"SENT", "DRAFT"}.isdisjoint(self.label_ids)


def read_message(resource: Mapping[str, Any]) -> ReadMessage:
    """Read a Message resource in format full, metadata or minimal.

    Never raises, whatever the resource holds: what cannot be read is said in `warnings`, which
    also tell of hidden text that was left out and of what speaks against the stated sender.
    """
    source: Mapping[Any, Any] = resource if isinstance(resource, Mapping) else {}
    root, left_out = read_tree(source.get("payload"))
    reader = _HeaderReader(root.headers)
    senders = reader.addresses("from")
    body = read_body(root)
    to, cc, reply_to = (reader.addresses(name) for name in ("to", "cc", "reply-to"))
    subject = reader.text("subject")
    attachments = tuple(_attachment(part, reader) for part in root.walk() if _is_file(part, body))
    warnings = [
        *left_out,
        *body.warnings,
        *describe_hidden(reader.found),
        *provenance_warnings(
            senders[0] if senders else None,
            reply_to=reply_to,
            known=(*to, *cc),
            headers=root.headers,
        ),
    ]
    if len(senders) > 1:
        warnings.append("The mail names several senders; the first is shown.")
    return ReadMessage(
        id=as_text(source.get("id")),
        thread_id=as_text(source.get("threadId")),
        label_ids=_texts(source.get("labelIds")),
        snippet=strip_hidden_characters(html.unescape(as_text(source.get("snippet"))))[0],
        history_id=as_text(source.get("historyId")),
        size_estimate=_whole_number(source.get("sizeEstimate")),
        date=_internal_date(source.get("internalDate")) or _date(root.headers.get("date", "")),
        from_=senders[0] if senders else None,
        to=to,
        cc=cc,
        bcc=reader.addresses("bcc"),
        reply_to=reply_to,
        subject=subject,
        header_message_id=reader.text("message-id"),
        in_reply_to=_first_id(reader.text("in-reply-to")),
        references=_message_ids(reader.text("references")),
        body=body.text,
        html_body=body.html,
        attachments=attachments,
        warnings=tuple(dict.fromkeys(warnings)),
        headers={name: decode_words(value) for name, value in root.headers.items()},
    )


class _HeaderReader:
    """Reads headers, and counts the invisible characters it takes out of them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.found: Counter[str] = Counter()

    def text(self, name: str) -> str:
        return self.seen(decode_words(self._headers.get(name, "")))

    def addresses(self, name: str) -> tuple[Address, ...]:
        # Not decoded first: the comma in an encoded "Doe, Jane" would part her from her address.
        given = read_addresses(self._headers.get(name, "")[:_MAX_ADDRESSES])
        return tuple(Address(self.seen(address.name), address.email) for address in given)

    def seen(self, text: str) -> str:
        text, found = strip_hidden_characters(text)
        self.found.update(found)
        return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item for item in value if isinstance(item, str))


def _whole_number(value: object) -> int:
    text = as_text(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _internal_date(value: object) -> datetime | None:
    """Milliseconds since 1970, as a text; Gmail's own, so better than what the mail says."""
    text = as_text(value)
    if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header[:200])
        # A date without an offset is one in an unknown zone: RFC 5322 takes it for UTC.
        return date if date.utcoffset() is not None else date.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError, AttributeError):
        return None


def _first_id(header: str) -> str:
    match = _MESSAGE_ID.search(header)
    return match.group() if match else header.strip()


def _message_ids(header: str) -> tuple[str, ...]:
    """Pick the ids out of a References header in order: folded, comma-joined, rubbish between."""
    ids = _MESSAGE_ID.findall(header)
    if not ids:
        ids = [f"<{word.strip('<>')}>" for word in re.split(r"[\s,]+", header) if "@" in word]
    return tuple(dict.fromkeys(ids))[:_MAX_REFERENCES]


def _is_file(part: Part, body: Body) -> bool:
    if id(part) in body.used or part.mime_type.startswith("multipart/"):
        return False
    if part.filename or part.attachment_id or part.size:
        return True
    return part.mime_type.startswith("message/") and bool(part.children)


def _attachment(part: Part, reader: _HeaderReader) -> ReadAttachment:
    disposition = part.disposition
    return ReadAttachment(
        part_id=part.part_id,
        filename=reader.seen(part.filename),
        mime_type=part.mime_type,
        size=part.size,
        inline=disposition == "inline" or (disposition != "attachment" and bool(part.content_id)),
        content_id=part.content_id,
        attachment_id=part.attachment_id,
    )
