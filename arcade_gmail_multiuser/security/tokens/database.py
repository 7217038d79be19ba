"""Open a database for tokens, private to its owner."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.private_sqlite import open_private_sqlite

__all__ = ["open_token_database"]

_ANSWER_WITHIN_S = 5.0


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
