"""The search language, read into a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_local.sandbox.search.query import (
    AllOf,
    AnyOf,
    Around,
    Field,
    Not,
    Text,
    looks_in_spam_and_trash,
    parse_query,
)


def text(*words: str) -> Text:
    return Text(words)


FROM_A, FROM_B = Field("from", "a"), Field("from", "b")

TREES = {
    "": AllOf(()),
    "   ": AllOf(()),
    "hello": text("hello"),
    "hello world": AllOf((text("hello"), text("world"))),
    '"hello world"': text("hello", "world"),
    '"never closed': text("never", "closed"),
    "+exactly": text("exactly"),
    "a AND b": AllOf((text("a"), text("b"))),
    "a OR b": AnyOf((text("a"), text("b"))),
    "a or b": AllOf((text("a"), text("or"), text("b"))),
    "a b OR c": AllOf((text("a"), AnyOf((text("b"), text("c"))))),
    "{a b}": AnyOf((text("a"), text("b"))),
    "(a b) OR c": AnyOf((AllOf((text("a"), text("b"))), text("c"))),
    "-a": Not(text("a")),
    '-"a b"': Not(text("a", "b")),
    "-{a b}": Not(AnyOf((text("a"), text("b")))),
    "-from:a": Not(FROM_A),
    "--a": text("a"),
    "a - b": AllOf((text("a"), text("b"))),
    "from:a": FROM_A,
    "FROM:a": FROM_A,
    "from: a": FROM_A,
    "from:a from:b": AllOf((FROM_A, FROM_B)),
    "from:(a b)": AllOf((FROM_A, FROM_B)),
    "from:{a b}": AnyOf((FROM_A, FROM_B)),
    "from:(a OR b)": AnyOf((FROM_A, FROM_B)),
    "from:(a -b)": AllOf((FROM_A, Not(FROM_B))),
    'subject:"a b"': Field("subject", "a b"),
    "subject:(x from:a)": AllOf((Field("subject", "x"), FROM_A)),
    "after:2026/11/01": Field("after", "2026/11/01"),
    "rfc822msgid:<a@b.c>": Field("rfc822msgid", "<a@b.c>"),
    "unknown:thing": text("unknown", "thing"),
    "http://example.com": text("http", "example", "com"),
    "from:": text("from"),
    "a AROUND 3 b": Around(("a",), ("b",), 3),
    'a AROUND "b c"': Around(("a",), ("b", "c"), 10),
    "a AROUND": AllOf((text("a"), text("around"))),
    "OR": AllOf(()),
    "a OR": text("a"),
    "OR a": text("a"),
    "a OR OR b": AnyOf((text("a"), text("b"))),
    ")": AllOf(()),
    "a ) b": AllOf((text("a"), text("b"))),
    "(a } b)": AllOf((text("a"), text("b"))),
    "( a": text("a"),
    "()": AllOf(()),
    "!!! a": text("a"),
    "先週の会議": text("先週の会議"),
    "東京2026年": text("東京", "2026", "年"),
}


@pytest.mark.parametrize("q", TREES)
def test_a_search_is_read_as_gmail_reads_it(q: str) -> None:
    assert parse_query(q) == TREES[q]


@pytest.mark.parametrize(
    "q", ["in:trash", "in:anywhere x", "{is:spam a}", "label:Trash", "(a in:spam)"]
)
def test_naming_spam_or_trash_looks_there(q: str) -> None:
    assert looks_in_spam_and_trash(parse_query(q))


@pytest.mark.parametrize("q", ["", "trash", "-in:trash", "in:inbox", "subject:spam"])
def test_anything_else_does_not(q: str) -> None:
    assert not looks_in_spam_and_trash(parse_query(q))


@given(st.text(alphabet='ab-+(){}" :OR\\fromAND', max_size=60))
def test_no_search_is_an_error(q: str) -> None:
    parse_query(q)


@pytest.mark.parametrize("sign", ["-", "(", "{", "from:(", '"', "-(", "a OR "])
def test_a_search_of_ten_thousand_signs_is_read_too(sign: str) -> None:
    parse_query(sign * 10_000 + "a")


def test_the_tree_keeps_the_search_out_of_its_repr() -> None:
    assert "secret" not in repr(parse_query("from:secret (secret OR -secret)"))
