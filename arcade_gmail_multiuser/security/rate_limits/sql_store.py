"""Count attempts in SQLite or PostgreSQL: one row a key, locked by the database."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from arcade_gmail_multiuser.security.backend_errors import fail_closed
from arcade_gmail_multiuser.security.rate_limits.limiter import limiter_unavailable, weigh_attempt
from arcade_gmail_multiuser.security.rate_limits.tables import attempts, metadata
from arcade_gmail_multiuser.security.schema_versions import prepare_tables

__all__ = ["SqlAttemptStore"]

_SWEEP_EVERY_MS = 60_000
_SWEEP_ROWS = 500
_MAX_CONNECTIONS = 3  # attempts for one person wait for each other; leave connections for the rest


class SqlAttemptStore:
    """Share counts through a database that others use too.

    Args:
        engine: the caller closes it. SQLite must be in WAL mode with a busy timeout.
        timeout_s: how long an attempt may wait for others before it is refused.
    """

    def __init__(self, engine: AsyncEngine, *, timeout_s: float = 10.0) -> None:
        self._engine = engine
        self._timeout_s = timeout_s
        self._swept_ms = 0
        # Waiting for SQLite's lock is polling; one task of each process is enough.
        self._turns = asyncio.Semaphore(1 if engine.dialect.name == "sqlite" else _MAX_CONNECTIONS)

    async def prepare(self) -> None:
        async with self._bounded():
            await prepare_tables(self._engine, metadata)

    async def close(self) -> None:
        """Leave the database to its owner."""

    async def admit(self, key: str, *, limit: int, window_ms: int, now_ms: int) -> int:
        async with self._bounded(), self._turns, self._engine.begin() as db:
            times = await self._lock_row(db, key, now_ms)
            kept, wait_ms = weigh_attempt(times, limit=limit, window_ms=window_ms, now_ms=now_ms)
            changed = {
                "times": " ".join(map(str, kept)),
                "expires_ms": max([now_ms, *kept]) + window_ms,
            }
            mine = attempts.c.key == key
            await db.execute(update(attempts).where(mine).values(changed))
        await self._sweep(now_ms)
        return wait_ms

    async def _lock_row(self, db: AsyncConnection, key: str, now_ms: int) -> list[int]:
        """Create or touch the row. It is a write, so others now wait for this transaction."""
        kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row: Any = kind.insert(attempts).values(key=key, times="", expires_ms=now_ms)
        locking = row.on_conflict_do_update(
            index_elements=["key"], set_={"times": attempts.c.times}
        )
        times = await db.scalar(locking.returning(attempts.c.times))
        return [int(one) for one in str(times).split()]

    async def _sweep(self, now_ms: int) -> None:
        """Delete some keys whose attempts no longer count, once a minute in each process."""
        if now_ms - self._swept_ms < _SWEEP_EVERY_MS:
            return
        self._swept_ms = now_ms
        old = select(attempts.c.key).where(attempts.c.expires_ms < now_ms).limit(_SWEEP_ROWS)
        if self._engine.dialect.name == "postgresql":
            # Locked rows are skipped: waiting for them could deadlock.
            old = old.with_for_update(skip_locked=True)
        async with self._bounded(), self._engine.begin() as db:
            await db.execute(delete(attempts).where(attempts.c.key.in_(old)))

    def _bounded(self) -> AbstractAsyncContextManager[None]:
        return fail_closed(self._timeout_s, limiter_unavailable)
