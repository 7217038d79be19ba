"""Open a SQLite database that is its owner's alone and tells its secrets to no log."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["open_private_sqlite"]

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
