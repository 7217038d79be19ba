"""How much of a call's own time is left."""

from __future__ import annotations

from collections.abc import Callable

from arcade_gmail_multiuser.errors import DeadlineExceeded, InvalidInput

__all__ = ["Deadline"]


class Deadline:
    """The moment at which a call's own time is over."""

    __slots__ = ("_at", "_clock")

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        if not seconds > 0:
            raise InvalidInput("The deadline must be more than 0 seconds away.")
        self._clock = clock
        self._at = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._at - self._clock())

    def check(self) -> None:
        """Raise DeadlineExceeded if no time is left to begin anything."""
        if self.remaining() <= 0:
            raise DeadlineExceeded(
                "There was no time left to ask Gmail. Try again, or ask for less at once.",
                sent=False,
            )
