"""The part tree of a Gmail payload, whatever shape it came in, as values one can rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_multiuser.gmail.charsets import decode_base64, decode_text, decode_words

__all__ = ["Part", "as_text", "read_tree"]

_MAX_DEPTH = 40
_MAX_PARTS = 2_000
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,60})", re.I)
_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w.:+-]{1,60})", re.I)


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One part; `headers` has lower-case names and the first value of each, as it came."""

    part_id: str = ""
    mime_type: str = ""
    filename: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    data: object = None
    attachment_id: str | None = None
    children: tuple[Part, ...] = ()

    def header(self, name: str) -> str:
        """Give a header decoded, or an empty text."""
        return decode_words(self.headers.get(name, ""))

    @property
    def disposition(self) -> str:
        """Give `inline`, `attachment` or whatever else is said; empty if nothing is."""
        return self.headers.get("content-disposition", "").partition(";")[0].strip().lower()

    @property
    def content_id(self) -> str | None:
        """Give the name other parts call this one by, without its angle brackets."""
        return self.headers.get("content-id", "").strip().strip("<>") or None

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below it, in the order of the mail."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))

    def text(self) -> tuple[str, str | None]:
        """Decode the part's data as text, and say what could not be read, if anything."""
        if self.data is None or self.data == "":
            return "", None
        if not isinstance(self.data, str):
            return "", f"{self._name()} could not be decoded and was left out."
        content, good = decode_base64(self.data)
        if not good:
            return "", f"{self._name()} could not be decoded and was left out."
        match = _CHARSET.search(self.headers.get("content-type", ""))
        declared = match.group(1) if match else ""
        if not declared and self.mime_type == "text/html":
            meta = _META_CHARSET.search(content[:4096])
            declared = meta.group(1).decode("ascii") if meta else ""
        text, doubt = decode_text(content, declared)
        return text.replace("\r\n", "\n").replace("\r", "\n"), doubt

    def _name(self) -> str:
        return f"Part {self.part_id}" if self.part_id else "The body"


@dataclass(slots=True)
class _Count:
    parts: int = 0
    left_out: bool = False


def read_tree(payload: object) -> tuple[Part, tuple[str, ...]]:
    """Read a payload into parts, and say what was left out. Never raises."""
    count = _Count()
    root = _part(payload, 0, count)
    if count.left_out:
        return root, ("The mail has too many parts or nests them too deeply; some were left out.",)
    return root, ()


def _part(given: object, depth: int, count: _Count) -> Part:
    source = given if isinstance(given, Mapping) else {}
    count.parts += 1
    body = source.get("body")
    body = body if isinstance(body, Mapping) else {}
    headers = _headers(source.get("headers"))
    children = source.get("parts")
    inner = children if isinstance(children, list | tuple) else ()
    kept = []
    for child in inner:
        if depth >= _MAX_DEPTH or count.parts >= _MAX_PARTS:
            count.left_out = True
            break
        if isinstance(child, Mapping):
            kept.append(_part(child, depth + 1, count))
    data = body.get("data")
    return Part(
        part_id=as_text(source.get("partId")),
        mime_type=_mime_type(source, headers, has_children=bool(kept), data=data),
        filename=decode_words(as_text(source.get("filename"))),
        headers=headers,
        size=_whole_number(body.get("size")),
        data=data,
        attachment_id=as_text(body.get("attachmentId")) or None,
        children=tuple(kept),
    )


def as_text(value: object) -> str:
    """Give a text as it is, a number written out, and nothing for anything else."""
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and abs(value) < 10**30 else ""  # type: ignore[arg-type]  # an int


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _mime_type(
    source: Mapping[Any, Any], headers: Mapping[str, str], *, has_children: bool, data: object
) -> str:
    given = as_text(source.get("mimeType")) or headers.get("content-type", "").partition(";")[0]
    given = given.strip().lower()
    if given:
        return given
    if has_children:
        return "multipart/mixed"
    return "text/plain" if data else ""


def _headers(given: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in given if isinstance(given, list | tuple) else ():
        if isinstance(header, Mapping):
            name, value = header.get("name"), header.get("value")
            if isinstance(name, str) and isinstance(value, str):
                found.setdefault(name.strip().lower(), value)
    return found
