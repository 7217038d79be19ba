"""Read timestamps: as a caller writes them in a time zone, and as Gmail does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["of_milliseconds", "read_moment"]


def read_moment(field: str, text: str, zone: ZoneInfo, *, ends: bool = False) -> datetime:
    """Read "2026-12-24", "2026-12-24T18:00" or one with an offset, which then wins over the zone.

    Args:
        ends: a day alone means its end, which is the first moment of the next, not its beginning.

    Raises:
        InvalidInput: it is no such text, or lies before 1970 or beyond what can be counted.
    """
    text = text.strip()
    try:
        if len(text) <= 10:
            day = date.fromisoformat(text) + timedelta(days=1 if ends else 0)
            moment = datetime.combine(day, time(), zone)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if moment.timestamp() > 0:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(
        f'{field} is not a date. Write a day as "2026-12-24" or a moment as "2026-12-24T18:00".'
    )


def of_milliseconds(value: object) -> datetime | None:
    """Read Gmail's epoch milliseconds; None for none, or for what no calendar has."""
    try:
        milliseconds = int(str(value))
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
