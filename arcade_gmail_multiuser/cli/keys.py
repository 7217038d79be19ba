"""Make encryption keys, and seal stored tokens with a new one.

`keys new` prints a fresh key: 32 random bytes in base64. It is not stored; keep it with your other
secrets.

`keys rotate` seals the tokens of a token store with the first key while everything keeps running:
  1. add the new key *after* the old one in every process, and restart them
  2. move the new key to the front in every process, and restart them
  3. run `keys rotate`; if it is interrupted, run it again and it continues
  4. when it says that nothing needs the old key, remove it

An embedded engine stores more than tokens: use `engine-keys rotate` for its database.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.keys import new_key

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from arcade_gmail_multiuser.security.tokens.rotation import Rotation

__all__ = [
    "KEYS",
    "STORE",
    "add_arguments",
    "keys_in",
    "print_rotation",
    "refuse_missing_file",
    "run",
]

KEYS = "ENGINE_ENCRYPTION_KEYS"
STORE = "TOKEN_STORE_URL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser("new", help="print a fresh key")
    rotating = actions.add_parser(
        "rotate",
        help="seal stored tokens with the first key",
        description=f"The keys come from {KEYS} and the store from {STORE} (SQLite, PostgreSQL or"
        " Redis), because anyone on the machine can read an argv.",
    )
    rotating.add_argument(
        "--schema", metavar="NAME", help="the PostgreSQL schema, or the prefix of the Redis keys"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.action == "rotate":
        return _rotate(arguments.schema)
    print(new_key())
    return 0


def _rotate(schema: str | None) -> int:
    """Rotate, print the result, and return 0 when no other key is needed."""
    import asyncio

    keys = keys_in(KEYS)
    if not keys:
        raise ConfigurationError(f"{KEYS} is not set. Give the new key first, then the old ones.")
    url = os.environ.get(STORE, "").strip()
    if not url:
        raise ConfigurationError(f"{STORE} is not set. Give the address of the token store.")
    refuse_missing_file(url)
    began = time.perf_counter()
    done, newest = asyncio.run(_rotate_store(url, keys, schema))
    print_rotation(done, newest, time.perf_counter() - began)
    if done.unreadable:
        print(f"{done.unreadable} cannot be opened with any of these keys; they are unchanged")
    if done.still_needed:
        print(f"still needed: {', '.join(sorted(done.still_needed))}")
        return 1
    print("nothing stored needs another key")
    return 0


async def _rotate_store(
    url: str, keys: tuple[str, ...], schema: str | None
) -> tuple[Rotation, str]:
    from arcade_gmail_multiuser.security.sealing import Keyring
    from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens
    from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore
    from arcade_gmail_multiuser.security.tokens.store import open_token_store

    keyring = Keyring(keys)
    store = open_token_store(url, schema=schema)
    try:
        await store.prepare()
        if isinstance(store, SqlTokenStore):
            await _refuse_engine_database(store.engine)
        return await rotate_tokens(store, keyring), keyring.newest_id
    finally:
        await store.close()


async def _refuse_engine_database(database: AsyncEngine) -> None:
    """Refuse to rotate the tokens of an engine's database alone: the rest could be lost."""
    from sqlalchemy import inspect

    async with database.connect() as db:
        names = await db.run_sync(lambda plain: inspect(plain).get_table_names())
    if {"engine_version", "engine_schema_version"} & set(names):
        raise ConfigurationError(
            f"{STORE} is an engine's database: set ENGINE_DATABASE_URL to it instead, and use"
            " `engine-keys rotate`."
        )


def print_rotation(done: Rotation, newest: str, took_s: float) -> None:
    print(f"{done.resealed} connections sealed with {newest} in {took_s:.1f} s")


def keys_in(variable: str) -> tuple[str, ...]:
    """Read keys from an environment variable: separated by commas, newest first."""
    return tuple(key.strip() for key in os.environ.get(variable, "").split(",") if key.strip())


def refuse_missing_file(url: str) -> None:
    """Refuse a mistyped path, which SQLite would make a new and empty database."""
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite") and not Path(path).is_file():
        raise ConfigurationError("There is no database file at that path.")
    if url == "memory:":
        raise ConfigurationError("Tokens kept in memory cannot be rotated from another process.")
