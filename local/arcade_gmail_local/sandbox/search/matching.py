"""Decide whether a message matches a parsed search."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.search import dates
from arcade_gmail_local.sandbox.search.query import AllOf, AnyOf, Around, Field, Node, Not, Text
from arcade_gmail_local.sandbox.search.words import Words, fold, words_of

Test = Callable[[StoredMessage], Awaitable[bool]]
"""Asynchronous, because a large body is indexed in a thread when first needed."""

_OTHER_STARS = re.compile(
    "(?:orange|red|purple|blue|green)-star|(?:red|yellow)-bang|orange-guillemet|green-check"
    "|blue-info|purple-question"
)


@dataclass(frozen=True, slots=True)
class SearchContext:
    """Whose search it is and when, which its meaning depends on.

    Args:
        label_named: returns the id of the label that `label:`, `in:` or `is:` names, or None.
    """

    me: str
    now_s: float
    label_named: Callable[[str], str | None]


def compile_search(node: Node, context: SearchContext) -> Test:
    """Compile a parsed search into a test of one message."""
    match node:
        case Text(words):
            return _text(words)
        case Field(name, value):
            return _FIELDS[name](name, value, context)
        case Around(left, right, distance):
            return _around(left, right, distance)
        case Not(inner):
            return _not(compile_search(inner, context))
        case AllOf(nodes):
            # Bodies last: they have to be parsed, and another test may fail first.
            ordered = sorted(nodes, key=_reads_the_body)
            return _all([compile_search(inner, context) for inner in ordered])
        case AnyOf(nodes):
            return _any([compile_search(inner, context) for inner in nodes])


def _reads_the_body(node: Node) -> bool:
    match node:
        case Field(name):
            return name in ("has", "filename")
        case Not(inner):
            return _reads_the_body(inner)
        case AllOf(nodes) | AnyOf(nodes):
            return any(_reads_the_body(inner) for inner in nodes)
        case _:
            return True


# Combining


def _not(test: Test) -> Test:
    async def negated(message: StoredMessage) -> bool:
        return not await test(message)

    return negated


def _all(tests: Sequence[Test]) -> Test:
    async def every(message: StoredMessage) -> bool:
        for test in tests:
            if not await test(message):
                return False
        return True

    return every


def _any(tests: Sequence[Test]) -> Test:
    async def some(message: StoredMessage) -> bool:
        for test in tests:
            if await test(message):
                return True
        return False

    return some


def _immediate(decide: Callable[[StoredMessage], bool]) -> Test:
    async def test(message: StoredMessage) -> bool:
        return decide(message)

    return test


# Words


def _text(words: tuple[str, ...]) -> Test:
    async def test(message: StoredMessage) -> bool:
        if message.header_index.everything.has(words):
            return True
        body = await message.body_index()
        return body.words.has(words) or body.attachment_words.has(words)

    return test


def _around(left: tuple[str, ...], right: tuple[str, ...], distance: int) -> Test:
    def near(words: Words) -> bool:
        lefts, rights = list(words.positions(left)), list(words.positions(right))
        return any(
            0 <= r - (a + len(left)) <= distance or 0 <= a - (r + len(right)) <= distance
            for a in lefts
            for r in rights
        )

    async def test(message: StoredMessage) -> bool:
        return near(message.header_index.subject) or near((await message.body_index()).words)

    return test


# Operators


def _header(name: str, value: str, context: SearchContext) -> Test:
    attribute = {"from": "sender", "deliveredto": "delivered_to", "list": "list_"}.get(name, name)
    is_me = name in ("from", "to", "cc", "bcc") and value.lower() == "me"
    words = words_of(context.me if is_me else value)
    return _immediate(lambda m: getattr(m.header_index, attribute).has(words))


def _message_id(_: str, value: str, __: SearchContext) -> Test:
    wanted = value.strip("<>")
    return _immediate(lambda m: bool(wanted) and m.header_message_id == wanted)


def _label(name: str, value: str, context: SearchContext) -> Test:
    wanted = value.lower()
    if wanted == "anywhere":
        return _immediate(lambda _: True)
    if wanted == "read":
        return _immediate(lambda m: "UNREAD" not in m.labels)
    if name == "category":
        category = {"primary": "PERSONAL"}.get(wanted, wanted.upper())
        return _immediate(lambda m: f"CATEGORY_{category}" in m.labels)
    label = context.label_named(value)
    return _immediate(lambda m: label is not None and label in m.labels)


def _has(_: str, value: str, __: SearchContext) -> Test:
    wanted = value.lower()
    if wanted == "yellow-star":
        return _immediate(lambda m: bool(m.labels & {"STARRED", "YELLOW_STAR"}))
    if _OTHER_STARS.fullmatch(wanted):
        return _immediate(lambda _: False)
    if wanted in ("userlabels", "nouserlabels"):
        return _immediate(
            lambda m: any(x.startswith("Label_") for x in m.labels) == (wanted == "userlabels")
        )
    if wanted == "attachment":
        return _has_attachment
    if wanted in ("drive", "document", "spreadsheet", "presentation", "youtube"):
        return _has_link(wanted)
    return _as_text(value)


async def _has_attachment(message: StoredMessage) -> bool:
    return (await message.body_index()).has_attachment


def _has_link(kind: str) -> Test:
    async def test(message: StoredMessage) -> bool:
        return kind in (await message.body_index()).kinds

    return test


def _filename(_: str, value: str, __: SearchContext) -> Test:
    wanted, words = fold(value), words_of(value)

    async def test(message: StoredMessage) -> bool:
        body = await message.body_index()
        by_type = any(name.rpartition(".")[2] == wanted.lstrip(".") for name in body.names)
        return by_type or wanted in body.names or body.attachment_words.has(words)

    return test


def _date(name: str, value: str, context: SearchContext) -> Test:
    by_span = name.endswith("_than")
    read = dates.ago_ms(value, context.now_s) if by_span else dates.date_ms(value)
    if read is None:
        return _as_text(value)
    instant = read
    if name in ("after", "newer", "newer_than"):
        return _immediate(lambda m: m.internal_date_ms >= instant)
    return _immediate(lambda m: m.internal_date_ms < instant)


def _size(name: str, value: str, _: SearchContext) -> Test:
    read = dates.size_bytes(value)
    if read is None:
        return _as_text(value)
    size = read
    if name == "smaller":
        return _immediate(lambda m: len(m.raw) < size)
    # `size:` means at least that many bytes, as `larger:` does.
    return _immediate(lambda m: len(m.raw) >= size)


def _as_text(value: str) -> Test:
    """Search for an unreadable value as text, as Gmail does."""
    return _text(words_of(value))


_FIELDS: Mapping[str, Callable[[str, str, SearchContext], Test]] = {
    **dict.fromkeys(("from", "to", "cc", "bcc", "subject", "deliveredto", "list"), _header),
    "rfc822msgid": _message_id,
    **dict.fromkeys(("label", "in", "is", "category"), _label),
    "has": _has,
    "filename": _filename,
    **dict.fromkeys(("after", "before", "newer", "older", "newer_than", "older_than"), _date),
    **dict.fromkeys(("size", "larger", "smaller"), _size),
}
