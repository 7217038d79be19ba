"""Split raw RFC 822 bytes into MIME parts, however malformed they are.

The standard library's parser is recursive, and ends the headers at a line it cannot read, which
Gmail does not. This one never raises and takes time linear in the message.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any

from arcade_gmail_local.sandbox.mail.charsets import decode_base64, decode_text, decode_words

_MAX_DEPTH = 20
_MAX_PARTS = 500  # in one container
_MAX_HEADER_LINES = 20_000
_MAX_PARAMETERS = 20_000  # characters
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.S)
_END_OF_HEADERS = re.compile(rb"(?:\A|\r?\n|\r(?!\n))(?:\r?\n|\r(?!\n)|\Z)")
_LINE_END = re.compile(rb"\r?\n|\r")
_MBOX = (b"From ", b">From ")  # the line that separates messages in an mbox file
_MIME_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}")


@dataclass(frozen=True, slots=True, repr=False)
class Entity:
    """A message or a part of one: its headers in order and its body, still encoded."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    depth: int = 0
    default_type: str = "text/plain"

    def first(self, name: str) -> str:
        """Return the first value of a header, or ""."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def mime_type(self) -> str:
        """Return the lower-case type; an unreadable one is plain text, as in RFC 2045."""
        match = _MIME_TYPE.match(self.first("content-type").strip())
        return match.group().lower() if match else self.default_type

    def parameter(self, header: str, name: str) -> str:
        """Return one parameter of a header, its continuations and charset (RFC 2231) decoded."""
        reader = Message()
        reader[header] = self.first(header)[:_MAX_PARAMETERS]
        try:
            parameters = reader.get_params((), header)[1:]
        except (TypeError, ValueError):
            # The standard library sorts a malformed mixture of numbered and unnumbered pieces.
            return ""
        found: list[Any] = [value for key, value in parameters if key.lower() == name]
        # The encoded form wins over the plain one that stands beside it for old readers.
        value = next((v for v in found if isinstance(v, tuple)), found[0] if found else "")
        return collapse_rfc2231_value(value)

    @property
    def filename(self) -> str:
        """Return the name to save the part under, or ""."""
        name = self.parameter("content-disposition", "filename")
        name = name or self.parameter("content-type", "name")
        return decode_words(name).replace("\0", "")[:1000]

    @property
    def is_attached(self) -> bool:
        """Return whether the sender attached the part as a file."""
        return self.first("content-disposition").strip().lower().startswith("attachment")

    def content(self) -> bytes:
        """Undo the transfer encoding, skipping what is broken in it."""
        encoding = self.first("content-transfer-encoding").strip().strip(";\"'").lower()
        if encoding == "base64":
            return decode_base64(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return _uudecode(self.body)
        return self.body

    @property
    def is_text(self) -> bool:
        return self.mime_type.startswith("text/")

    def text(self) -> str:
        """Return the content decoded by its charset."""
        return decode_text(self.content(), self.parameter("content-type", "charset"))

    def parts(self) -> tuple[Entity, ...]:
        """Return the parts of a multipart, or the message inside a message/rfc822."""
        if self.depth >= _MAX_DEPTH:
            return ()
        if self.mime_type in ("message/rfc822", "message/global"):
            return (split_entity(self.content().lstrip(b"\r\n"), depth=self.depth + 1),)
        boundary = self.parameter("content-type", "boundary")
        if not self.mime_type.startswith("multipart/") or not boundary:
            return ()
        default = "message/rfc822" if self.mime_type == "multipart/digest" else "text/plain"
        return tuple(
            split_entity(raw, depth=self.depth + 1, default_type=default)
            for raw in _between(self.body, boundary)
        )


def split_entity(raw: bytes, *, depth: int = 0, default_type: str = "text/plain") -> Entity:
    """Split headers from body; values are unfolded, their encoded words left alone."""
    end = _END_OF_HEADERS.search(raw)
    head = raw[: end.start()] if end else raw
    body = raw[end.end() :] if end else b""
    headers: list[tuple[str, bytes]] = []
    folded: dict[int, list[bytes]] = {}
    lines = _LINE_END.split(head, _MAX_HEADER_LINES)[:_MAX_HEADER_LINES]
    first = lines[1] if lines[0].startswith(_MBOX) and len(lines) > 1 else lines[0]
    if first and not _FIELD.match(first):
        return Entity((), raw, depth, default_type)  # a body without any header
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if headers:
                folded.setdefault(len(headers) - 1, []).append(line)
        elif match := _FIELD.match(line):
            headers.append((match.group(1).decode("ascii"), match.group(2)))
    values = (
        (name, _unfold(b"\n".join((value, *folded.get(number, ())))))
        for number, (name, value) in enumerate(headers)
    )
    return Entity(tuple(values), body, depth, default_type)


def _unfold(value: bytes) -> str:
    text = decode_text(value)
    return re.sub(r"\n[ \t]+", " ", text).strip()


def _between(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yield what lies between the boundary lines; the last one may be missing."""
    # The pattern begins with plain text, which makes it fast over tens of megabytes.
    line = re.compile(
        b"--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\r|\n|\Z)"
    )
    marks = (m for m in line.finditer(body) if m.start() == 0 or body[m.start() - 1] in b"\r\n")
    start: int | None = None
    for count, match in enumerate(marks):
        if start is not None:
            yield _without_first_line_end(body[start : _before_line_end(body, match.start())])
        start = None if match.group(1) else match.end()
        if match.group(1) or count >= _MAX_PARTS:
            break
    if start is not None:
        yield _without_first_line_end(body[start:])


def _before_line_end(body: bytes, at: int) -> int:
    """Step back over the line end in front of a boundary, which belongs to the boundary."""
    return at - 2 if body[max(at - 2, 0) : at] == b"\r\n" else at - 1


def _without_first_line_end(part: bytes) -> bytes:
    match = _LINE_END.match(part)
    return part[match.end() :] if match else part


def _uudecode(body: bytes) -> bytes:
    begin = re.search(rb"(?m)^begin [0-7]{3,4} [^\r\n]*", body)
    if begin is None:
        return body
    out = []
    for line in _LINE_END.split(body[begin.end() :]):
        if line.strip() in (b"end", b"`"):
            break
        if not line:
            continue
        # Some encoders pad a line past what its length promises; nothing behind that counts.
        promised = 1 + (((line[0] - 32) & 63) + 2) // 3 * 4
        try:
            out.append(binascii.a2b_uu(line[:promised]))
        except binascii.Error:
            continue
    return b"".join(out)
