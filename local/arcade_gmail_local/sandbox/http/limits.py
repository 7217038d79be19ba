"""Limit what one person may use: quota units per minute, requests in flight, recipients."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from arcade_gmail_local.sandbox.google_error import quota_exceeded
from arcade_gmail_local.sandbox.mail.delivery import DEFAULT_MAX_RECIPIENTS

WINDOW_S = 60.0


@dataclass(slots=True)
class Limits:
    """The limits in force, set by POST /_sandbox/limits. None means no limit."""

    units_per_minute: int | None = None
    max_in_flight: int | None = None
    max_recipients: int | None = DEFAULT_MAX_RECIPIENTS


class UnitMeter:
    """Count each person's units over the last minute; a refused call costs nothing."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._spent: dict[str, deque[tuple[float, int]]] = {}

    def spend(self, user: str, units: int) -> None:
        """Spend the units of one call, or refuse it as Gmail does (403 rateLimitExceeded)."""
        limit = self._limits.units_per_minute
        if limit is None:
            self._spent.clear()
            return
        now = self._clock()
        spent = self._spent.setdefault(user, deque())
        while spent and spent[0][0] <= now - WINDOW_S:
            spent.popleft()
        if sum(cost for _, cost in spent) + units > limit:
            raise quota_exceeded(limit)
        spent.append((now, units))
