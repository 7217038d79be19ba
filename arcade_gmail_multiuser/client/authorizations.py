"""Keep each user's pending authorizations, and wait until one ends. No token, ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from arcadepy import APIError, APIStatusError, AsyncArcade
from cachetools import TTLCache

from arcade_gmail_multiuser.client.results import Authorization, authorization_of, engine_error
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    AuthorizationPending,
    RateLimited,
    Unavailable,
    WrongUser,
)

__all__ = ["PendingAuthorizations", "authorization_failed", "check_owner", "wait_for"]

MAX_PENDING = 32
LONG_POLL_S = 45
GRACE_S = 10.0

Names = frozenset[str]


@dataclass(slots=True, repr=False)
class _Pending:
    id: str
    unseen: Names
    """Those of the tools asked for that have not been seen to work since."""


class PendingAuthorizations:
    """Remember, for a bounded number of users and a limited time, what each was asked to grant.

    The newest authorization comes last. The user's id is the key by itself, joined with nothing.
    """

    def __init__(self, max_users: int, ttl_s: float, clock: Callable[[], float]) -> None:
        self._of: TTLCache[str, dict[Names, _Pending], float] = TTLCache(max_users, ttl_s, clock)

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._of

    def remember(self, user_id: str, tools: Collection[str], authorization_id: str) -> None:
        pending, names = dict(self._of.get(user_id) or {}), frozenset(tools)
        pending.pop(names, None)
        pending[names] = _Pending(authorization_id, names)
        while len(pending) > MAX_PENDING:
            del pending[next(iter(pending))]
        self._of[user_id] = pending

    def find(self, user_id: str, tools: Collection[str] | None = None) -> str | None:
        """Return the id of the authorization for exactly these tools, or of the newest one."""
        pending = self._of.get(user_id) or {}
        if tools is None:
            asked = next(reversed(pending.values()), None)
        else:
            asked = pending.get(frozenset(tools))
        return None if asked is None else asked.id

    def worked(self, user_id: str, tools: Collection[str]) -> bool:
        """Note that these tools are allowed; return whether any of them was waited for.

        What was asked for other tools stays: its page may be open in front of the person.
        """
        pending = self._of.get(user_id)
        waited = [one for one in (pending or {}).values() if not one.unseen.isdisjoint(tools)]
        for one in waited:
            one.unseen -= frozenset(tools)
        if pending is not None and waited:
            self._replace(user_id, {names: one for names, one in pending.items() if one.unseen})
        return bool(waited)

    def granted(self, user_id: str, authorization_id: str) -> None:
        """Drop an authorization that the person has granted."""
        pending = self._of.get(user_id) or {}
        left = {names: one for names, one in pending.items() if one.id != authorization_id}
        if len(left) < len(pending):
            self._replace(user_id, left)

    def forget(self, user_id: str) -> None:
        """Drop everything a user was asked."""
        self._of.pop(user_id, None)

    def _replace(self, user_id: str, pending: dict[Names, _Pending]) -> None:
        if pending:
            self._of[user_id] = pending
        else:
            self.forget(user_id)


async def wait_for(
    client: AsyncArcade, authorization_id: str, user_id: str, *, timeout_s: float, pause_s: float
) -> None:
    """Return when the authorization is complete. arcadepy's own wait never sees a failure.

    Raises:
        AuthorizationFailed: declined, expired, confirmed as another user, or unknown to the engine.
        AuthorizationPending: `timeout_s` is over; the same authorization can be waited for again.
        WrongUser: the authorization is another user's.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    # This loop repeats the poll; a retry inside one would overrun the deadline.
    once = client.with_options(max_retries=0)
    while True:
        left = max(0.0, deadline - loop.time())
        wait_s = int(min(LONG_POLL_S, left))
        began, pause = loop.time(), pause_s
        try:
            found = await _poll(once, authorization_id, wait_s)
            check_owner(found, user_id)
            if found.status == "completed":
                return
            if found.status == "failed":
                raise authorization_failed()
        except (Unavailable, RateLimited) as problem:
            pause = max(pause_s, (problem.retry_after_ms or 0) / 1000)
        now = loop.time()
        if now >= deadline:
            raise AuthorizationPending(
                "The person has not granted access yet. Show the url again, or wait once more."
            )
        if now - began < max(wait_s, pause):
            # The engine answered early or asked to wait: do not hammer it.
            await asyncio.sleep(min(pause, deadline - now))


def check_owner(found: Authorization, user_id: str) -> None:
    """Refuse an answer that names another user than the one asked for."""
    if found.user_id is not None and found.user_id != user_id:
        raise WrongUser("The engine answered with an authorization of another user.")


def authorization_failed() -> AuthorizationFailed:
    """Make the error for an authorization that ended without the permission."""
    return AuthorizationFailed(
        "The authorization ended without the permission: declined, expired, granted only in part, "
        "or confirmed as another user. Start a new one."
    )


async def _poll(client: AsyncArcade, authorization_id: str, wait_s: int) -> Authorization:
    try:
        answer = await client.auth.status(
            id=authorization_id, wait=wait_s, timeout=wait_s + GRACE_S
        )
    except APIStatusError as problem:
        if problem.status_code in (404, 410):
            raise authorization_failed() from None
        raise engine_error(problem, wrote=False) from None
    except APIError as problem:
        raise engine_error(problem, wrote=False) from None
    except ValueError:
        raise Unavailable("The engine's answer cannot be read.") from None
    return authorization_of(answer)
