"""Compose a mail as MIME.

The structure is written by hand because it is small and because every line of it matters:

    multipart/mixed                 only with attachments
    ├── multipart/alternative       only with HTML
    │   ├── text/plain              derived from the HTML
    │   └── text/html
    └── the attachments             base64; message/rfc822 as it is

Nothing depends on the time or on chance: the same message is always composed to the same bytes.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from arcade_gmail_multiuser.errors import (
    InvalidAddress,
    InvalidHeader,
    InvalidInput,
    MessageTooLarge,
)
from arcade_gmail_multiuser.gmail.addresses import Address, mailbox_key
from arcade_gmail_multiuser.gmail.compose.headers import (
    MAX_LINE,
    address_header,
    message_id_header,
    parameter_header,
    text_header,
)
from arcade_gmail_multiuser.gmail.html.to_text import ReadableText, html_to_text

ContentType = Literal["plain", "html", "auto"]

MAX_CONTENT_BYTES = 25 * 1024 * 1024
"""What Gmail lets a person send: body and attachments together, before encoding."""

MAX_MESSAGE_BYTES = 35_882_577
"""The whole message after encoding: the SIZE that smtp.gmail.com announces.

It is what 25 MiB come to in base64, and lies below the 36,700,160 of `users.messages.send`.
"""

MAX_RECIPIENTS = 500
"""To, Cc and Bcc together. Google Workspace may stop at 100 a message through the API."""

_MAX_HEADER_NAME = 50
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
# What a caller may add; everything else is written here, by Gmail or by the servers on the way.
_EXTRA_HEADERS = frozenset(
    {"auto-submitted", "importance", "keywords", "organization", "precedence", "priority"}
)
_EXTRA_PREFIXES = ("x-", "list-")
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MIME_TYPE = re.compile(
    rf'({_TOKEN})/({_TOKEN})((?:; *{_TOKEN}=(?:{_TOKEN}|"[ !#-\[\]-~]{{0,127}}"))*)'
)
# `<b and c>` is prose and `List<a>` is code: an opening tag proves nothing unless mail in plain
# text never has it, a closing tag does.
_HTML = re.compile(
    r"<!doctype\s+html|<html[\s>]|<br\s*+/?>|<hr\s*+/?>|<p>|<img\s[^<>]*\bsrc\s*+="
    r"|</(?:a|b|blockquote|body|center|code|div|em|font|h[1-6]|i|li|ol|p|pre|s|section|small|span"
    r"|strong|style|sub|sup|table|td|th|tr|u|ul)\s*+>",
    re.IGNORECASE,
)
_OWN_PARAMETER = re.compile(r"; *(?:name|boundary)\*?=", re.IGNORECASE)
_MAX_MIME_TYPE = 200
_PLAIN_BYTES = b"\t\r\n" + bytes(range(32, 127))
_FROM_LINE = re.compile(rb"^From ", re.MULTILINE)
_HIGH_BYTES = bytes(range(128, 256))


@dataclass(frozen=True, slots=True, repr=False)
class OutgoingAttachment:
    """A file to send, its content as it is on disk."""

    filename: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True, repr=False)
class OutgoingMessage:
    """A mail to send. Nothing is checked before `compose`."""

    to: tuple[Address, ...]
    subject: str
    body: str
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    content_type: ContentType = "plain"
    from_: Address | None = None
    reply_to: tuple[Address, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[OutgoingAttachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers: X-…, List-… and a few that describe the mail, such as Importance."""


@dataclass(frozen=True, slots=True, repr=False)
class Composed:
    """MIME as Gmail takes it, and what composing found out: the text as a reader will see it."""

    mime: bytes
    content_type: Literal["plain", "html"]
    readable: ReadableText


def compose(message: OutgoingMessage, *, max_recipients: int = MAX_RECIPIENTS) -> Composed:
    """Compose the mail as Gmail takes it: RFC 5322, ASCII headers, CRLF line ends.

    Bcc stays in, because Gmail reads its recipients there and removes it. Date and Message-ID are
    absent, because Gmail sets both. A mailbox that is named twice stays where it is named first.
    Large mail takes time (a quarter of a second for 25 MB): call it off the event loop then.

    Raises:
        InvalidAddress: no recipient, too many, or an address that is none.
        InvalidHeader: a control character in a header, or a header that may not be set.
        InvalidInput: a body or an attachment that cannot be written.
        MessageTooLarge: over `MAX_CONTENT_BYTES` as given or `MAX_MESSAGE_BYTES` encoded.
    """
    _check_size(len(message.body) + sum(len(a.content) for a in message.attachments))
    headers = _headers(message, max_recipients)
    content_type, readable = _read_body(message.body, message.content_type)
    root = _root(message, content_type, readable)
    transfer = [b"Content-Transfer-Encoding: 8bit\r\n"] if root.eight_bit else []
    mime = b"".join(
        [*headers, b"MIME-Version: 1.0\r\n", *root.headers, *transfer, b"\r\n", *root.body]
    )
    if len(mime) > MAX_MESSAGE_BYTES:
        raise _too_large()
    return Composed(mime, content_type, readable)


