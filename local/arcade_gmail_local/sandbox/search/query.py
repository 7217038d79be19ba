"""Gmail's search language, read into a tree.

Nothing is ever an error here, as at Gmail: an unknown operator is text, an unmatched bracket is
ignored. `OR` binds tighter than the blank that means AND, so `a b OR c` is `a AND (b OR c)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arcade_gmail_local.sandbox.search.words import words_of

OPERATORS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "deliveredto",
        "list",
        "rfc822msgid",
        "label",
        "in",
        "is",
        "category",
        "has",
        "filename",
        "after",
        "before",
        "newer",
        "older",
        "newer_than",
        "older_than",
        "size",
        "larger",
        "smaller",
    ]
)
MAX_DEPTH = 30
"""Brackets nested deeper than this are ignored."""

_HIDDEN = frozenset({"spam", "trash", "anywhere"})


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """Words that have to stand next to one another somewhere in the message."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """An operator with its value as it was typed, quotes taken off."""

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
    """Read a search; "" gives a tree that everything matches."""
    return _Parser(_lex(q)).whole()


def looks_in_spam_and_trash(node: Node) -> bool:
    """Say whether a search names spam, trash or anywhere, which lifts their exclusion."""
    match node:
        case Field(name="in" | "label" | "is", value=value):
            return value.lower() in _HIDDEN
        case AllOf(nodes) | AnyOf(nodes):
            return any(looks_in_spam_and_trash(inner) for inner in nodes)
        case _:
            # `-in:trash` names it too, but only to keep it out.
            return False


# Lexing


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    """`kind` is one of ( ) { } - quote word field."""

    kind: str
    text: str = ""


_BREAKS = re.compile(r"""[\s(){}"]""")
_OPERATOR = re.compile(r"([A-Za-z_0-9]+):[ \t]*(?=\S)")


def _lex(q: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(q):
        at = _lex_one(q, at, tokens)
    return tokens


def _lex_one(q: str, at: int, tokens: list[_Token]) -> int:
    char = q[at]
    if char.isspace():
        return at + 1
    if char in "(){}":
        tokens.append(_Token(char))
        return at + 1
    if char == '"':
        end = q.find('"', at + 1)
        end = len(q) if end < 0 else end
        tokens.append(_Token("quote", q[at + 1 : end]))
        return end + 1
    if char in "-+" and not _BREAKS.match(q[at + 1 : at + 2] or " "):
        # `+word` asks for exactly this word, which is what every word means here.
        return _lex_sign(char, at, tokens)
    if char == "-" and q[at + 1 : at + 2] in ("(", "{", '"'):
        return _lex_sign(char, at, tokens)
    operator = _OPERATOR.match(q, at)
    if operator and operator[1].lower() in OPERATORS and q[operator.end()] not in ")}":
        tokens.append(_Token("field", operator[1].lower()))
        return _lex_value(q, operator.end(), tokens)
    return _lex_word(q, at, tokens)


def _lex_sign(char: str, at: int, tokens: list[_Token]) -> int:
    if char == "-" and tokens and tokens[-1].kind == "-":
        # Two cancel out; so does a thousand, which would otherwise nest a thousand deep.
        tokens.pop()
    elif char == "-":
        tokens.append(_Token("-"))
    return at + 1


def _lex_value(q: str, at: int, tokens: list[_Token]) -> int:
    """Read an operator's plain value; a quoted or bracketed one is lexed as usual."""
    return at if q[at] in '({"' else _lex_word(q, at, tokens)


def _lex_word(q: str, at: int, tokens: list[_Token]) -> int:
    found = _BREAKS.search(q, at)
    end = found.start() if found else len(q)
    tokens.append(_Token("word", q[at:end]))
    return end


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
        """Read nodes up to `closer` (left for the caller) or any bracket that closes."""
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
        """Read `a OR b OR c`, or one node alone."""
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
        """Read one node; None for what means nothing (a lone sign, an empty bracket)."""
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
