"""The responder's settings, there and back, and the moments they are given in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.timestamps import of_milliseconds, read_moment
from arcade_gmail_multiuser.gmail.vacation import (
    Responder,
    body_of,
    read_responder,
    state_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BEFORE = datetime(2026, 5, 1, tzinfo=UTC)
AFTER = datetime(2026, 7, 1, tzinfo=UTC)
ON = Responder(enabled=True, subject="Away", plain="Back soon.")


@pytest.mark.parametrize(
    ("responder", "state"),
    [
        (Responder(), "off"),
        (ON, "on"),
        (replace(ON, start=BEFORE, end=AFTER), "on"),
        (replace(ON, start=NOW), "on"),
        (replace(ON, start=AFTER), "scheduled"),
        (replace(ON, end=NOW), "ended"),
        (replace(ON, enabled=False, start=BEFORE), "off"),
    ],
)
def test_it_answers_only_when_it_is_on_and_in_its_time(responder: Responder, state: str) -> None:
    assert state_of(responder, NOW) == state


@pytest.mark.parametrize(
    "responder",
    [
        ON,
        replace(ON, start=BEFORE, end=AFTER, only_contacts=True),
        replace(ON, plain="", html="<p>Hi</p>", only_domain=True),
        Responder(),
        replace(ON, enabled=False, end=BEFORE),
    ],
)
def test_what_is_written_is_read_again(responder: Responder) -> None:
    assert read_responder(body_of(responder, NOW)) == responder


@pytest.mark.parametrize(
    "responder",
    [
        Responder(enabled=True),
        replace(ON, start=AFTER, end=AFTER),
        replace(ON, end=BEFORE),
        replace(ON, plain="x" * 100_001),
    ],
)
def test_what_could_not_answer_is_refused(responder: Responder) -> None:
    with pytest.raises(InvalidInput):
        body_of(responder, NOW)


def test_the_responders_text_is_in_no_repr() -> None:
    assert "Back soon." not in repr(ON)


@pytest.mark.parametrize(
    ("text", "ends", "expected"),
    [
        ("2026-07-01", False, "2026-06-30T22:00:00+00:00"),
        ("2026-07-01", True, "2026-07-01T22:00:00+00:00"),
        (" 2026-07-01T18:00 ", False, "2026-07-01T16:00:00+00:00"),
        ("2026-07-01T18:00+09:00", True, "2026-07-01T09:00:00+00:00"),
        ("2026-07-01T18:00Z", False, "2026-07-01T18:00:00+00:00"),
    ],
)
def test_a_day_is_the_persons_and_the_last_one_counts_whole(
    text: str, ends: bool, expected: str
) -> None:
    assert read_moment("end", text, BERLIN, ends=ends).isoformat() == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "1969-12-31", "9999-12-31", "7/1/2026"])
def test_what_is_no_date_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_moment("end", text, BERLIN, ends=True)
    assert not text or text not in caught.value.message


@pytest.mark.parametrize("value", [None, "", "x", "0", "-5", "9" * 30])
def test_milliseconds_that_are_none_give_no_moment(value: Any) -> None:
    assert of_milliseconds(value) is None
