"""Turn spans of time that people name into epoch seconds, by a calendar in their time zone.

Gmail reads the dates of a query at midnight in California; epoch seconds are exact everywhere.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import InvalidInput, InvalidQuery


class DateRange(StrEnum):
    """A span of time by name; days begin at midnight where the person is."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_YEAR = "this_year"


def date_bounds(
    range: DateRange | str,  # noqa: A002 - the word that callers and tools use for it
    *,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[int, int | None]:
    """Return epoch seconds `(from, until)`: `from` inclusive, `until` exclusive or None for open.

    Days are calendar days, so on a change of clocks they have 23 or 25 hours. last_7_days is today
    and the seven days before it, as Gmail's `newer_than:7d` has it; last_30_days likewise.
    Only yesterday and last_month end before now.

    Args:
        now: the present moment, with an offset.
        zone: where the person is.

    Raises:
        InvalidInput: `now` has no offset.
        InvalidQuery: no such range.
    """
    if now.utcoffset() is None:
        raise InvalidInput("The present moment was given without an offset.")
    try:
        wanted = DateRange(range)
    except ValueError:
        raise InvalidQuery(f"date_range has to be one of {', '.join(DateRange)}.") from None
    today = now.astimezone(zone).date()
    first, end = _days(wanted, today, zone)
    return _begins(first, zone), None if end is None else _begins(end, zone)


def _days(wanted: DateRange, today: date, zone: ZoneInfo) -> tuple[date, date | None]:
    month = today.replace(day=1)
    match wanted:
        case DateRange.TODAY:
            return today, None
        case DateRange.YESTERDAY:
            # The day of the last second before today: Samoa had no 30 December 2011.
            last = datetime.fromtimestamp(_begins(today, zone) - 1, zone)
            return last.date(), today
        case DateRange.LAST_7_DAYS:
            return today - timedelta(days=7), None
        case DateRange.LAST_30_DAYS:
            return today - timedelta(days=30), None
        case DateRange.THIS_MONTH:
            return month, None
        case DateRange.LAST_MONTH:
            return (month - timedelta(days=1)).replace(day=1), month
        case DateRange.THIS_YEAR:
            return today.replace(month=1, day=1), None


def _begins(day: date, zone: ZoneInfo) -> int:
    """Find the first second of a day, which is not always 00:00."""
    midnight = datetime.combine(day, time(), zone)
    before_gap = int(midnight.timestamp())
    after_gap = int(midnight.replace(fold=1).timestamp())
    if before_gap <= after_gap:  # an ordinary midnight, or one that comes twice: the first
        return before_gap
    # Clocks jump over this midnight. Look for the second at which they do.
    low, high = after_gap, before_gap
    new_offset = datetime.fromtimestamp(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == new_offset:
            high = middle
        else:
            low = middle
    return high
