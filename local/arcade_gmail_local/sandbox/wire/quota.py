"""A person's quota units per minute, off unless a test sets a limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from arcade_gmail_local.sandbox.wire.call import Limits
from arcade_gmail_local.sandbox.wire.google_error import quota_exceeded

WINDOW_S = 60.0


class UnitMeter:
    """Count each person's units over the last minute; what is refused costs nothing."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._spent: dict[str, deque[tuple[float, int]]] = {}

    def spend(self, user: str, units: int) -> None:
        """Take the units of one call, or refuse it as Gmail does (403 rateLimitExceeded)."""
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
