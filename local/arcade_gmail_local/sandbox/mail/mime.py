"""Raw RFC 822 bytes taken apart, however badly they are put together.

Python's own parser is recursive and treats what it cannot read in ways Gmail does not, so the
sandbox has this one: it never raises and ends in time linear in the message.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from arcade_gmail_multiuser.gmail.charsets import decode_base64, decode_text, decode_words

__all__ = ["Entity", "split_entity"]

_MAX_DEPTH = 20
_MAX_PARTS = 500  # in one container
_MAX_HEADER_LINES = 20_000
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.S)
_END_OF_HEADERS = re.compile(rb"(?:\A|\r?\n|\r(?!\n))(?:\r?\n|\r(?!\n)|\Z)")
_LINE_END = re.compile(rb"\r?\n|\r")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|"[^"]*\Z|[^;]*)', re.S)
_MBOX = (b"From ", b">From ")  # the line that separates messages in an mbox file
_MIME_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}")
_CONTINUED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z")


@dataclass(frozen=True, slots=True, repr=False)
class Entity:
    """A message or a part of one: its headers in order, and its body still encoded."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    depth: int = 0
    default_type: str = "text/plain"

    def first(self, name: str) -> str:
        """Give the first value of a header; empty when it is missing."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def mime_type(self) -> str:
        """Give the lower-case type; what cannot be read counts as plain text, as in RFC 2045."""
        match = _MIME_TYPE.match(self.first("content-type").strip())
        return match.group().lower() if match else self.default_type

    def parameter(self, header: str, name: str) -> str:
        """Give one parameter of a header, its continuations and charset (RFC 2231) decoded."""
        return _parameters(self.first(header)).get(name, "")

    @property
    def filename(self) -> str:
        """Give the name a person would save the part under, or an empty text."""
        given = self.parameter("content-disposition", "filename")
        given = given or self.parameter("content-type", "name")
        return decode_words(given).replace("\0", "")[:1000]

    @property
    def is_attached(self) -> bool:
        """Tell whether the sender meant the part to be a file beside the mail."""
        return self.first("content-disposition").strip().lower().startswith("attachment")

    def content(self) -> bytes:
        """Undo the transfer encoding; what is broken in it is skipped."""
        encoding = self.first("content-transfer-encoding").strip().strip(";\"'").lower()
        if encoding == "base64":
            return decode_base64(self.body.decode("ascii", "ignore"))[0]
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return _uudecode(self.body)
        return self.body

    def parts(self) -> tuple[Entity, ...]:
        """Give the parts of a multipart, or the message that a message/rfc822 holds."""
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
    """Split headers from body. Header values come unfolded, their encoded words untouched."""
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
    text = decode_text(value)[0]
    return re.sub(r"\n[ \t]+", " ", text).strip()


def _between(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yield what lies between the boundary lines; the last part may lack its end."""
    # Plain text comes first in the pattern: that is what makes it fast over tens of megabytes.
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


def _parameters(header: str) -> dict[str, str]:
    whole: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, given in _PARAMETER.findall(header[:20_000]):
        value = given.strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'))
        match = _CONTINUED.match(name.lower())
        if match is None:
            continue
        base, number, encoded = match.groups()
        if number is None and encoded is None:
            whole.setdefault(base, value)
        else:
            pieces.setdefault(base, []).append((int(number or 0), bool(encoded), value))
    return whole | {base: _joined(parts) for base, parts in pieces.items()}


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    charset = ""
    data = b""
    for place, (_, encoded, value) in enumerate(sorted(pieces)):
        text = value
        if encoded and place == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode_text(data, charset)[0]


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
