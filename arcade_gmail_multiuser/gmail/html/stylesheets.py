"""Parse a mail's style sheets into selectors and what they declare about visibility."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from arcade_gmail_multiuser.gmail.html.media_queries import holds
from arcade_gmail_multiuser.gmail.html.styles import RELEVANT

__all__ = ["UNREADABLE", "Declared", "read_sheet"]

MAX_SHEET = 500_000
_MAX_CACHED = 60_000
_MAX_SELECTOR = 1_000
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"/\*.*?(?:\*/|\Z)|<!--|-->"
    r"|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|\\."
    r"|[{};]|[^\"'\\{};/<-]++|.",
    re.S,
)
_IGNORED = ("/*", "<!--", "-->")
_QUOTED_OR_NESTED = re.compile(r"\"[^\"]*\"|'[^']*'|\([^()]*\)|\[[^\[\]]*\]")
# Whole at-rules that hold no rules for elements.
_NO_RULES = re.compile(
    r"@(?:font-face|font-feature-values|page|property|counter-style|viewport|-ms-viewport"
    r"|(?:-\w+-)?keyframes)\b"
)
_TRANSPARENT = re.compile(r"@(?:layer|scope|starting-style)\b")
UNREADABLE = "?"
"""Stands for a selector that nothing reads, so that what it declares is at least reported."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One selector and the text of its declarations; not `certain` where a condition is unknown."""

    selector: str
    body: str
    certain: bool


@dataclass(slots=True)
class _Block:
    selector: str
    state: bool | None
    body: list[str]


def read_sheet(sheet: str) -> tuple[Declared, ...]:
    """List the rules that hold, or may hold, on a desktop's screen, in the order of the sheet.

    Comments, strings, nesting and blocks left open are read as browsers read them, because a rule
    that is misread here is text hidden there.
    """
    if len(sheet) <= _MAX_CACHED:
        return _cached(sheet)
    return tuple(_read(sheet[:MAX_SHEET]))


def _read(sheet: str) -> Iterator[Declared]:
    blocks: list[_Block] = []
    text: list[str] = []
    for token in _tokens(sheet):
        if token == "{":
            head = "".join(text).strip()
            blocks.append(_opened(head, blocks))
        elif token == ";":
            if blocks:
                blocks[-1].body.append("".join(text))
        elif token == "}":
            if blocks:
                yield from _closed(blocks.pop(), text)
        else:
            text.append(token)
            continue
        text.clear()
    while blocks:  # the end of a sheet closes all that is open
        yield from _closed(blocks.pop(), text)
        text.clear()


def _tokens(sheet: str) -> Iterator[str]:
    for token in _TOKEN.findall(sheet):
        if not token.startswith(_IGNORED):
            yield token
        elif token.startswith("/*"):
            yield " "


def _opened(head: str, blocks: list[_Block]) -> _Block:
    outer = blocks[-1] if blocks else _Block("", True, [])
    if len(blocks) >= _MAX_DEPTH or len(outer.selector) + len(head) > _MAX_SELECTOR:
        return _Block(UNREADABLE, outer.state, [])
    if head.startswith("@"):
        return _Block(outer.selector, _both(outer.state, _condition(head)), [])
    if not outer.selector:
        return _Block(head, outer.state, [])
    if "&" in head:
        return _Block(head.replace("&", f":is({outer.selector})"), outer.state, [])
    return _Block(f":is({outer.selector}) {head}", outer.state, [])


def _closed(block: _Block, last: list[str]) -> Iterator[Declared]:
    body = ";".join([*block.body, "".join(last)])
    if block.selector and block.state is not False and RELEVANT.search(body):
        for selector in _selectors(block.selector):
            yield Declared(selector, body, certain=block.state is True)


def _selectors(group: str) -> list[str]:
    if "," not in group:
        return [group]
    hidden = _QUOTED_OR_NESTED.sub(lambda match: "_" * len(match.group()), group)
    while (more := _QUOTED_OR_NESTED.sub(lambda m: "_" * len(m.group()), hidden)) != hidden:
        hidden = more
    found, start = [], 0
    for comma in re.finditer(",", hidden):
        found.append(group[start : comma.start()].strip())
        start = comma.end()
    return [*found, group[start:].strip()]


def _condition(head: str) -> bool | None:
    lowered = head.lower()
    if _NO_RULES.match(lowered):
        return False
    if _TRANSPARENT.match(lowered):
        return True
    if lowered.startswith("@media"):
        return holds(lowered.removeprefix("@media").strip())
    return None  # @supports, @container, @-moz-document and others: it may hold


def _both(outer: bool | None, inner: bool | None) -> bool | None:
    if outer is False or inner is False:
        return False
    return None if outer is None or inner is None else True


_cached = lru_cache(maxsize=64)(lambda sheet: tuple(_read(sheet)))
