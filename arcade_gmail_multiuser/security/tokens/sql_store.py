"""Keep tokens in SQLite or PostgreSQL, shared by any number of processes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Executable,
    Row,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.errors import ConfigurationError, InvalidInput, StorageError
from arcade_gmail_multiuser.security.schema_versions import prepare_tables
from arcade_gmail_multiuser.security.tokens.record import (
    TokenKey,
    TokenRecord,
    join_scopes,
    split_scopes,
)
from arcade_gmail_multiuser.security.tokens.store import LeaseHolder, Reseal, bounded
from arcade_gmail_multiuser.security.tokens.tables import leases, metadata, tokens
from arcade_gmail_multiuser.security.tokens.token_sealer import unreadable

__all__ = ["SqlTokenStore", "columns_of", "record_of"]

_T, _L = tokens.c, leases.c

_NOW = {
    # The server's clock, so that processes agree about a lease.
    "postgresql": "extract(epoch from clock_timestamp())",
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
}
_WHOSE = and_(
    _T.project == bindparam("w_project"),
    _T.user_id == bindparam("w_user_id"),
    _T.provider == bindparam("w_provider"),
)
_GET = select(tokens).where(_WHOSE)
_TOUCH = update(tokens).where(_WHOSE).values(last_used_at=bindparam("at"))
_RESEAL = (
    update(tokens)
    .where(_WHOSE, _T.generation == bindparam("w_generation"), _T.key_id == bindparam("w_key_id"))
    .values(
        key_id=bindparam("key_id"),
        access_token=bindparam("access_token"),
        refresh_token=bindparam("refresh_token"),
    )
)


class SqlTokenStore:
    """Keep sealed records in two tables of a database that may have other tables.

    Args:
        engine: the caller closes it, unless `owns_engine`. SQLite must be in WAL mode with a busy
            timeout and `hide_parameters`, as `open_token_database` makes it.
        timeout_s: how long one step may take.

    Raises:
        ConfigurationError: neither SQLite nor PostgreSQL.
    """

    def __init__(
        self, engine: AsyncEngine, *, owns_engine: bool = False, timeout_s: float = 10.0
    ) -> None:
        dialect = engine.dialect.name
        if dialect not in _NOW:
            raise ConfigurationError("A token store must be SQLite, PostgreSQL or Redis.")
        self.engine = engine
        # Every step is one statement, so it needs no transaction in PostgreSQL.
        one_step = {"isolation_level": "AUTOCOMMIT"} if dialect == "postgresql" else {}
        self._steps = engine.execution_options(**one_step)
        self._owns_engine = owns_engine
        self._timeout_s = timeout_s
        self._insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self._now: ColumnElement[float] = literal_column(_NOW[dialect])

    async def prepare(self) -> None:
        async with self._bounded():
            await prepare_tables(self.engine, metadata)

    async def get(self, key: TokenKey) -> TokenRecord | None:
        rows = await self._read(_GET, _whose(key))
        return record_of(rows[0]) if rows else None

    async def put_if_generation(self, record: TokenRecord, *, expected: int | None) -> bool:
        if expected is None:
            new = self._insert(tokens).values(columns_of(record)).on_conflict_do_nothing()
            return (await self._write(new)).rowcount == 1
        change = update(tokens).where(_WHOSE, _T.generation == expected).values(columns_of(record))
        return (await self._write(change, _whose(record.key))).rowcount == 1

    async def delete(self, key: TokenKey, *, expected: int) -> bool:
        change = delete(tokens).where(_WHOSE, _T.generation == expected)
        erased = (await self._write(change, _whose(key))).rowcount == 1
        if erased:
            # The record is erased even if this fails: a lease says only that there was one.
            with contextlib.suppress(StorageError):
                await self._write(delete(leases).where(_same_lease(key)))
        return erased

    async def find(self, project: str, connection_id: str) -> TokenRecord | None:
        mine = (_T.project == project, _T.id == connection_id)
        rows = await self._read(select(tokens).where(*mine))
        return record_of(rows[0]) if rows else None

    async def page(
        self,
        project: str,
        *,
        limit: int,
        offset: int,
        user_id: str | None = None,
        provider: str | None = None,
    ) -> tuple[list[TokenRecord], int]:
        wanted = [_T.project == project]
        if user_id is not None:
            wanted.append(_T.user_id == user_id)
        if provider is not None:
            wanted.append(_T.provider == provider)
        (total,) = await self._read(select(func.count()).select_from(tokens).where(*wanted))
        query = select(tokens).where(*wanted).order_by(_T.created_at, _T.id)
        rows = await self._read(query.limit(limit).offset(offset))
        return [record_of(row) for row in rows], int(total[0])

    async def users_of_account(self, project: str, provider: str, subject: str) -> int:
        same = (_T.project == project, _T.provider == provider, _T.subject == subject)
        (count,) = await self._read(select(func.count()).select_from(tokens).where(*same))
        return int(count[0])

    async def touch(self, used: Mapping[TokenKey, float]) -> None:
        if used:
            # In one order everywhere, so that two writers of the same rows cannot deadlock.
            ordered = sorted(used, key=lambda key: (key.project, key.user_id, key.provider))
            await self._write(_TOUCH, [{**_whose(key), "at": used[key]} for key in ordered])

    async def key_ids(self) -> frozenset[str]:
        return frozenset(row.key_id for row in await self._read(select(_T.key_id).distinct()))

    async def stale(
        self, newest_key_id: str, *, batch: int
    ) -> AsyncIterator[Sequence[TokenRecord]]:
        order = (_T.project, _T.user_id, _T.provider)
        query = select(tokens).where(_T.key_id != newest_key_id).order_by(*order).limit(batch)
        onward = query
        while True:
            rows = await self._read(onward)
            if not rows:
                return
            yield [record for row in rows if (record := _readable(row)) is not None]
            last = (rows[-1].project, rows[-1].user_id, rows[-1].provider)
            onward = query.where(tuple_(*order) > tuple_(*map(literal, last)))

    async def reseal(self, pairs: Iterable[Reseal]) -> None:
        changes = [
            {
                **_whose(pair.before.key),
                "w_generation": pair.before.generation,
                "w_key_id": pair.before.key_id,
                "key_id": pair.after.key_id,
                "access_token": pair.after.sealed_access,
                "refresh_token": pair.after.sealed_refresh,
            }
            for pair in pairs
        ]
        if changes:
            await self._write(_RESEAL, changes)

    async def acquire_lease(self, key: TokenKey, owner: str, seconds: float) -> LeaseHolder | None:
        mine = {"owner": owner, "expires_at": self._now + seconds}
        taking = self._insert(leases).values(**_lease_of(key), **mine)
        # Two statements, each atomic: the first takes the lease or changes nothing.
        taking = taking.on_conflict_do_update(
            index_elements=[_L.project, _L.user_id, _L.provider],
            set_=mine,
            where=(_L.expires_at <= self._now) | (_L.owner == owner),
        )
        async with self._bounded(), self._steps.begin() as db:
            if (await db.execute(taking.returning(_L.owner))).first() is not None:
                return None
        left = (_L.expires_at - self._now).label("remaining_s")
        rows = await self._read(select(_L.owner, left).where(_same_lease(key)))
        if not rows:
            return LeaseHolder(cooling=False, remaining_s=0.0)
        cooling = rows[0].owner == ""
        return LeaseHolder(cooling, remaining_s=max(float(rows[0].remaining_s), 0.0))

    async def renew_lease(self, key: TokenKey, owner: str, seconds: float) -> bool:
        mine = and_(_same_lease(key), _L.owner == owner, _L.expires_at > self._now)
        change = update(leases).where(mine).values(expires_at=self._now + seconds)
        return (await self._write(change)).rowcount == 1

    async def release_lease(self, key: TokenKey, owner: str, *, cooldown_s: float = 0.0) -> None:
        mine = and_(_same_lease(key), _L.owner == owner)
        if cooldown_s > 0:
            cooling = {"owner": "", "expires_at": self._now + cooldown_s}
            await self._write(update(leases).where(mine).values(cooling))
        else:
            await self._write(delete(leases).where(mine))

    async def close(self) -> None:
        if self._owns_engine:
            await self.engine.dispose()

    async def _read(self, query: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        async with self._bounded():
            try:
                return await self._read_once(query, parameters)
            except DBAPIError as lost:
                # A pooled connection whose server is gone or was restarted; the next one is new.
                if not lost.connection_invalidated:
                    raise
                return await self._read_once(query, parameters)

    async def _read_once(self, query: Executable, parameters: Any) -> Sequence[Row[Any]]:
        async with self._steps.connect() as db:
            return (await db.execute(query, parameters)).all()

    async def _write(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        async with self._bounded(), self._steps.begin() as db:
            result: CursorResult[Any] = await db.execute(statement, parameters)
            return result

    def _bounded(self) -> AbstractAsyncContextManager[None]:
        return bounded(self._timeout_s)


def record_of(row: Row[Any]) -> TokenRecord:
    """Read a row of `tokens`; anything no writer of ours would store is unreadable."""
    try:
        return TokenRecord(
            key=TokenKey(row.project, row.user_id, row.provider),
            id=row.id,
            generation=int(row.generation),
            status="active" if row.status == "active" else "reauthorize",
            client_id=row.client_id,
            subject=row.subject,
            email=row.email,
            scopes=split_scopes(row.scopes),
            key_id=row.key_id,
            sealed_access=bytes(row.access_token),
            sealed_refresh=None if row.refresh_token is None else bytes(row.refresh_token),
            issued_at=float(row.issued_at),
            expires_at=float(row.expires_at),
            created_at=float(row.created_at),
            updated_at=float(row.updated_at),
            last_used_at=None if row.last_used_at is None else float(row.last_used_at),
        )
    except (TypeError, ValueError, AttributeError, InvalidInput):
        # SQLite allows anything in a column.
        raise unreadable() from None


def _readable(row: Row[Any]) -> TokenRecord | None:
    try:
        return record_of(row)
    except StorageError:
        return None


def columns_of(record: TokenRecord) -> dict[str, Any]:
    """Return the row of `tokens` for a record."""
    return {
        "project": record.key.project,
        "user_id": record.key.user_id,
        "provider": record.key.provider,
        "id": record.id,
        "generation": record.generation,
        "status": record.status,
        "client_id": record.client_id,
        "subject": record.subject,
        "email": record.email,
        "scopes": join_scopes(record.scopes),
        "key_id": record.key_id,
        "access_token": record.sealed_access,
        "refresh_token": record.sealed_refresh,
        "issued_at": record.issued_at,
        "expires_at": record.expires_at,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "last_used_at": record.last_used_at,
    }


def _whose(key: TokenKey) -> dict[str, str]:
    return {"w_project": key.project, "w_user_id": key.user_id, "w_provider": key.provider}


def _lease_of(key: TokenKey) -> dict[str, str]:
    return {"project": key.project, "user_id": key.user_id, "provider": key.provider}


def _same_lease(key: TokenKey) -> ColumnElement[bool]:
    return and_(_L.project == key.project, _L.user_id == key.user_id, _L.provider == key.provider)
