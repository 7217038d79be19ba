"""Resolve how each element looks from all style sheets and attributes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from selectolax.lexbor import LexborHTMLParser

from arcade_gmail_multiuser.gmail.html.elements import (
    BEGIN,
    BLOCKS,
    EMPTY,
    END,
    Attributes,
    Writer,
    starts_quote,
)
from arcade_gmail_multiuser.gmail.html.limits import tags
from arcade_gmail_multiuser.gmail.html.media_queries import holds
from arcade_gmail_multiuser.gmail.html.selectors import Rule, Rules
from arcade_gmail_multiuser.gmail.html.styles import (
    DEFAULT_STYLE,
    ComputedStyle,
    computed_style,
    is_unclear,
    read_declarations,
)
from arcade_gmail_multiuser.gmail.html.stylesheets import read_sheet

__all__ = ["Cascade", "Key", "StyledElement"]

_NOT_READ: Mapping[str, str] = {
    **dict.fromkeys(
        tags("script style head title base link meta -doctype svg math select frameset datalist"),
        "",
    ),
    **dict.fromkeys(
        tags("template noscript noframes noembed iframe object embed applet audio video canvas"),
        "unshown",
    ),
    "-comment": "comment",
}
"""Why an element is not read; "" where that needs no warning."""

_LOOK_ATTRIBUTES = frozenset(("bgcolor", "background", "color", "text", "hidden"))
_BLOCK_DISPLAYS = ("block", "table", "flex", "grid", "list-item")
_NOTHING: Mapping[str, str] = {}
_NO_NAMES: frozenset[str] = frozenset()
_WORD = re.compile(r"[^\W\d_]{2,}")
_MIN_ASIDE_WORDS = 8  # a tooltip this long was written to be read

Key = object
"""What elements have in common that look alike: tag, attributes, rules for them alone."""


class StyledElement:
    """What all elements of one key below one and the same path look like, and what they write.

    `reason` names the trick that hides all of it ("" for what is never shown), `trick` the one
    that hides its text. `inside` remembers the elements below: mail repeats a handful of styles on
    every cell, so most elements are found there and nothing is worked out twice.
    """

    __slots__ = (
        "begin",
        "block",
        "closed",
        "computed",
        "empty",
        "end",
        "inside",
        "names",
        "outer",
        "plain",
        "pre",
        "quote",
        "reason",
        "trick",
    )

    def __init__(
        self, outer: StyledElement | None, tag: str, computed: ComputedStyle, reason: str | None
    ) -> None:
        self.outer = outer
        self.computed = computed
        self.reason = reason
        self.trick: str | None = (
            computed.hides() if outer is None or computed is not outer.computed else outer.trick
        )
        self.pre: bool = tag == "pre" or (outer is not None and outer.pre)
        self.plain = self.trick is None and not self.pre
        self.block = BLOCKS.get(tag, 0)
        self.begin = BEGIN.get(tag)
        self.end = END.get(tag)
        self.empty = EMPTY.get(tag) if tag != "img" or self.trick is None else Writer.nothing
        self.closed = reason is not None or self.empty is not None
        self.quote = False
        self.names = _NO_NAMES
        self.inside: dict[Key, StyledElement] = {}


class Cascade:
    """Tell how elements look. `found` counts what may hide text and cannot be followed."""

    def __init__(self, tree: LexborHTMLParser, found: Counter[str], elements: int) -> None:
        self.top = StyledElement(None, "", DEFAULT_STYLE, None)
        self._found = found
        self._rules = Rules(elements)
        for sheet in tree.tags("style"):
            state = holds(sheet.attributes.get("media") or "")
            if state is not False:
                for declared in read_sheet(sheet.text_lexbor()):
                    self._rules.add(declared, certain=state is True)
        self._rules.match(tree)
        self.special = self._rules.special
        """Rules that only single elements meet, by `mem_id`."""

    def enter(
        self, outer: StyledElement, tag: str, attributes: Attributes, special: tuple[Rule, ...]
    ) -> StyledElement:
        """Work out how an element looks whose like has not been met at this place."""
        if tag in _NOT_READ:
            return StyledElement(outer, tag, outer.computed, _NOT_READ[tag])
        style = attributes.get("style")
        names = _NO_NAMES
        rules = special
        if self._rules:
            names = names_of(tag, attributes)
            rules = self._rules.reaching(names, outer, special)
        declared = read_declarations(style) if style else _NOTHING
        if rules:
            declared = merged(rules, declared)
        computed, reason = outer.computed, None
        if declared or tag == "a" or not _LOOK_ATTRIBUTES.isdisjoint(attributes):
            self._found["styles"] += is_unclear(declared)
            computed, reason = computed_style(computed, tag, attributes, declared)
        element = StyledElement(outer, tag, computed, reason)
        element.names = names
        element.quote = starts_quote(attributes)
        self._note_tooltip(attributes)
        if declared:
            _lay_out(element, tag, declared)
        return element

    def finish(self) -> None:
        """Count what could not be followed."""
        self._found["styles"] += self._rules.lost

    def _note_tooltip(self, attributes: Attributes) -> None:
        title = attributes.get("title")
        if title and len(_WORD.findall(title[:5000])) >= _MIN_ASIDE_WORDS:
            self._found["title"] += 1


def _lay_out(element: StyledElement, tag: str, declared: Mapping[str, str]) -> None:
    if (
        not element.block
        and tag != "li"
        and declared.get("display", "").startswith(_BLOCK_DISPLAYS)
    ):
        element.block = 1
    spacing = declared.get("white-space")
    if spacing is not None and tag != "pre":
        element.pre = spacing.startswith(("pre", "break-spaces"))
        element.plain = element.trick is None and not element.pre


def merged(rules: Iterable[Rule], own_style: Mapping[str, str]) -> Mapping[str, str]:
    """Put rules and an element's own style together as a browser does, `!important` first."""
    declared: dict[str, str] = {}
    for source in (*(rule.declared for rule in rules), own_style):
        for name, value in source.items():
            if "!important" in value or "!important" not in declared.get(name, ""):
                declared[name] = value
    return declared


def names_of(tag: str, attributes: Attributes) -> frozenset[str]:
    """List what a selector may call an element: its tag, its classes, its id."""
    classes, identity = attributes.get("class"), attributes.get("id")
    if not classes and not identity:
        return frozenset((tag,))
    names = [tag, *(f".{name}" for name in (classes or "").lower().split()[:50])]
    if identity:
        names.append(f"#{identity.lower()}")
    return frozenset(names)
