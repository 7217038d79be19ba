"""Read the part tree of a Gmail payload, and choose from it the text that a person reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_multiuser.gmail.characters import (
    decode_base64,
    decode_text,
    decode_words,
    describe_hidden,
    strip_hidden_characters,
)
from arcade_gmail_multiuser.gmail.html.to_text import ReadableText, html_to_text

__all__ = ["Body", "Part", "as_text", "read_body", "read_tree"]

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
        """Return a header decoded, or an empty text."""
        return decode_words(self.headers.get(name, ""))

    @property
    def disposition(self) -> str:
        """Return `inline`, `attachment` or what else is stated; empty if nothing is."""
        return self.headers.get("content-disposition", "").partition(";")[0].strip().lower()

    @property
    def content_id(self) -> str | None:
        """Return the name other parts call this one by, without its angle brackets."""
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
    """Return a text as it is, a number written out, and an empty text for anything else."""
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


_TEXT_TYPES = frozenset(
    {
        "text/plain",
        "text/html",
        "text/enriched",
        "text/richtext",
        "text/markdown",
        "message/delivery-status",
        "message/disposition-notification",
    }
)


_ENRICHED = frozenset({"text/enriched", "text/richtext", "text/markdown"})


_MAX_HTML_PARTS = 20


_FORWARDED = "---------- Forwarded message ----------"


_SHOWN_OF_FORWARDED = ("from", "date", "subject", "to", "cc")


_MAX_STUB = 400  # characters: a text part longer than this says something of its own


_STUB_WORDS = re.compile(
    r"(?:view|read|see|open|display|click)\b.{0,80}\b(?:browser|online|html|web)"
    r"|\bhtml\b.{0,80}\b(?:e-?mail|version|support|enable|capable|client|format|message)"
    r"|(?:e-?mail|mail)\s+(?:client|program|reader|software)",
    re.I | re.S,
)


_URL = re.compile(r"https?://[^\s<>\"')\]]{1,2000}", re.I)


# Words, and single letters of scripts that put no spaces between words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_\u3040-\uffff]{3,}")


_SENTENCE_END = re.compile(r"[.!?]\s|[。！？]|\n[ \t]*\n|\n(?=[-*•])")


_MAX_COMPARED = 50_000


_MIN_THREES = 2  # times three words in a row: a sentence of four


_MAX_UNSEEN_SHARE = 0.6


@dataclass(frozen=True, slots=True, repr=False)
class Body:
    """Hold the readable text, the HTML it stands for, and the parts that went into it."""

    text: str
    html: str
    warnings: tuple[str, ...]
    used: frozenset[int]
    """`id()` of each part that was read as text, or that offered the same in another type."""


@dataclass(slots=True)
class _Section:
    text: str
    is_html: bool = False
    complete: bool = True


@dataclass(slots=True)
class _Notes:
    warnings: list[str] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    html: list[str] = field(default_factory=list)
    html_warnings: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)


def read_body(root: Part) -> Body:
    """Read a mail's text: plain text where it says what the HTML says, else the HTML.

    A mail that is forwarded as an attachment follows under a line that says so. Texts with a file
    name are files and never the body.
    """
    notes = _Notes()
    text = _joined(section.text for section in _sections(root, notes))
    warnings = (*notes.warnings, *notes.html_warnings, *describe_hidden(notes.hidden))
    return Body(
        text=text,
        html="\n".join(notes.html),
        warnings=tuple(dict.fromkeys(warnings)),
        used=frozenset(notes.used),
    )


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(text.strip("\n") for text in texts if text.strip())


def _sections(part: Part, notes: _Notes) -> list[_Section]:
    if part.mime_type in ("message/rfc822", "message/global") and part.children:
        return _forwarded(part, notes)
    if part.mime_type == "multipart/alternative":
        return _best(_versions(part, notes), notes)
    if part.children:
        return [section for child in part.children for section in _sections(child, notes)]
    if _is_body_text(part):
        return _text_section(part, notes)
    return []


def _is_body_text(part: Part) -> bool:
    if part.filename or part.disposition == "attachment" or part.data is None:
        return False
    return part.mime_type in _TEXT_TYPES or part.mime_type.startswith("multipart/")


def _text_section(part: Part, notes: _Notes) -> list[_Section]:
    notes.used.add(id(part))
    text, doubt = part.text()
    if doubt:
        notes.warnings.append(doubt)
    if part.mime_type == "text/html":
        return [_html_section(text, notes)] if text.strip() else []
    text, found = strip_hidden_characters(text)
    notes.hidden.update(found)
    return [_Section(text.rstrip())] if text.strip() else []


def _html_section(html: str, notes: _Notes) -> _Section:
    if len(notes.html) >= _MAX_HTML_PARTS:
        notes.warnings.append("The mail has too many HTML parts; some were left out.")
        return _Section("", is_html=True)
    notes.html.append(html)
    readable: ReadableText = html_to_text(html)
    notes.html_warnings += readable.warnings
    return _Section(readable.text, is_html=True, complete=readable.complete)


def _versions(part: Part, notes: _Notes) -> list[list[_Section]]:
    """Read every version; an enriched text is one only where there is no plain one."""
    has_plain = any(child.mime_type == "text/plain" for child in part.children)
    versions = []
    for child in part.children:
        version = _sections(child, notes)
        if not (has_plain and child.mime_type in _ENRICHED):
            versions.append(version)
    return versions


def _best(options: list[list[_Section]], notes: _Notes) -> list[_Section]:
    """Choose between the versions of one text that a mail offers."""
    rich = [option for option in options if any(section.is_html for section in option)]
    plain = [option for option in options if option and option not in rich]
    if not rich or not plain:
        return (rich or plain or [[]])[-1]
    return rich[-1] if _reads_better(rich[-1], plain[-1], notes) else plain[-1]


def _reads_better(rich: list[_Section], plain: list[_Section], notes: _Notes) -> bool:
    """Tell whether the HTML version has to be read, because the plain one says less or else."""
    plain_text = _joined(section.text for section in plain)
    rich_text = _joined(section.text for section in rich)
    complete = all(section.complete for section in rich)
    if not rich_text or (not complete and len(plain_text) >= len(rich_text)):
        return False
    if _is_stub(plain_text, rich_text) or _lacks_links(plain_text, rich_text):
        return True
    if not complete or not _says_more(plain_text, rich_text):
        return False
    notes.warnings.append(
        "The plain-text version says what the HTML version does not show; "
        "the HTML version, the one people see, was read."
    )
    return True


def _is_stub(plain: str, rich: str) -> bool:
    if len(plain) > _MAX_STUB or len(rich) <= len(plain):
        return False
    words = len(_WORD.findall(_URL.sub(" ", plain)))
    if words < 4:
        return len(_WORD.findall(_URL.sub(" ", rich[:_MAX_COMPARED]))) > words
    return bool(_STUB_WORDS.search(plain)) and len(rich) > 2 * len(plain)


def _lacks_links(plain: str, rich: str) -> bool:
    return _URL.search(plain) is None and _URL.search(rich) is not None


def _says_more(plain: str, rich: str) -> bool:
    """Tell whether a sentence of the plain text is nowhere in what people are shown.

    Three words in a row are compared at a time: that every single word is shown somewhere says
    nothing about the sentence.
    """
    if len(plain) > _MAX_COMPARED:
        return True  # what lies beyond is not compared
    shown = set(_threes(rich[: 2 * _MAX_COMPARED]))
    for sentence in _SENTENCE_END.split(_URL.sub(" ", plain)):
        said = list(_threes(sentence))
        if len(said) >= _MIN_THREES:
            unseen = sum(three not in shown for three in said)
            if unseen > len(said) * _MAX_UNSEEN_SHARE:
                return True
    return False


def _threes(text: str) -> Iterator[tuple[str, str, str]]:
    words = _WORD.findall(_URL.sub(" ", text).lower())
    return zip(words, words[1:], words[2:], strict=False)


def _forwarded(part: Part, notes: _Notes) -> list[_Section]:
    inner = part.children[0]
    lines = [_FORWARDED]
    for name in _SHOWN_OF_FORWARDED:
        value, found = strip_hidden_characters(inner.header(name))
        notes.hidden.update(found)
        if value:
            lines.append(f"{name.capitalize()}: {value}")
    text = _joined(section.text for child in part.children for section in _sections(child, notes))
    return [_Section("\n".join(lines) + (f"\n\n{text}" if text else ""))]
