"""Date ranges: calendar days where the person is, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidInput, InvalidQuery
from arcade_gmail_multiuser.gmail.date_ranges import DateRange, date_bounds
from arcade_gmail_multiuser.tools.answer_format import time_zone_of

HOUR = 3600


def bounds(range_: str, now: str, time_zone: str) -> tuple[str, str | None]:
    """The bounds as local times with their offset, which are easier to judge than seconds."""
    zone = ZoneInfo(time_zone)
    start, end = date_bounds(range_, now=datetime.fromisoformat(now), zone=ZoneInfo(time_zone))
    shown = datetime.fromtimestamp(start, zone).isoformat()
    return shown, None if end is None else datetime.fromtimestamp(end, zone).isoformat()


@pytest.mark.parametrize(
    ("range_", "start", "end"),
    [
        ("today", "2026-11-23T00:00:00+01:00", None),
        ("yesterday", "2026-11-22T00:00:00+01:00", "2026-11-23T00:00:00+01:00"),
        ("last_7_days", "2026-11-16T00:00:00+01:00", None),
        ("last_30_days", "2026-10-24T00:00:00+02:00", None),
        ("this_month", "2026-11-01T00:00:00+01:00", None),
        ("last_month", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"),
        ("this_year", "2026-01-01T00:00:00+01:00", None),
    ],
)
def test_each_range_is_whole_days_of_the_persons_calendar(
    range_: str, start: str, end: str | None
) -> None:
    assert bounds(range_, "2026-11-23T13:05:00+00:00", "Europe/Berlin") == (start, end)


def test_today_depends_on_where_the_person_is() -> None:
    now = "2026-11-23T23:30:00+00:00"
    assert bounds("today", now, "America/Los_Angeles")[0] == "2026-11-23T00:00:00-08:00"
    assert bounds("today", now, "Asia/Kathmandu")[0] == "2026-11-24T00:00:00+05:45"
    assert bounds("today", now, "Pacific/Kiritimati")[0] == "2026-11-24T00:00:00+14:00"


@pytest.mark.parametrize(("now", "hours"), [("2026-03-30T10:00Z", 23), ("2026-10-26T10:00Z", 25)])
def test_yesterday_lasts_as_long_as_the_clocks_made_it(now: str, hours: int) -> None:
    moment = datetime.fromisoformat(now)
    start, end = date_bounds("yesterday", now=moment, zone=ZoneInfo("Europe/Berlin"))
    assert end is not None
    assert end - start == hours * HOUR


def test_a_day_without_midnight_begins_when_the_clocks_jump() -> None:
    # On 4 November 2018 clocks in São Paulo went from 23:59:59 to 01:00.
    day = bounds("today", "2018-11-04T12:00:00-02:00", "America/Sao_Paulo")
    assert day == ("2018-11-04T01:00:00-02:00", None)
    before = bounds("yesterday", "2018-11-05T12:00:00-02:00", "America/Sao_Paulo")
    assert before == ("2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00")


def test_a_jump_over_midnight_that_starts_before_it_is_found_to_the_second() -> None:
    # On 30 March 1919 clocks in Toronto went from 23:30 to 00:30 of the 31st.
    day = bounds("today", "1919-03-31T12:00:00-04:00", "America/Toronto")
    assert day == ("1919-03-31T00:30:00-04:00", None)


def test_a_midnight_that_comes_twice_counts_from_the_first() -> None:
    # On 1 November 2026 clocks in Havana go from 01:00 back to 00:00.
    day = bounds("today", "2026-11-01T12:00:00-05:00", "America/Havana")
    assert day == ("2026-11-01T00:00:00-04:00", None)


def test_the_day_before_a_day_that_never_was_is_yesterday() -> None:
    # Samoa went from 29 to 31 December 2011.
    start, end = bounds("yesterday", "2011-12-31T12:00:00+14:00", "Pacific/Apia")
    assert (start, end) == ("2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00")


def test_the_last_month_of_january_is_december() -> None:
    assert bounds("last_month", "2026-01-31T12:00:00+00:00", "UTC") == (
        "2025-12-01T00:00:00+00:00",
        "2026-01-01T00:00:00+00:00",
    )
    assert bounds("last_month", "2028-03-31T12:00:00+00:00", "UTC")[0].startswith("2028-02-01")


ZONES = ["Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "America/Havana"]
WRONG_ZONES = ["", " ", "Mars/Base", "CEST", "+02:00", "Europe", "../etc/passwd", "/etc/passwd"]
WRONG_ZONES += ["a\0b", "\ud800", "x" * 100_000]
ZONES += ["Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "UTC"]


@given(
    st.integers(min_value=157_766_400, max_value=2_143_000_000),  # 1975 to 2037
    st.sampled_from(ZONES),
    st.sampled_from(list(DateRange)),
)
def test_every_range_begins_a_day_and_holds_what_it_promises(
    second: int, zone_name: str, range_: DateRange
) -> None:
    zone = ZoneInfo(zone_name)
    now = datetime.fromtimestamp(second, UTC)
    start, end = date_bounds(range_, now=now, zone=zone)
    first = datetime.fromtimestamp(start, zone).date()
    assert datetime.fromtimestamp(start - 1, zone).date() != first
    assert start <= now.timestamp()
    if end is None:
        assert range_ not in (DateRange.YESTERDAY, DateRange.LAST_MONTH)
        return
    assert start < end <= now.timestamp()
    last = datetime.fromtimestamp(end - 1, zone).date()
    today = now.astimezone(zone).date()
    assert last < today
    assert (first.month == last.month) if range_ is DateRange.LAST_MONTH else (first == last)
    assert timedelta(seconds=end - start) > timedelta(hours=22)


@pytest.mark.parametrize(
    "name",
    WRONG_ZONES,
)
def test_an_unknown_time_zone_is_an_error_that_tells_how_to_name_one(name: str) -> None:
    with pytest.raises(InvalidInput, match="IANA") as raised:
        time_zone_of(name)
    assert "passwd" not in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Europe/Berln", "Europe/Berlin"), ("Tokyo", "Asia/Tokyo"), ("new york", "America/New_York")],
)
def test_an_almost_right_time_zone_is_answered_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(InvalidInput, match=meant):
        time_zone_of(name)


def test_an_unknown_range_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidQuery, match="last_30_days"):
        date_bounds("fortnight", now=datetime.now(UTC), zone=ZoneInfo("UTC"))


def test_a_moment_without_offset_is_refused() -> None:
    with pytest.raises(InvalidInput, match="offset"):
        date_bounds("today", now=datetime.now(UTC).replace(tzinfo=None), zone=ZoneInfo("UTC"))
