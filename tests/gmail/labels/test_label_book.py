"""Labels: found by what people call them, never confused with another."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import UnknownLabel
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook

SYSTEM = ["INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "STARRED", "IMPORTANT", "UNREAD"]
SYSTEM += ["CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS"]


def book(*names: str, **ids: str) -> LabelBook:
    """Gmail's own labels, then `names` as Label_1, Label_2 and so on, then `ids`."""
    resources: list[dict[str, Any]] = [{"id": s, "name": s, "type": "system"} for s in SYSTEM]
    resources += [{"id": f"Label_{n}", "name": name} for n, name in enumerate(names, start=1)]
    resources += [{"id": label_id, "name": name} for label_id, name in ids.items()]
    return LabelBook(resources)


@pytest.mark.parametrize(
    ("asked", "label_id"),
    [
        ("Work/Q3", "Label_1"),
        ("work/q3", "Label_1"),
        (" Work / Q3 ", "Label_1"),
        ("Label_1", "Label_1"),
        ("bread  & BUTTER", "Label_2"),
        ("領収書", "Label_3"),
        ("CAFE\u0301", "Label_4"),
        ("strasse", "Label_5"),
        ("inbox", "INBOX"),
        ("INBOX", "INBOX"),
        ("Starred", "STARRED"),
        ("Important", "IMPORTANT"),
        ("Drafts", "DRAFT"),
        ("Junk", "SPAM"),
        ("bin", "TRASH"),
        ("Primary", "CATEGORY_PERSONAL"),
        ("category_promotions", "CATEGORY_PROMOTIONS"),
    ],
)
def test_a_label_is_found_by_name_or_id_in_any_letter_case(asked: str, label_id: str) -> None:
    labels = book("Work/Q3", "Bread & Butter", "領収書", "Café", "Straße")
    assert labels.id_of(asked) == label_id


@given(st.lists(st.text(min_size=1).filter(str.strip), unique_by=str.strip))
def test_every_exact_name_finds_its_own_label(names: list[str]) -> None:
    labels = book(*(f"u/{name.strip()}" for name in names))
    for n, name in enumerate(names, start=1):
        assert labels.id_of(f"u/{name.strip()}") == f"Label_{n}"


def test_labels_that_differ_only_in_case_have_to_be_spelt_exactly() -> None:
    labels = book("Work", "work")
    assert labels.id_of("Work") == "Label_1"
    assert labels.id_of("work") == "Label_2"
    with pytest.raises(UnknownLabel, match="letter case") as raised:
        labels.id_of("WORK")
    assert raised.value.closest == ("Work", "work")


def test_an_id_wins_over_a_label_of_that_name() -> None:
    labels = book(Label_7="Invoices", Label_8="Label_7")
    assert labels.id_of("Label_7") == "Label_7"
    assert labels.id_of("Label_8") == "Label_8"
    assert labels.name_of(labels.id_of("Invoices")) == "Invoices"


def test_a_persons_own_label_wins_over_a_word_for_one_of_gmails() -> None:
    assert book("Primary").id_of("primary") == "Label_1"


def test_an_unknown_label_is_answered_with_the_closest_names() -> None:
    labels = book("Work/Q3", "Work/Q4", "Invoices", "Family")
    with pytest.raises(UnknownLabel, match='"Invoices"') as raised:
        labels.id_of("Invoces")
    assert raised.value.closest == ("Invoices",)
    assert raised.value.developer_message is None, "names are the person's, not the operator's"
    with pytest.raises(UnknownLabel) as nested:
        labels.id_of("q3")
    assert nested.value.closest[0] == "Work/Q3", "the last part of a nested name is enough"


@pytest.mark.parametrize("name", ["", "  ", "\ud800", "x" * 100_000, "Ελλάδα"])
def test_an_odd_name_is_an_unknown_label(name: str) -> None:
    with pytest.raises(UnknownLabel) as raised:
        book("Work").id_of(name)
    assert len(raised.value.closest) <= 5
    assert len(str(raised.value)) < 300


def test_ten_thousand_labels_are_searched_in_a_blink() -> None:
    labels = book(*(f"Customer {n}/Orders" for n in range(10_000)))
    start = time.process_time()
    with pytest.raises(UnknownLabel):
        labels.id_of("Custmer 77/Order")
    assert time.process_time() - start < 2


def test_names_come_back_in_the_order_of_the_ids() -> None:
    labels = book("Work")
    assert labels.names_of(["Label_1", "INBOX", "Label_99"]) == ["Work", "INBOX", "Label_99"]
    assert labels.names_of([]) == []


def test_an_empty_book_knows_no_label() -> None:
    with pytest.raises(UnknownLabel):
        LabelBook([]).id_of("INBOX")
