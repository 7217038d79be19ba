"""What the client remembers of a person: which authorizations it has asked for. No token, ever."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from cachetools import TTLCache

__all__ = ["Sessions"]

MOST_PENDING = 32

Names = frozenset[str]


@dataclass(slots=True, repr=False)
class _Asked:
    id: str
    unseen: Names
    """Those of the tools asked for that have not been seen to work since."""


class Sessions:
    """Keep each person's pending authorizations, of so many people, for so long.

    The newest authorization stands last. The user's id is the key by itself, joined with nothing.
    """

    def __init__(self, most: int, ttl_s: float, clock: Callable[[], float]) -> None:
        self._of: TTLCache[str, dict[Names, _Asked], float] = TTLCache(most, ttl_s, clock)

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._of

    def remember(self, user_id: str, tools: Collection[str], authorization_id: str) -> None:
        pending, names = dict(self._of.get(user_id) or {}), frozenset(tools)
        pending.pop(names, None)
        pending[names] = _Asked(authorization_id, names)
        while len(pending) > MOST_PENDING:
            del pending[next(iter(pending))]
        self._of[user_id] = pending

    def pending(self, user_id: str, tools: Collection[str] | None = None) -> str | None:
        """Give the id of the authorization for just these tools, or of the newest one."""
        pending = self._of.get(user_id) or {}
        if tools is None:
            asked = next(reversed(pending.values()), None)
        else:
            asked = pending.get(frozenset(tools))
        return None if asked is None else asked.id

    def worked(self, user_id: str, tools: Collection[str]) -> bool:
        """Note that these tools are allowed; tell whether any of them was waited for.

        What is asked for other tools stays: its address may be open in front of the person.
        """
        pending = self._of.get(user_id)
        waited = [one for one in (pending or {}).values() if not one.unseen.isdisjoint(tools)]
        for one in waited:
            one.unseen -= frozenset(tools)
        if pending is not None and waited:
            self._keep(user_id, {names: one for names, one in pending.items() if one.unseen})
        return bool(waited)

    def agreed(self, user_id: str, authorization_id: str) -> None:
        """Drop an authorization that the person has given."""
        pending = self._of.get(user_id) or {}
        left = {names: one for names, one in pending.items() if one.id != authorization_id}
        if len(left) < len(pending):
            self._keep(user_id, left)

    def forget(self, user_id: str) -> None:
        """Drop all of a person."""
        self._of.pop(user_id, None)

    def _keep(self, user_id: str, pending: dict[Names, _Asked]) -> None:
        if pending:
            self._of[user_id] = pending
        else:
            self.forget(user_id)