def compose_headers(message: OutgoingMessage, *, max_recipients: int = MAX_RECIPIENTS) -> bytes:
    """Write only who it goes to, the subject and what threads it, for a body that exists already.

    Raises:
        InvalidAddress, InvalidHeader: as for `compose`.
    """
    return b"".join(_headers(message, max_recipients))


def compose_text(body: str, content_type: ContentType) -> Composed:
    """Write only the text as a MIME part: its Content headers, a blank line, and the text.

    Raises:
        InvalidInput: as for `compose`.
    """
    kind, readable = _read_body(body, content_type)
    digest = hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=12)
    part = _body_part(body, kind, readable, digest.hexdigest())
    return Composed(b"".join([*part.headers, b"\r\n", *part.body]), kind, readable)


def resolve_content_type(body: str, content_type: ContentType) -> Literal["plain", "html"]:
    """Settle "auto": HTML if the body closes a tag, breaks a line or shows a picture as HTML does.

    It is a guess; a plain body that quotes such a tag needs "plain".
    """
    if content_type == "auto":
        return "html" if _HTML.search(body) else "plain"
    if content_type not in ("plain", "html"):
        raise InvalidInput('content_type has to be "plain", "html" or "auto".')
    return content_type


class _Part(NamedTuple):
    """A MIME part in pieces, so that 25 MB are joined once."""

    headers: list[bytes]
    body: list[bytes]
    eight_bit: bool = False


def _too_large() -> MessageTooLarge:
    return MessageTooLarge(
        "The message is larger than Gmail takes: body and attachments may have 25 MB together. "
        "Send fewer or smaller attachments, or a link to the file."
    )


def _check_size(size: int) -> None:
    """Refuse before encoding what cannot fit, so that nothing large is copied for nothing."""
    if size > MAX_CONTENT_BYTES:
        raise _too_large()


def _headers(message: OutgoingMessage, max_recipients: int) -> list[bytes]:
    to, cc, bcc = distinct_recipients(message.to, message.cc, message.bcc)
    count = len(to) + len(cc) + len(bcc)
    if not count:
        raise InvalidAddress("The message has no recipient. Give at least one address.")
    if count > max_recipients:
        raise InvalidAddress(
            f"The message has {count} recipients; at most {max_recipients} are allowed. "
            "Send it in several parts."
        )
    from_ = (message.from_,) if message.from_ else ()
    lists = {"From": from_, "To": to, "Cc": cc, "Bcc": bcc, "Reply-To": message.reply_to}
    written = [address_header(name, some) for name, some in lists.items() if some]
    written.append(text_header("Subject", message.subject))
    if message.in_reply_to and message.in_reply_to.strip():
        written.append(message_id_header("In-Reply-To", [message.in_reply_to]))
    if message.references:
        written.append(message_id_header("References", message.references))
    written += [_extra_header(name, value) for name, value in message.headers.items()]
    return written


def distinct_recipients(*lists: Iterable[Address]) -> list[tuple[Address, ...]]:
    """Keep of every mailbox the first mention only, across all lists."""
    seen: set[str] = set()
    distinct: list[tuple[Address, ...]] = []
    for addresses in lists:
        kept: list[Address] = []
        for address in addresses:
            key = mailbox_key(address.email)
            if key not in seen:
                seen.add(key)
                kept.append(address)
        distinct.append(tuple(kept))
    return distinct


def _extra_header(name: str, value: str) -> bytes:
    if not _HEADER_NAME.fullmatch(name) or len(name) > _MAX_HEADER_NAME:
        raise InvalidHeader("An extra header's name may have only letters, digits and hyphens.")
    if name.lower() not in _EXTRA_HEADERS and not name.lower().startswith(_EXTRA_PREFIXES):
        raise InvalidHeader(f"The {name} header may not be set. Use a name that begins with X-.")
    return text_header(name, value)


def _read_body(
    body: str, content_type: ContentType
) -> tuple[Literal["plain", "html"], ReadableText]:
    """Settle what a body is, and read it as its recipient will."""
    kind = resolve_content_type(body, content_type)
    return kind, html_to_text(body) if kind == "html" else ReadableText(body)


def _root(
    message: OutgoingMessage, content_type: Literal["plain", "html"], readable: ReadableText
) -> _Part:
    # Text holds no "=_" (see _text_part) and base64 cannot, so only mail that is attached as it
    # is could hold a boundary; the boundary hashes that mail, which then cannot hold the hash.
    digest = hashlib.blake2b(digest_size=12)
    attached = [_attachment_part(a, n) for n, a in enumerate(message.attachments, start=1)]
    for part, attachment in zip(attached, message.attachments, strict=True):
        if _is_message(attachment):
            for piece in part.body:
                digest.update(piece)
    mark = digest.hexdigest()
    body = _body_part(message.body, content_type, readable, mark)
    return _multipart("mixed", [body, *attached], mark) if attached else body


