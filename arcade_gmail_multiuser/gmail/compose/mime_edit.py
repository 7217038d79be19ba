"""Give an existing mail another text and keep every other byte as it was.

Attachments are never decoded: what was a part of the old mail is the same bytes in the new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

__all__ = ["Taken", "header_values", "put_together", "split_mail", "take_apart", "with_fields"]

MAX_DEPTH = 40
MAX_PARTS = 2_000

_BLANK_LINE = re.compile(rb"\r?\n(?=\r?\n)")
_FIELD = re.compile(rb"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|\Z)")
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_LINE_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_SHOWN = frozenset({"text/plain", "text/html"})
# Other versions of the same text, which would contradict the new one.
_VERSIONS = frozenset({"text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext"})


@dataclass(slots=True, repr=False)
class Taken:
    """The parts of a mail without its text, each with its own headers.

    `inline` are the pictures that HTML shows by their Content-ID; `is_html` tells whether the
    text had an HTML version.
    """

    inline: list[bytes] = field(default_factory=list)
    attached: list[bytes] = field(default_factory=list)
    is_html: bool = False
    parts: int = 0


def split_mail(raw: bytes) -> tuple[list[bytes], bytes]:
    """Return the header fields, each with its line ends, and everything after the blank line."""
    head, body = _split(raw)
    return [found for found in _FIELD.findall(head) if found.strip()], body


def with_fields(fields: Sequence[bytes], changes: Mapping[str, bytes]) -> list[bytes]:
    """Replace fields by lower-case name, each at its first place; b"" removes one.

    The Content headers are named like the others.
    """
    left = dict(changes)
    written: list[bytes] = []
    for given in fields:
        name = _name(given)
        if name not in changes:
            written.append(given)
        elif name in left:
            written.append(left.pop(name))
    return [given for given in [*written, *left.values()] if given]


def header_values(fields: Sequence[bytes], name: str) -> str:
    """Return the value of a header unfolded but not decoded, or ""."""
    for given in fields:
        if _name(given) == name:
            value = given.partition(b":")[2].decode("utf-8", "replace")
            return " ".join(value.split())
    return ""


def take_apart(raw: bytes) -> Taken:
    """Take the text out of a mail and keep everything else. Never raises."""
    taken = Taken()
    _take(raw, taken, depth=0, root=True)
    return taken


def put_together(headers: bytes, text: bytes, taken: Taken, *, is_html: bool) -> bytes:
    """Join headers, a new text (a MIME part) and what was taken from the old mail."""
    inline = taken.inline if is_html else []
    attached = taken.attached if is_html else [*taken.inline, *taken.attached]
    root = _multipart(b"related", [text, *inline]) if inline else text
    root = _multipart(b"mixed", [root, *attached]) if attached else root
    # A multipart with a part in 8 bits has to say so itself.
    transfer = b"" if root is text or root.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return b"".join([headers, b"MIME-Version: 1.0\r\n", transfer, root])


def _multipart(subtype: bytes, parts: Sequence[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part)
    # It depends on every byte of the parts, so that none of them can hold it.
    boundary = b"=_" + subtype + b"_" + digest.hexdigest().encode("ascii")
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    header = b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n'
    return header + b"\r\n" + body + b"--" + boundary + b"--\r\n"


def _take(entity: bytes, taken: Taken, *, depth: int, root: bool = False) -> None:
    head, body = _split(entity)
    about = _read(head)
    kind = about.get_content_type()
    taken.parts += 1
    if _has_parts(kind) and depth < MAX_DEPTH and taken.parts < MAX_PARTS:
        # One without any boundary has no parts: what stands in it was read as its text.
        children = _children(body, about)
        # The signature of a text that is another now would only be wrong.
        for child in children[:1] if kind == "multipart/signed" else children:
            _take(child, taken, depth=depth + 1)
    elif kind in _SHOWN and _is_text(about):
        taken.is_html = taken.is_html or kind == "text/html"
    elif kind not in _VERSIONS or not _is_text(about):
        part = _as_part(head, body) if root else entity
        shown = about.get("Content-ID") is not None and kind.startswith("image/")
        (taken.inline if shown else taken.attached).append(part)


def _has_parts(kind: str) -> bool:
    return kind.startswith("multipart/") and kind != "multipart/digest"


def _is_text(about: Message) -> bool:
    return not _filename(about) and _disposition(about) != "attachment"


def _filename(about: Message) -> str:
    try:
        return about.get_filename() or ""
    except (ValueError, LookupError, TypeError, UnicodeError):
        return "unreadable"  # there is one, and that is all that matters


def _disposition(about: Message) -> str:
    try:
        return about.get_content_disposition() or ""
    except (ValueError, LookupError, TypeError, UnicodeError):
        return "attachment"


def _as_part(head: bytes, body: bytes) -> bytes:
    fields = [found for found in _FIELD.findall(head) if _name(found).startswith("content-")]
    return b"".join(fields) + b"\r\n" + body


def _read(head: bytes) -> Message:
    return BytesHeaderParser(policy=compat32).parsebytes(head)


def _split(entity: bytes) -> tuple[bytes, bytes]:
    if entity.startswith((b"\r\n", b"\n")):
        return b"", entity.partition(b"\n")[2]
    blank = _BLANK_LINE.search(entity)
    if blank is None:
        return entity, b""
    head = entity[: blank.end()]
    return head, entity[blank.end() :].partition(b"\n")[2]


def _name(given: bytes) -> str:
    found = _NAME.match(given)
    return found.group(1).decode("ascii").lower() if found else ""


def _children(body: bytes, about: Message) -> list[bytes]:
    try:
        given = about.get_boundary()
    except (ValueError, LookupError, TypeError, UnicodeError):
        return []
    if not given:
        return []
    marks = list(_marks(body, b"--" + given.encode("utf-8", "surrogateescape")))
    ends = [*(start for start, _ in marks[1:]), len(body)][: len(marks)]
    return [
        _without_line_end(body[after:end])
        for (_, after), end in zip(marks, ends, strict=True)
        if after is not None
    ]


def _marks(body: bytes, mark: bytes) -> Iterator[tuple[int, int | None]]:
    """Yield where each boundary line starts and what follows it starts; None behind the last."""
    at = body.find(mark)
    while at >= 0:
        end = _LINE_END.match(body, at + len(mark))
        if end and (at == 0 or body[at - 1 : at] == b"\n"):
            yield at, None if end.group(1) else end.end()
            if end.group(1):
                return
        at = body.find(mark, at + len(mark))


def _without_line_end(part: bytes) -> bytes:
    """The line end before a boundary belongs to the boundary."""
    return part.removesuffix(b"\n").removesuffix(b"\r")
