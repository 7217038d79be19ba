"""Queries: what people type is data; only the builder writes operators."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidQuery
from arcade_gmail_multiuser.gmail.queries import AUTOMATED_MAIL, MAX_QUERY_CHARS, build_query

# Gmail's reading of `q`, as far as it matters here: blanks part terms, braces and parentheses
# group, a word with a colon is an operator, and any quotation mark opens or closes a phrase.
QUOTES = '"“”„‟'
TOKEN = re.compile(
    rf"(?P<group>[{{}}()])|(?P<term>-?(?:[\w]+:)?(?:[{QUOTES}][^{QUOTES}]*[{QUOTES}]|[^\s{{}}(){QUOTES}]*))"
)


def gmail_reads(query: str) -> Iterator[tuple[str, str]]:
    """Yield (operator, value) of each term, and ("group", brace)."""
    at = 0
    while at < len(query):
        if query[at] == " ":
            at += 1
            continue
        found = TOKEN.match(query, at)
        assert found, query
        assert found.end() > at, f"an open quotation mark at {at}"
        at = found.end()
        if found["group"]:
            yield "group", found["group"]
            continue
        operator, colon, value = found["term"].partition(":")
        if not colon or found["term"][0] in QUOTES:
            operator, value = "", found["term"]
        quoted = len(value) > 1 and value[0] in QUOTES and value[-1] in QUOTES
        yield operator, value[1:-1] if quoted else f"bare {value}"


def words(text: str) -> list[str]:
    return re.sub(r"[\s\"\\“-‟«»″‶〝-〟＂\x00-\x1f\x7f-\x9f]+", " ", text).split()


PIECES = ['"', "“", "”", "{", "}", "(", ")", ":", "-", " OR ", " AROUND 3 ", "from:", "in:trash"]
PIECES += ["\\", "\n", "a", "山田", "+", " ", "\0"]
hostile = st.text() | st.lists(st.sampled_from(PIECES)).map("".join)
FIELDS = {"sender": "from", "recipient": "to", "subject": "subject", "body": ""}


@given(st.sampled_from(sorted(FIELDS)), hostile)
def test_any_text_is_one_phrase_of_its_field(field: str, text: str) -> None:
    try:
        query = build_query(**{field: text}, after=1)  # type: ignore[arg-type]
    except InvalidQuery:
        assert not words(text)
        return
    (operator, phrase), *rest = gmail_reads(query)
    assert rest == [("after", "bare 1")]
    assert operator == FIELDS[field]
    if phrase == "bare me":
        assert text.strip('"“”\\ \n\0').lower() == "me"
    else:
        assert words(phrase) == words(text), "every word is searched for, in order"


@given(st.lists(hostile.filter(words), min_size=2, max_size=5, unique=True), hostile.filter(words))
def test_several_values_are_alternatives_of_one_field(values: list[str], subject: str) -> None:
    read = list(gmail_reads(build_query(sender=values, subject=[subject])))
    assert read[0] == ("group", "{")
    assert read[len(values) + 1] == ("group", "}")
    assert [operator for operator, _ in read[1 : len(values) + 1]] == ["from"] * len(values)
    assert [operator for operator, _ in read[len(values) + 2 :]] == ["subject"]


@given(hostile)
def test_any_label_is_one_word_of_its_field(name: str) -> None:
    try:
        query = build_query(label=name)
    except InvalidQuery:
        return
    ((operator, value),) = gmail_reads(query)
    assert operator == "label"
    assert not re.search(r"\s", value.removeprefix("bare "))


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, ""),
        ({"sender": "Jane Doe"}, 'from:"Jane Doe"'),
        ({"sender": ["a@x.com", "b@x.com"]}, '{from:"a@x.com" from:"b@x.com"}'),
        ({"sender": ["a@x.com", "a@x.com"]}, 'from:"a@x.com"'),
        ({"recipient": "me"}, "to:me"),
        ({"subject": "me"}, 'subject:"me"'),
        ({"subject": 'say "hi" -in:trash OR {x}'}, 'subject:"say hi -in:trash OR {x}"'),
        ({"body": ["one two", "三"]}, '{"one two" "三"}'),
        ({"sender": "a", "recipient": "b", "body": "c"}, 'from:"a" to:"b" "c"'),
        ({"label": "Work/Q3"}, "label:work-q3"),
        ({"label": "Bread & Butter"}, "label:bread---butter"),
        ({"label": "領収書"}, "label:領収書"),
        ({"label": "a (b) {c}"}, 'label:"a-(b)-{c}"'),
        ({"label": 'x" OR in:trash'}, 'label:"x--or-in:trash"'),
        ({"after": 1, "before": 2}, "after:1 before:2"),
        ({"before": 0}, "before:0"),
        ({"exclude_automated": True}, AUTOMATED_MAIL),
    ],
)
def test_a_query_is_written_as_gmail_documents_it(fields: dict[str, object], query: str) -> None:
    assert build_query(**fields) == query  # type: ignore[arg-type]


def test_automated_mail_is_left_out_by_terms_that_are_all_negative() -> None:
    assert all(term.startswith("-") for term in AUTOMATED_MAIL.split())


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": ""},
        {"sender": [""]},
        {"subject": ["fine", " \t"]},
        {"body": '""'},
        {"body": "\0"},
        {"recipient": "someone \ud83d"},
        {"label": " "},
        {"label": "/"},
        {"label": "\udc00"},
        {"after": 5, "before": 5},
        {"after": 6, "before": 5},
        {"after": -1},
        {"sender": [f"someone{n}@example.com" for n in range(1000)]},
        {"body": "x" * MAX_QUERY_CHARS},
    ],
)
def test_what_cannot_be_searched_for_is_an_error_that_does_not_repeat_it(
    fields: dict[str, object],
) -> None:
    with pytest.raises(InvalidQuery) as raised:
        build_query(**fields)  # type: ignore[arg-type]
    assert "fine" not in str(raised.value)
    assert "someone" not in str(raised.value)
