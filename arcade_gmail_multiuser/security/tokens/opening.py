"""Open the token store that an address names."""

from __future__ import annotations

from arcade_gmail_multiuser.security.tokens.store import TokenStore

__all__ = ["open_token_store"]


def open_token_store(url: str, *, schema: str | None = None) -> TokenStore:
    """Make the store; await its `prepare` at start and its `close` at the end.

    Args:
        url: `memory:` (one process, gone when it ends; has to be asked for by this name),
            `sqlite:///…`, `postgresql://…`, `redis://…` or `rediss://…`.
        schema: PostgreSQL's schema, or the prefix of Redis's keys, if not the usual one.

    Raises:
        ConfigurationError: not an address of any of these.
    """
    # Each backend is an extra of its own, needed only by whoever names it.
    if url == "memory:":
        from arcade_gmail_multiuser.security.tokens.memory_store import MemoryTokenStore  # noqa: PLC0415

        return MemoryTokenStore()
    if url.startswith(("redis:", "rediss:", "unix:")):
        from arcade_gmail_multiuser.security.tokens.redis_store import RedisTokenStore  # noqa: PLC0415

        return RedisTokenStore(url) if schema is None else RedisTokenStore(url, prefix=schema)
    from arcade_gmail_multiuser.security.tokens.database import (  # noqa: PLC0415
        open_token_database,
    )
    from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore  # noqa: PLC0415

    return SqlTokenStore(open_token_database(url, schema=schema), owns_engine=True)
