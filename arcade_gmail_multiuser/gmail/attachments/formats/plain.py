"""Read files that are text already: plain, CSV, HTML, calendar, JSON, XML."""

from __future__ import annotations

import csv
import io
import re

from arcade_gmail_multiuser.gmail.attachments.formats.extract import MAX_CHARS, Extract, gather
from arcade_gmail_multiuser.gmail.characters import decode_text
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text

__all__ = ["decode_file", "read_calendar", "read_html", "read_plain", "read_table"]

_META = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w.:+-]{1,60})", re.I)
_FOLDED_LINE = re.compile(r"\r?\n[ \t]")
_DELIMITERS = ",;\t|"
_MAX_SNIFFED_LINES = 20  # lines
_KANA = re.compile("[\u3040-\u30ff]")
_ASIAN = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
_JAPANESE = ("iso2022_jp", "euc_jp", "cp932")


def decode_file(content: bytes, charset: str = "") -> tuple[str, str | None]:
    """Decode a file; one that names no charset and is not UTF-8 may be Japanese."""
    if not charset:
        charset = _japanese(content[:100_000])
    text, doubt = decode_text(content, charset or None)
    return text.replace("\r\n", "\n").replace("\r", "\n"), doubt


def read_plain(content: bytes, charset: str) -> Extract:
    """Hand a text file over as it is."""
    text, doubt = decode_file(content, charset)
    extract = Extract(text[:MAX_CHARS], [doubt] if doubt else [])
    if len(text) > MAX_CHARS:
        extract.complete = False
        extract.warnings.append("The file is long; only its first part was read.")
    return extract


def read_html(content: bytes, charset: str) -> Extract:
    """Read an HTML file as an HTML mail is read: what people see of it."""
    named = _META.search(content[:4096])
    charset = charset or (named.group(1).decode("ascii") if named else "")
    text, doubt = decode_file(content, charset)
    readable = html_to_text(text)
    warnings = [*([doubt] if doubt else []), *readable.warnings]
    return Extract(readable.text[:MAX_CHARS], warnings, readable.complete)


def read_table(content: bytes, charset: str) -> Extract:
    """Read comma, semicolon or tab separated rows, with ` | ` between the cells."""
    text, doubt = decode_file(content, charset)
    csv.field_size_limit(MAX_CHARS)
    extract = _rows(text)
    if extract is None:  # not what its name promises
        extract = read_plain(content, charset)
    elif doubt:
        extract.warnings.append(doubt)
    return extract


def _rows(text: str) -> Extract | None:
    rows = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    try:
        return gather(" | ".join(" ".join(cell.split()) for cell in row) for row in rows)
    except csv.Error:
        return None


def _delimiter(text: str) -> str:
    """Choose the sign that most lines hold equally often."""
    lines = text[:50_000].splitlines()[:_MAX_SNIFFED_LINES]
    best, score = ",", 0
    for sign in _DELIMITERS:
        counts = [line.count(sign) for line in lines if line.strip()]
        if not counts or not max(counts):
            continue
        usual = max(set(counts), key=counts.count)
        agreeing = counts.count(usual) * (usual > 0)
        if agreeing > score:
            best, score = sign, agreeing
    return best


def read_calendar(content: bytes, charset: str) -> Extract:
    """Hand a calendar file over with its folded lines joined."""
    text, doubt = decode_file(content, charset)
    text = _FOLDED_LINE.sub("", text).replace("\\n", "\n").replace("\\,", ",")
    return Extract(text[:MAX_CHARS], [doubt] if doubt else [], len(text) <= MAX_CHARS)


def _japanese(start: bytes) -> str:
    """Name the charset in which bytes read as Japanese, if there is one."""
    if b"\x1b$" in start:
        return _JAPANESE[0]
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.start > len(start) - 4:  # only cut in the middle of a character
            return ""
    else:
        return ""
    for charset in _JAPANESE[1:]:
        text = start.decode(charset, "replace")
        beyond = sum(letter > "\x7f" for letter in text)
        if _KANA.search(text) and len(_ASIAN.findall(text)) > 0.9 * beyond:
            return charset
    return ""