def _body_part(
    body: str, content_type: Literal["plain", "html"], readable: ReadableText, mark: str
) -> _Part:
    if content_type == "plain":
        return _text_part("plain", body)
    html = _text_part("html", body)
    plain = _text_part("plain", readable.text)
    return _multipart("alternative", [plain, html], mark)


def _multipart(subtype: str, parts: list[_Part], mark: str) -> _Part:
    boundary = f"=_{subtype}_{mark}"
    body: list[bytes] = []
    for part in parts:
        body += [f"--{boundary}\r\n".encode("ascii"), *part.headers, b"\r\n", *part.body, b"\r\n"]
    body.append(f"--{boundary}--\r\n".encode("ascii"))
    header = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n'
    return _Part([header.encode("ascii")], body, any(part.eight_bit for part in parts))


def _text_part(subtype: str, text: str) -> _Part:
    encoding, body = _encode_text(text)
    header = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}'
    )
    return _Part([f"{header}\r\n".encode("ascii")], [body])


def _encode_text(text: str) -> tuple[str, bytes]:
    """Choose the plainest encoding that survives every server: 7bit, quoted-printable, base64."""
    if "\0" in text:
        raise InvalidInput("The body holds a NUL character. Remove it.")
    try:
        data = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode("utf-8")
    except UnicodeEncodeError:
        message = "The body holds half a character (a lone surrogate). Remove or replace it."
        raise InvalidInput(message) from None
    if _is_plain(data):
        return "7bit", data
    # Quoted-printable adds two bytes for each byte it encodes, base64 a third of everything.
    if 6 * (len(data) - len(data.translate(None, _HIGH_BYTES))) > len(data):
        return "base64", _base64_lines(data)
    quoted = binascii.b2a_qp(data, istext=True)
    if b"\r\n" not in data:  # then the soft breaks are bare line feeds
        quoted = quoted.replace(b"\n", b"\r\n")
    return "quoted-printable", _FROM_LINE.sub(b"=46rom=\r\n ", quoted)


def _is_plain(data: bytes) -> bool:
    # "From " at the start of a line is changed by old mail stores; "=_" starts our boundaries.
    risky = data.startswith(b"From ") or b"\nFrom " in data or b"=_" in data
    return not risky and not data.translate(None, _PLAIN_BYTES) and _fits(data)


def _fits(data: bytes) -> bool:
    return max(map(len, data.split(b"\r\n"))) <= MAX_LINE


def _base64_lines(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([encoded[at : at + 76] for at in range(0, len(encoded), 76)])


def _attachment_part(attachment: OutgoingAttachment, number: int) -> _Part:
    if not attachment.filename.strip():
        raise InvalidInput(f"Attachment {number} has no file name. Give one.")
    mime_type = _checked_mime_type(attachment.mime_type, number)
    content = attachment.content
    if _is_message(attachment):
        embedded = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        if b"\0" not in embedded and _fits(embedded):
            eight_bit = not embedded.isascii()
            transfer = "8bit" if eight_bit else "7bit"
            headers = _attachment_headers(attachment, mime_type, transfer)
            return _Part(headers, [embedded], eight_bit)
        # RFC 2046 forbids to encode a message/rfc822, and this one cannot travel as it is.
        mime_type = "application/octet-stream"
    return _Part(_attachment_headers(attachment, mime_type, "base64"), [_base64_lines(content)])


def _attachment_headers(
    attachment: OutgoingAttachment, mime_type: str, transfer: str
) -> list[bytes]:
    filename = attachment.filename
    return [
        parameter_header("Content-Type", mime_type, [("name", filename)]),
        parameter_header("Content-Disposition", "attachment", [("filename", filename)]),
        f"Content-Transfer-Encoding: {transfer}\r\n".encode("ascii"),
    ]


def _is_message(attachment: OutgoingAttachment) -> bool:
    return attachment.mime_type.strip().lower().partition(";")[0] == "message/rfc822"


def _checked_mime_type(mime_type: str, number: int) -> str:
    text = mime_type.strip()
    found = _MIME_TYPE.fullmatch(text) if len(text) <= _MAX_MIME_TYPE else None
    main, subtype = found.group(1, 2) if found else ("", "")
    # A multipart has a structure of its own, and so have the other kinds of message.
    structured = main.lower() == "multipart" or (
        main.lower() == "message" and subtype.lower() != "rfc822"
    )
    if not found or structured or _OWN_PARAMETER.search(found.group(3)):
        raise InvalidInput(
            f"Attachment {number} has a MIME type that cannot be attached. "
            "Give one such as application/pdf, or application/octet-stream."
        )
    return text
