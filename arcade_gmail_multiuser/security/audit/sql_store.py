"""Keep the audit in SQLite or PostgreSQL, written by any number of processes.

The first statement of an append changes the head's row, so the database admits one writer at a time
(a row lock in PostgreSQL, the write lock of a SQLite file in WAL mode).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import RowMapping, func, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from arcade_gmail_multiuser.security.audit import tables
from arcade_gmail_multiuser.security.audit.chain import AuditKeys, Head, Signed, link, new_head
from arcade_gmail_multiuser.security.audit.store import Snapshot, tampered, unavailable
from arcade_gmail_multiuser.security.backend_errors import fail_closed
from arcade_gmail_multiuser.security.schema_versions import prepare_tables

__all__ = ["SqlAuditStore"]

_PAGE = 1000
_ONLY_ROW = 1


class SqlAuditStore:
    """Append to two tables of a database that others use too.

    Args:
        engine: the caller closes it. SQLite must be in WAL mode with a busy timeout.
        timeout_s: how long one step may take.
    """

    def __init__(self, engine: AsyncEngine, *, timeout_s: float = 10.0) -> None:
        self._engine = engine
        self._timeout_s = timeout_s

    async def prepare(self, keys: AuditKeys) -> None:
        """Create the tables and the head of an empty log; a log without a head gets no new one."""
        async with self._bounded():
            await prepare_tables(self._engine, tables.metadata)
            with contextlib.suppress(IntegrityError):  # another process was first
                async with self._engine.begin() as db:
                    headed = await db.scalar(select(func.count()).select_from(tables.head))
                    written = await db.scalar(select(func.count()).select_from(tables.records))
                    if not headed and not written:
                        values = {"id": _ONLY_ROW, **_columns(new_head(keys))}
                        await db.execute(insert(tables.head).values(values))

    async def append(self, contents: Sequence[dict[str, Any]], keys: AuditKeys) -> Head:
        async with self._bounded(), self._engine.begin() as db:
            head = await self._lock_head(db)
            if head is None or not head.is_genuine(keys):
                raise tampered("its head is missing, changed, or signed with an unknown key.")
            records, following = link(head, contents, keys)
            rows = [
                {"position": head.count + n, "record": one.text, "mac": one.mac}
                for n, one in enumerate(records, start=1)
            ]
            try:
                await db.execute(insert(tables.records), rows)
            except IntegrityError:
                raise tampered("there are records after its head.") from None
            only = tables.head.c.id == _ONLY_ROW
            await db.execute(update(tables.head).where(only).values(_columns(following)))
        return following

    async def exists(self) -> bool:
        """Say whether there is a log, even one that lost its records or its head."""
        async with self._bounded(), self._engine.connect() as db:
            present = await db.run_sync(lambda sync: inspect(sync).get_table_names())
        return tables.records.name in present or tables.head.name in present

    async def snapshot(self) -> Snapshot:
        last = select(func.coalesce(func.max(tables.records.c.position), 0)).scalar_subquery()
        query = select(*tables.head.c, last.label("last")).where(tables.head.c.id == _ONLY_ROW)
        async with self._bounded(), self._engine.connect() as db:
            # One statement sees one moment, even while others write.
            row = (await db.execute(query)).mappings().first()
        return Snapshot(None, 0) if row is None else Snapshot(_head_of(row), row["last"])

    async def read(self, snapshot: Snapshot) -> AsyncIterator[Signed]:
        records = tables.records.c
        after: int | None = None
        while True:
            query = select(records.position, records.record, records.mac)
            query = query.where(records.position <= snapshot.end)
            if after is not None:
                query = query.where(records.position > after)
            async with self._bounded(), self._engine.connect() as db:
                rows = (await db.execute(query.order_by(records.position).limit(_PAGE))).all()
            for row in rows:
                yield Signed(row.record, row.mac)
            if len(rows) < _PAGE:
                return
            after = rows[-1].position

    async def _lock_head(self, db: AsyncConnection) -> Head | None:
        # Setting a column to itself is a write: from here on, others wait.
        only = tables.head.c.id == _ONLY_ROW
        locking = update(tables.head).where(only).values(count=tables.head.c.count)
        row = (await db.execute(locking.returning(*tables.head.c))).mappings().first()
        return None if row is None else _head_of(row)

    def _bounded(self) -> AbstractAsyncContextManager[None]:
        return fail_closed(self._timeout_s, unavailable)


def _columns(head: Head) -> dict[str, Any]:
    return {
        "log": head.log,
        "count": head.count,
        "digest": head.digest,
        "key_id": head.key,
        "mac": head.mac,
    }


def _head_of(row: RowMapping) -> Head:
    return Head(row["log"], row["count"], row["digest"], key=row["key_id"], mac=row["mac"])
