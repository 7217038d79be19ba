"""What the client remembers of a person: which authorizations it has asked for. No token, ever."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import TTLCache

__all__ = ["Sessions"]

MOST_PENDING = 32


class Sessions:
    """Keep each person's pending authorizations, of so many people, for so long.

    The newest authorization stands last. The user's id is the key by itself, joined with nothing.
    """

    def __init__(self, most: int, ttl_s: float, clock: Callable[[], float]) -> None:
        self._of: TTLCache[str, dict[str, str], float] = TTLCache(most, ttl_s, clock)

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._of

    def remember(self, user_id: str, tool: str, authorization_id: str) -> None:
        pending = dict(self._of.get(user_id) or {})
        pending.pop(tool, None)
        pending[tool] = authorization_id
        while len(pending) > MOST_PENDING:
            del pending[next(iter(pending))]
        self._of[user_id] = pending

    def pending(self, user_id: str, tool: str | None = None) -> str | None:
        """Give the id of the authorization for a tool, or of the newest one."""
        pending = self._of.get(user_id) or {}
        if tool is not None:
            return pending.get(tool)
        return next(reversed(pending.values()), None)

    def forget(self, user_id: str) -> bool:
        """Drop all of a person; tell whether there was anything."""
        return self._of.pop(user_id, None) is not None
