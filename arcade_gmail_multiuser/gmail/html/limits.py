"""Bound how much of an HTML body is parsed.

The parser's time grows with the square of the nesting, and unclosed formatting elements that differ
in their attributes are opened again in every later paragraph, so a small mail can ask for a huge
tree. What lies past a limit no mail program reaches is cut off, never read some simpler way: a
simpler reader would not know what is hidden.
"""

from __future__ import annotations

import re
from itertools import islice

__all__ = ["MAX_NODES", "tags", "within_limits"]


def tags(names: str) -> frozenset[str]:
    """Make a set of tag names that stand in one text."""
    return frozenset(names.split())


MAX_CHARS = 2_000_000
MAX_TAGS = 20_000
MAX_NESTING = 1_000
MAX_NODES = 250_000
_MAX_HARMLESS_TAGS = 2_000  # nothing made of so few can hurt

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DATA_URL = re.compile(r"([\"'(])data:[^\"')]{200,}", re.I)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9:]*)", re.I)
_FORMATTING = re.compile(r"<(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)(?=[\s/>])", re.I)
# A tag spelt so plainly that the same letters are surely the same tag.
_PLAIN_FORMATTING = re.compile(
    r"<(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)"
    r"(?:\s++[a-z-]++=(?:\"[^\"<>]*+\"|'[^'<>]*+'|[\w#.%-]++))*+\s*+>",
    re.I,
)
# Closed by their successors or never nested, so that a missing end tag says nothing.
_UNCOUNTED = tags(
    "area base br col embed hr img input link meta param source track wbr p li td tr th dt dd"
    " option optgroup tbody thead tfoot colgroup a b big code em font i nobr s small strike strong"
    " tt u html head body"
)


def within_limits(html: str) -> tuple[str, bool]:
    """Return what may be parsed of an HTML body, and whether something was cut off."""
    if "data:" in html:
        html = _DATA_URL.sub(r"\1data:,", html)  # pictures written into the page
    kept = html[:MAX_CHARS]
    if not kept.isascii():
        kept = _LONE_SURROGATE.sub("\ufffd", kept)
    kept = _first_tags(kept, MAX_TAGS)
    tags = kept.count("<")
    if tags > _MAX_HARMLESS_TAGS:
        kept = _first_levels(kept)
        different = _different_formatting(kept)
        if 3 * different * tags > MAX_NODES * 8:
            kept = _first_tags(kept, MAX_NODES * 8 // (3 * different))
    return kept, len(kept) < len(html)


def _first_tags(html: str, limit: int) -> str:
    if html.count("<") <= limit:
        return html
    beyond = next(islice(re.finditer("<", html), limit, None))
    return html[: beyond.start()]


def _first_levels(html: str) -> str:
    """Cut where elements lie too deep; an end tag counts only for an element of its name."""
    open_elements: dict[str, int] = {}
    depth = 0
    for match in _TAG.finditer(html):
        name = match.group(2).lower()
        if name in _UNCOUNTED:
            continue
        count = open_elements.get(name, 0)
        if not match.group(1):
            open_elements[name], depth = count + 1, depth + 1
            if depth > MAX_NESTING:
                return html[: match.start()]
        elif count:
            open_elements[name], depth = count - 1, depth - 1
    return html


def _different_formatting(html: str) -> int:
    """Count formatting tags that may differ: of equal ones at most three are opened again."""
    plain = _PLAIN_FORMATTING.findall(html)
    every = sum(1 for _ in _FORMATTING.finditer(html))
    return len(set(plain)) + every - len(plain)
