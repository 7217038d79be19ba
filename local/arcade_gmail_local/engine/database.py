"""Open the engine's database: a private SQLite file, or a PostgreSQL that processes share."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.sql.schema import Table

from arcade_gmail_local.engine import tables
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.database import open_private_sqlite
from arcade_gmail_multiuser.security.schema_versions import (
    SECURITY,
    SchemaHistory,
    prepare_tables,
)

__all__ = [
    "HISTORIES",
    "insert_or_update",
    "is_shared",
    "open_database",
    "prepare_database",
]

_TRUSTED_IDLE_S = 1.0
_APPLICATION = "arcade-gmail-multiuser engine"

HISTORIES = (
    SchemaHistory(
        name="engine",
        version_table="engine_schema_version",
        head="0002",
        folder=Path(__file__).parent / "migrations",
        tables=frozenset({"engine_version", *tables.metadata.tables}),
        upgrade_command="engine-database upgrade",
    ),
    replace(SECURITY, upgrade_command="engine-database upgrade"),
)
"""What an engine's database holds; the token manager's tables may have one of their own."""


def open_database(database_url: str) -> AsyncEngine:
    """Make the engine; no connection is opened yet, but a SQLite file is created with mode 0600.

    A PostgreSQL address may name a schema of its own: `…/database?search_path=engine`.

    Raises:
        ConfigurationError: not an address of a database this can use.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise ConfigurationError("database_url is not a database address.") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return _open_postgresql(url)
    if backend != "sqlite":
        raise ConfigurationError("database_url must be one of SQLite or PostgreSQL.")
    if url.drivername == "sqlite":
        url = url.set(drivername="sqlite+aiosqlite")
    return open_private_sqlite(url, what="The database file", answer_within_s=10)


def is_shared(engine: AsyncEngine) -> bool:
    """Say whether other processes may be expected to write to the same database."""
    return engine.dialect.name == "postgresql"


async def prepare_database(engine: AsyncEngine, *, upgrade: bool = False) -> None:
    """Create the engine's tables; several processes may start at once.

    Args:
        upgrade: whether to upgrade an older database in place of refusing it.

    Raises:
        ConfigurationError: the database is older, or of a newer release. Nothing was changed.
    """
    engines, *beside = HISTORIES
    await prepare_tables(engine, tables.metadata, engines, beside=beside, upgrade=upgrade)


def insert_or_update(
    engine: AsyncEngine, table: Table, values: dict[str, Any], changes: dict[str, Any]
) -> Any:
    """Make an INSERT that changes the row instead when its primary key is there already.

    Without `changes` such a row stays as it is.
    """
    keys = [column.name for column in table.primary_key]
    new = (
        postgresql.insert(table).values(values)
        if engine.dialect.name == "postgresql"
        else sqlite.insert(table).values(values)
    )
    if not changes:
        return new.on_conflict_do_nothing(index_elements=keys)
    return new.on_conflict_do_update(index_elements=keys, set_=changes)


def _open_postgresql(url: URL) -> AsyncEngine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+asyncpg")
    if url.drivername != "postgresql+asyncpg":
        raise ConfigurationError("database_url must use asyncpg: postgresql+asyncpg://…")
    server_settings = {"application_name": _APPLICATION}
    path = url.query.get("search_path")
    if isinstance(path, str):
        server_settings["search_path"] = path
        url = url.difference_update_query(["search_path"])
    engine = create_async_engine(
        url,
        hide_parameters=True,
        # No overflow: such connections are closed after each use, and opening one is slow.
        pool_size=20,
        max_overflow=0,
        pool_timeout=10,
        connect_args={
            "async_creator_fn": _connect,
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": server_settings,
        },
    )
    event.listen(engine.sync_engine, "checkin", _note_checkin)
    event.listen(engine.sync_engine, "checkout", _ping_if_idle)
    return engine


def _note_checkin(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that lay idle whether it is alive; asking every time costs a round trip."""
    idle_since = record.info.get("idle_since")
    if idle_since is None or time.monotonic() - idle_since < _TRUSTED_IDLE_S:
        return
    try:
        connection.ping()
    except Exception:  # noqa: BLE001  (whatever it was, the pool shall take a new connection)
        # Its cause may quote the address.
        raise DisconnectionError from None


async def _connect(*args: Any, **options: Any) -> Any:
    """Connect as asyncpg does, but fail as SQLAlchemy does, so that callers know one error."""
    import asyncpg  # noqa: PLC0415  (an extra that only PostgreSQL needs)

    try:
        return await asyncpg.connect(*args, **options)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        # The text may show the address with its password.
        kind = RuntimeError(type(problem).__name__)
    raise OperationalError("connecting", None, kind)
