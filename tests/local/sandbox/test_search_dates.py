"""Dates, spans and sizes of a search."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from arcade_gmail_local.sandbox.search.dates import ago_ms, date_ms, size_bytes

PACIFIC = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 3, 31, 12, tzinfo=PACIFIC).timestamp()


@pytest.mark.parametrize("written", ["2026/11/01", "2026/11/1", "2026-11-01", "11/01/2026"])
def test_a_date_is_its_midnight_in_california(written: str) -> None:
    assert date_ms(written) == datetime(2026, 11, 1, tzinfo=PACIFIC).timestamp() * 1000


def test_epoch_seconds_are_exact() -> None:
    assert date_ms("1795000001") == 1_795_000_001_000


@pytest.mark.parametrize("written", ["", "2026/13/01", "2026/02/30", "yesterday", "12", "١٢٣٤٥٦٧"])
def test_what_is_no_date_is_none(written: str) -> None:
    assert date_ms(written) is None


@pytest.mark.parametrize(
    ("span", "then"),
    [("3d", (2026, 3, 28, 12)), ("1m", (2026, 2, 28, 12)), ("1y", (2025, 3, 31, 12))],
)
def test_a_span_goes_by_the_calendar(span: str, then: tuple[int, int, int, int]) -> None:
    got = ago_ms(span, NOW)
    assert got is not None
    # The zone changes over to summer time in between; the calendar here is UTC's.
    assert abs(got / 1000 - datetime(*then, tzinfo=PACIFIC).timestamp()) <= 3600


def test_hours_work_though_nobody_documents_them() -> None:
    assert ago_ms("2h", NOW) == (NOW - 7200) * 1000


def test_a_span_before_all_time_is_the_beginning_and_rubbish_is_none() -> None:
    assert ago_ms("9999y", NOW) == 0
    assert ago_ms("99999d", NOW) is not None
    assert ago_ms("soon", NOW) is None


@pytest.mark.parametrize(
    ("written", "size"),
    [("10", 10), ("5k", 5120), ("10M", 10 << 20), ("1mb", 1 << 20), ("x", None)],
)
def test_a_size_may_have_a_unit(written: str, size: int | None) -> None:
    assert size_bytes(written) == size
