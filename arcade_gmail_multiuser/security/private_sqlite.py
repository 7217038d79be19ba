"""Open a SQLite database that is its owner's alone and tells its secrets to no log."""

from __future__ import annotations

import logging
import os
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
        # SQLite gives the WAL and its index the mode of the database file.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as problem:
        raise ConfigurationError(
            f"{what} cannot be opened for this user alone.",
            developer_message=problem.strerror,
        ) from None


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
