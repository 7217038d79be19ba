"""Filters are written as Gmail stores them, with what is literal quoted."""

from __future__ import annotations

from typing import Any

import pytest

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.filters import (
    Wanted,
    checked_action,
    criteria_of,
    search_of,
)


@pytest.mark.parametrize(
    ("wanted", "criteria"),
    [
        (Wanted(sender=["jane@x.org"]), {"from": "jane@x.org"}),
        (Wanted(sender=["a@x.org", "a@x.org", "B C"]), {"from": 'a@x.org OR "B C"'}),
        (Wanted(recipient=["team@x.org"]), {"to": "team@x.org"}),
        (Wanted(subject="  a \n b "), {"subject": "a b"}),
        (
            Wanted(query="is:unread", excluded_query="list:x"),
            {"query": "is:unread", "negatedQuery": "list:x"},
        ),
        (Wanted(has_attachment=True), {"hasAttachment": True}),
        (Wanted(larger_than_bytes=5), {"size": 5, "sizeComparison": "larger"}),
        (Wanted(smaller_than_bytes=5), {"size": 5, "sizeComparison": "smaller"}),
        (Wanted(sender=['x" OR from:boss']), {"from": '"x OR from:boss"'}),
        (Wanted(sender=["日本 太郎"]), {"from": '"日本 太郎"'}),
    ],
)
def test_criteria_are_written_as_gmail_takes_them(wanted: Wanted, criteria: Any) -> None:
    assert criteria_of(wanted) == criteria


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(sender=["  "]),
        Wanted(sender=['"']),
        Wanted(subject=" "),
        Wanted(larger_than_bytes=1, smaller_than_bytes=2),
        Wanted(larger_than_bytes=2**31),
        Wanted(sender=["x" * 1_501]),
        Wanted(sender=[f"person{n}@example.com" for n in range(100)]),
    ],
)
def test_what_no_filter_can_be_is_refused(wanted: Wanted) -> None:
    with pytest.raises(InvalidInput):
        criteria_of(wanted)


def test_the_search_for_what_is_there_says_the_same_as_the_criteria() -> None:
    criteria = {
        "from": "a@x.org OR b@x.org",
        "to": "me",
        "subject": 'the "plan"',
        "query": "is:unread",
        "negatedQuery": "list:x",
        "hasAttachment": True,
        "size": 9,
        "sizeComparison": "smaller",
    }
    assert search_of(criteria) == (
        'from:(a@x.org OR b@x.org) to:(me) subject:"the plan" (is:unread) -(list:x) '
        "has:attachment smaller:9"
    )


def test_a_filter_adds_one_label_of_the_users_own_and_any_of_gmails() -> None:
    action = {"addLabelIds": ["Label_1", "STARRED"], "removeLabelIds": []}
    assert checked_action(action) == {"addLabelIds": ["Label_1", "STARRED"]}
    with pytest.raises(InvalidInput, match="one filter for each"):
        checked_action({"addLabelIds": ["Label_1", "Label_2"], "removeLabelIds": ["INBOX"]})
