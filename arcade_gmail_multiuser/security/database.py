"""Open SQL databases that only their owner can read and no log quotes."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["open_private_sqlite", "open_token_database"]

_ANSWER_WITHIN_S = 5.0

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")


def open_private_sqlite(address: URL, *, what: str, answer_within_s: float) -> AsyncEngine:
    """Make an engine; no connection is opened yet, but the file is created with mode 0600.

    Args:
        address: an address for aiosqlite.
        what: names the file in the error.
        answer_within_s: how long a statement waits for another writer, in seconds.

    Raises:
        ConfigurationError: the file cannot be created, or not for this user alone.
    """
    _make_private(address, what)
    # Parameters stay out of SQLAlchemy's messages: they are sealed secrets and user ids.
    engine = create_async_engine(
        address, hide_parameters=True, connect_args={"timeout": answer_within_s}
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    # It logs the parameters of every statement at DEBUG, despite `hide_parameters`.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    return engine


def _make_private(address: URL, what: str) -> None:
    if not address.database or address.database == ":memory:":
        return
    path = Path(address.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create_private(path)
        # SQLite gives the WAL and its index the mode of the database file.
        path.chmod(0o600)
    except (OSError, sqlite3.Error) as problem:
        raise ConfigurationError(
            f"{what} cannot be made private to this user.",
            developer_message=getattr(problem, "strerror", None) or type(problem).__name__,
        ) from None


def _create_private(path: Path) -> None:
    """Create the file whole, or leave the one that another process has just created.

    Two processes that switch an empty file to WAL at once collide, and SQLite does not wait.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with contextlib.closing(sqlite3.connect(draft)) as db:
            db.execute("PRAGMA journal_mode=WAL")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def open_token_database(url: str, *, schema: str | None = None) -> AsyncEngine:
    """Make an engine; no connection is opened yet, but a SQLite file is created with mode 0600.

    Args:
        url: `sqlite:///path`, `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`.
        schema: the PostgreSQL schema, if not the default one.

    Raises:
        ConfigurationError: not the address of a usable database.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError("The token store's address is not a database address.") from None
    if address.get_backend_name() == "sqlite":
        address = address.set(drivername="sqlite+aiosqlite")
        return open_private_sqlite(
            address, what="The token store's file", answer_within_s=_ANSWER_WITHIN_S
        )
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError("A token store must be SQLite, PostgreSQL or Redis.")
    connect_args: dict[str, Any] = {"timeout": _ANSWER_WITHIN_S, "command_timeout": 30.0}
    if schema is not None:
        connect_args["server_settings"] = {"search_path": schema}
    # No pre-ping: it costs three round trips each time. The store reads again if a connection turns
    # out to be dead, which also drops the other dead ones from the pool.
    return create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        hide_parameters=True,  # parameters are sealed secrets and user ids
        connect_args=connect_args,
    )
