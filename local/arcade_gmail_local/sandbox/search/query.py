"""Parse Gmail's search language into a tree.

Nothing is an error, as in Gmail: an unknown operator is text, an unmatched bracket is
ignored. `OR` binds tighter than the blank that means AND, so `a b OR c` is `a AND (b OR c)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arcade_gmail_local.sandbox.search.words import words_of

_OPERATORS = (
    "from|to|cc|bcc|subject|deliveredto|list|rfc822msgid|label|in|is|category|has|filename"
    "|after|before|newer|older|newer_than|older_than|size|larger|smaller"
)
MAX_DEPTH = 30
"""Brackets nested deeper than this are ignored."""

_HIDDEN = frozenset({"spam", "trash", "anywhere"})


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """Words that have to be adjacent somewhere in the message."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """An operator with its value as typed, without quotes."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, repr=False)
class Around:
    """Two phrases with at most `distance` words between them, in either order."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    distance: int


@dataclass(frozen=True, slots=True, repr=False)
class Not:
    node: Node


@dataclass(frozen=True, slots=True, repr=False)
class AllOf:
    """Every one of the nodes; none at all is true."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, repr=False)
class AnyOf:
    """At least one of the nodes."""

    nodes: tuple[Node, ...]


Node = Text | Field | Around | Not | AllOf | AnyOf


def parse_query(q: str) -> Node:
    """Parse a search; everything matches ""."""
    return _Parser(_lex(q)).whole()


def looks_in_spam_and_trash(node: Node) -> bool:
    """Return whether a search names spam, trash or anywhere, which includes them."""
    match node:
        case Field(name="in" | "label" | "is", value=value):
            return value.lower() in _HIDDEN
        case AllOf(nodes) | AnyOf(nodes):
            return any(looks_in_spam_and_trash(inner) for inner in nodes)
        case _:
            # `-in:trash` names it only to exclude it.
            return False


# Lexing


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    """`kind` is one of ( ) { } - quote word field."""

    kind: str
    text: str = ""


_TOKEN = re.compile(
    rf"""
    (?P<bracket>[()}}{{])
    | "(?P<quote>[^"]*)"?
    | (?P<minus>-)(?=[^\s)}}])
    | (?P<plus>\+)(?=[^\s()}}{{"])                       # exactly this word, as every word is
    | (?P<field>(?i:{_OPERATORS})):[ \t]*
      (?:(?P<value>[^\s()}}{{"]+)|(?=[({{"]))             # other values are lexed as usual
    | (?P<word>[^\s()}}{{"]+)
    """,
    re.VERBOSE,
)


def _lex(q: str) -> list[_Token]:
    tokens: list[_Token] = []
    for found in _TOKEN.finditer(q):
        match found.lastgroup:
            case "bracket":
                tokens.append(_Token(found[0]))
            case "minus" if tokens and tokens[-1].kind == "-":
                # Two cancel out, or a thousand of them would nest a thousand deep.
                tokens.pop()
            case "minus":
                tokens.append(_Token("-"))
            case "field" | "value":
                tokens.append(_Token("field", found["field"].lower()))
                tokens += [_Token("word", found["value"])] if found["value"] else []
            case "quote" | "word" as kind:
                tokens.append(_Token(kind, found[kind]))
    return tokens


# Parsing


class _Parser:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        nodes: list[Node] = []
        while self._at < len(self._tokens):
            nodes += self._nodes_until(None, field=None)
            self._at += 1  # a closing bracket that nothing opened
        return _all(nodes)

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next_is(self, kind: str, text: str | None = None) -> bool:
        token = self._peek()
        return token is not None and token.kind == kind and text in (None, token.text)

    def _nodes_until(self, closer: str | None, *, field: str | None) -> list[Node]:
        """Parse nodes up to `closer`, which is left for the caller."""
        nodes: list[Node] = []
        while (token := self._peek()) is not None:
            if token.kind in ")}" and (closer is None or token.kind == closer):
                break
            if token.kind in ")}":
                self._at += 1
                continue
            node = self._chain(field)
            nodes += [] if node is None else [node]
        return nodes

    def _chain(self, field: str | None) -> Node | None:
        """Parse `a OR b OR c`, or a single node."""
        choices: list[Node] = []
        while True:
            node = self._around(field)
            choices += [] if node is None else [node]
            if not (self._next_is("word", "OR") or self._next_is("word", "|")):
                break
            self._at += 1
        if not choices:
            return None
        return choices[0] if len(choices) == 1 else AnyOf(tuple(choices))

    def _around(self, field: str | None) -> Node | None:
        left = self._one(field)
        if not isinstance(left, Text) or not self._next_is("word", "AROUND"):
            return left
        here = self._at
        self._at += 1
        distance = 10
        if (number := self._peek()) and number.kind == "word" and number.text.isdecimal():
            distance = min(int(number.text[:6]), 1000)
            self._at += 1
        right = self._one(field)
        if isinstance(right, Text):
            return Around(left.words, right.words, distance)
        self._at = here
        return left

    def _one(self, field: str | None) -> Node | None:
        """Parse one node; None for what means nothing (a lone sign, an empty bracket)."""
        token = self._peek()
        if token is None or token.kind in ")}":
            return None
        if token.kind == "word" and token.text in ("OR", "|"):
            return None
        self._at += 1
        readers: dict[str, Callable[[_Token], Node | None]] = {
            "-": lambda _: self._negated(field),
            "(": lambda _: self._bracket(")", field),
            "{": lambda _: self._bracket("}", field),
            "field": lambda t: self._one(t.text),
            "quote": lambda t: _leaf(t.text, field),
            "word": lambda t: None if t.text == "AND" else _leaf(t.text, field),
        }
        return readers[token.kind](token)

    def _negated(self, field: str | None) -> Node | None:
        node = self._one(field)
        return None if node is None else Not(node)

    def _bracket(self, closer: str, field: str | None) -> Node | None:
        if self._depth >= MAX_DEPTH:
            return None
        self._depth += 1
        nodes = self._nodes_until(closer, field=field)
        self._depth -= 1
        self._at += 1
        if not nodes:
            return None
        if closer == "}":
            return nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes))
        return _all(nodes)


def _leaf(text: str, field: str | None) -> Node | None:
    if field is not None:
        return Field(field, text.strip())
    words = words_of(text)
    return Text(words) if words else None


def _all(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))
