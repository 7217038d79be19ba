"""Open the limiter that a configuration asks for."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.boundaries import RateBoundary
from arcade_gmail_multiuser.security.rate_limits.attempts import (
    AttemptLimiter,
    AttemptStore,
    MemoryAttemptStore,
)
from arcade_gmail_multiuser.security.rate_limits.sql_attempts import SqlAttemptStore

__all__ = ["open_limiter"]


def open_limiter(
    boundary: RateBoundary,
    database: AsyncEngine | None,
    *,
    clock: Callable[[], float] = time.time,
) -> AttemptLimiter:
    """Make the limiter; await its `prepare` at start and its `close` at the end.

    Raises:
        ConfigurationError: it has to be in a database, and there is none.
    """
    return AttemptLimiter(
        _store_of(boundary, database),
        max_attempts=boundary.max_attempts,
        window_s=boundary.window_s,
        enabled=boundary.enabled,
        clock=clock,
    )


def _store_of(boundary: RateBoundary, database: AsyncEngine | None) -> AttemptStore:
    if boundary.backend == "memory":
        return MemoryAttemptStore()
    if boundary.redis_url is not None:
        # redis is an extra that only this choice needs.
        from arcade_gmail_multiuser.security.rate_limits.redis_attempts import (  # noqa: PLC0415
            RedisAttemptStore,
        )

        return RedisAttemptStore(boundary.redis_url)
    if database is None:
        raise ConfigurationError("rate_limiting.backend is `database`, and there is none.")
    return SqlAttemptStore(database)
