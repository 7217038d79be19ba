"""Wait until a person has agreed, or has not."""

from __future__ import annotations

import asyncio

from arcadepy import APIError, APIStatusError, AsyncArcade

from arcade_gmail_multiuser.client.results import Authorization, authorization_of, engine_error
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    AuthorizationPending,
    GmailMultiuserError,
    RateLimited,
    Unavailable,
    WrongUser,
)

__all__ = ["check_owner", "wait_for"]

LONG_POLL_S = 45
GRACE_S = 10.0


async def wait_for(
    client: AsyncArcade, authorization_id: str, user_id: str, *, timeout_s: float, pause_s: float
) -> None:
    """Return when the authorization is complete. arcadepy's own waiting would never see a failure.

    Raises:
        AuthorizationFailed: declined, expired, confirmed as another, or unknown to the engine.
        AuthorizationPending: `timeout_s` is over; the same authorization can be waited for again.
        WrongUser: the authorization is another user's.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    # The loop below is the repeating; a repeat inside a poll would overrun the deadline.
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
                raise failed()
        except (Unavailable, RateLimited) as problem:
            pause = max(pause_s, (problem.retry_after_ms or 0) / 1000)
        now = loop.time()
        if now >= deadline:
            raise AuthorizationPending(
                "The person has not agreed yet. Show the url again, or wait once more."
            )
        if now - began < max(wait_s, pause):
            # Answered before its time, or told not to wait: the engine is not hurried.
            await asyncio.sleep(min(pause, deadline - now))


def check_owner(found: Authorization, user_id: str) -> None:
    """Refuse an answer that names another user than the one asked for."""
    if found.user_id is not None and found.user_id != user_id:
        raise WrongUser("The engine answered with an authorization of another user.")


def failed() -> GmailMultiuserError:
    return AuthorizationFailed(
        "The authorization ended without the permission: declined, expired, given only in part, "
        "or confirmed as another user. Begin a new one."
    )


async def _poll(client: AsyncArcade, authorization_id: str, wait_s: int) -> Authorization:
    try:
        answer = await client.auth.status(
            id=authorization_id, wait=wait_s, timeout=wait_s + GRACE_S
        )
    except APIStatusError as problem:
        if problem.status_code in (404, 410):
            raise failed() from None
        raise engine_error(problem, wrote=False) from None
    except APIError as problem:
        raise engine_error(problem, wrote=False) from None
    except ValueError:
        raise Unavailable("The engine's answer cannot be read.") from None
    return authorization_of(answer)
