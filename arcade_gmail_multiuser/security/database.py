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
    """Make the engine; no connection is opened yet, but the file is created with mode 0600.

    Args:
        address: an address for aiosqlite.
        what: names the file in the error.
        answer_within_s: how long a statement waits for another writer, in seconds.

    Raises:
        ConfigurationError: the file cannot be made, or not for this user alone.
    """
    _make_private(address, what)
    # Parameters stay out of SQLAlchemy's messages: they are sealed secrets and user ids.
    engine = create_async_engine(
        address, hide_parameters=True, connect_args={"timeout": answer_within_s}
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    # It writes the parameters of every statement on DEBUG, whatever `hide_parameters` says.
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
            f"{what} cannot be opened for this user alone.",
            developer_message=getattr(problem, "strerror", None) or type(problem).__name__,
        ) from None


def _create_private(path: Path) -> None:
    """Make the file whole, or leave the one that somebody else has just made.

    Two that switch an empty file to WAL at once get in each other's way, and SQLite does not wait.
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
    """Make the engine; no connection is opened yet, but a SQLite file is created with mode 0600.

    Args:
        url: `sqlite:///path`, `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`.
        schema: PostgreSQL's schema to work in, if not the usual one.

    Raises:
        ConfigurationError: not an address of a database this can use.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError("The token store's address is no database address.") from None
    if address.get_backend_name() == "sqlite":
        address = address.set(drivername="sqlite+aiosqlite")
        return open_private_sqlite(
            address, what="The token store's file", answer_within_s=_ANSWER_WITHIN_S
        )
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError("Tokens can be kept in SQLite, PostgreSQL or Redis.")
    connect_args: dict[str, Any] = {"timeout": _ANSWER_WITHIN_S, "command_timeout": 30.0}
    if schema is not None:
        connect_args["server_settings"] = {"search_path": schema}
    # No pre-ping: it costs three round trips at each use. The store reads again where a connection
    # turns out to be dead, which empties the pool of the others like it.
    return create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        hide_parameters=True,  # parameters are sealed secrets and user ids
        connect_args=connect_args,
    )
