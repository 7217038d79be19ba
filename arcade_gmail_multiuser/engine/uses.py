"""When a connection was last used, without a write for every call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from sqlalchemy import Double, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.engine import schema

__all__ = ["ConnectionUses"]

logger = logging.getLogger(__name__)

_EVERY_S = 60.0
_WRITE_AFTER_S = 5.0
_MOST_REMEMBERED = 100_000
_U = schema.connection_uses
_C = schema.connections


class ConnectionUses:
    """Note uses in memory, and write those of a few seconds in one go.

    What was noted and not yet written is lost with a process that is killed: a person then sees a
    time up to a minute older. That is the price of not writing on every call.
    """

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._unwritten: dict[str, float] = {}

    def note(self, connection_id: str) -> None:
        """Note a use now; of one minute only the first counts."""
        now = self._clock()
        if 0 <= now - self._seen.get(connection_id, -_EVERY_S) < _EVERY_S:
            return
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[connection_id] = now
        self._unwritten[connection_id] = now

    async def flush(self) -> None:
        """Write what was noted."""
        if not self._unwritten:
            return
        noted, self._unwritten = self._unwritten, {}
        rows = [{"of": connection, "at": at} for connection, at in noted.items()]
        try:
            async with self._engine.begin() as db:
                await db.execute(self._statement(), rows)
        except SQLAlchemyError as problem:
            self._unwritten = {**noted, **self._unwritten}
            logger.warning("last uses were not written: %s", type(problem).__name__)

    def _statement(self) -> postgresql.Insert | sqlite.Insert:
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        # From the connections, so that a use of one that was removed meanwhile leaves nothing.
        one = select(_C.c.id, bindparam("at", type_=Double)).where(_C.c.id == bindparam("of"))
        new = insert(_U).from_select(["connection", "used_at"], one)
        return new.on_conflict_do_update(
            index_elements=["connection"], set_={"used_at": new.excluded.used_at}
        )

    async def last(self, connection_ids: Iterable[str]) -> dict[str, float]:
        """Give when each of these was last used, as far as that is known."""
        await self.flush()
        query = select(_U).where(_U.c.connection.in_(list(connection_ids)))
        async with self._engine.connect() as db:
            return {row.connection: row.used_at for row in await db.execute(query)}

    async def keep_writing(self) -> None:
        """Write every few seconds, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(_WRITE_AFTER_S)
                await self.flush()
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await self.flush()
