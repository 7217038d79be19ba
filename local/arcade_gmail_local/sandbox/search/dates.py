"""Parse dates and sizes as people type them into a search.

Google documents a date as midnight in "PST"; here that is midnight in Los Angeles, summer time
included. Epoch seconds are exact.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_YEAR_FIRST = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_SPAN = re.compile(r"(\d{1,5})([hdmy])")
_SIZE = re.compile(r"(\d{1,12})([kmg]?)b?")


def date_ms(value: str) -> int | None:
    """Return the instant of a date or epoch value in milliseconds; None if it is neither."""
    if value.isdecimal() and value.isascii() and 5 <= len(value) <= 12:
        return int(value) * 1000
    if found := _YEAR_FIRST.fullmatch(value):
        year, month, day = map(int, found.groups())
    elif found := _YEAR_LAST.fullmatch(value):
        month, day, year = map(int, found.groups())
    else:
        return None
    try:
        midnight = datetime(year, month, day, tzinfo=ZoneInfo("America/Los_Angeles"))
        return int(midnight.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def ago_ms(span: str, now_s: float) -> int | None:
    """Return the instant `span` (3d, 2m, 1y, 5h) before now, by the calendar, in milliseconds."""
    found = _SPAN.fullmatch(span.lower())
    if found is None:
        return None
    count, unit = int(found[1]), found[2]
    now = datetime.fromtimestamp(now_s, UTC)
    try:
        if unit in "hd":
            then = now - (timedelta(hours=count) if unit == "h" else timedelta(days=count))
        else:
            then = _months_before(now, count * (12 if unit == "y" else 1))
        return int(then.timestamp() * 1000)
    except (ValueError, OverflowError):
        # Before the first year of the calendar: older than everything.
        return 0


def _months_before(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return now.replace(year=year, month=month + 1, day=min(now.day, last_day))


def size_bytes(value: str) -> int | None:
    found = _SIZE.fullmatch(value.lower())
    if found is None:
        return None
    return int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[found[2]]
