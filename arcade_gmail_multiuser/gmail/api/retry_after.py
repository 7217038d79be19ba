"""How long Google says to wait: in a header, in its sentence, or by the rule of its daily quota."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

__all__ = ["midnight_at_google", "retry_after_ms"]

_IN_MESSAGE = re.compile(
    r"Retry after (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))"
)

LONGEST_MS = 7 * 24 * 3600 * 1000
"""What is said to be further off is rubbish, or of no use to a call."""


def retry_after_ms(headers: Mapping[str, str], message: str, now: float) -> int | None:
    """Return milliseconds from `now` (epoch seconds), or None if nothing readable is said.

    Gmail sends no Retry-After header; the time stands in its message. Proxies send the header,
    in seconds or as a date. Of both, the longer counts. A moment that has passed is 0.
    """
    header = _header_seconds(headers.get("retry-after", "").strip(), now)
    sentence = _sentence_seconds(message, now)
    known = [seconds for seconds in (header, sentence) if seconds is not None]
    if not known:
        return None
    # Rounded up, but not for what is only the noise of binary fractions.
    return min(LONGEST_MS, math.ceil(round(max(0.0, *known) * 1000, 2)))


def midnight_at_google(now: float) -> int:
    """Return milliseconds until daily quotas begin anew, which is midnight in California."""
    here = datetime.fromtimestamp(now, ZoneInfo("America/Los_Angeles"))
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
    return math.ceil((midnight.timestamp() - now) * 1000)


def _header_seconds(value: str, now: float) -> float | None:
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when.replace(tzinfo=when.tzinfo or UTC).timestamp() - now


def _sentence_seconds(message: str, now: float) -> float | None:
    found = _IN_MESSAGE.search(message)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1]).timestamp() - now
    except (ValueError, OverflowError):
        return None
