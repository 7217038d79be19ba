"""Which of a mail's parts is what a person reads, put into one text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from arcade_gmail_multiuser.gmail.hidden_text import describe_hidden, strip_hidden_characters
from arcade_gmail_multiuser.gmail.html.to_text import ReadableText, html_to_text
from arcade_gmail_multiuser.gmail.messages.parts import Part

__all__ = ["Body", "read_body"]

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

_STUB = 400  # characters: a text part longer than this says something of its own
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
_SAYS_SOMETHING = 2  # times three words in a row: a sentence of four
_UNSEEN_SHARE = 0.6


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
    plain_text = _joined(section.text for section in plain[-1])
    rich_text = _joined(section.text for section in rich[-1])
    complete = all(section.complete for section in rich[-1])
    if not rich_text or (not complete and len(plain_text) >= len(rich_text)):
        return plain[-1]
    if _is_stub(plain_text, rich_text) or _lacks_links(plain_text, rich_text):
        return rich[-1]
    if complete and _says_more(plain_text, rich_text):
        notes.warnings.append(
            "The plain-text version says what the HTML version does not show; "
            "the HTML version, the one people see, was read."
        )
        return rich[-1]
    return plain[-1]


def _is_stub(plain: str, rich: str) -> bool:
    if len(plain) > _STUB or len(rich) <= len(plain):
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
        return True  # of what lies beyond nobody can say
    shown = set(_threes(rich[: 2 * _MAX_COMPARED]))
    for sentence in _SENTENCE_END.split(_URL.sub(" ", plain)):
        said = list(_threes(sentence))
        if len(said) >= _SAYS_SOMETHING:
            unseen = sum(three not in shown for three in said)
            if unseen > len(said) * _UNSEEN_SHARE:
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
