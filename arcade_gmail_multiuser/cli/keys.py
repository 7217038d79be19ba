"""Make encryption keys and move stored tokens between them; make API keys and revoke them.

`keys new` prints a fresh key of 32 random bytes in base64, for ENGINE_ENCRYPTION_KEYS.
Nothing is stored: keep it where your other secrets are.

`keys rotate` seals every stored token anew under the first key, while everything goes on working:
  1. add the new key *after* the old one in every process, and restart them
  2. put the new key first in every process, and restart them
  3. run `keys rotate`; after an interruption run it again, and it goes on
  4. when it says that nothing needs the old key, take it away

`keys api-new NAME` makes a key for an application that calls the engine, and prints it for the only
time; `api-list` shows their names and when each was last used; `api-revoke NAME` ends one.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.cli import api_keys
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.keys import new_key

if TYPE_CHECKING:
    from arcade_gmail_multiuser.security.rotation import Rotation
    from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["add_arguments", "run"]

KEYS = "ENGINE_ENCRYPTION_KEYS"
STORE = "TOKEN_STORE_URL"
DATABASE = "ENGINE_DATABASE_URL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser("new", help="print a fresh base64 key of 32 bytes")
    rotate = actions.add_parser(
        "rotate",
        help="seal every stored token anew under the first key",
        description=f"Keys come from {KEYS}, the place from {STORE} (sqlite, postgresql or redis)"
        f" or {DATABASE}, because anybody on the machine can read an argv.",
    )
    rotate.add_argument(
        "--config", type=Path, metavar="PATH", help="keys and place from a security.yaml"
    )
    rotate.add_argument(
        "--schema", metavar="NAME", help="PostgreSQL's schema, or the prefix of Redis's keys"
    )
    api_keys.add_actions(actions)


def run(arguments: argparse.Namespace) -> int:
    if arguments.action in api_keys.ACTIONS:
        return api_keys.run(arguments)
    if arguments.action == "rotate":
        return _rotate(arguments.config, arguments.schema)
    print(new_key())
    return 0


def _rotate(config: Path | None, schema: str | None) -> int:
    import asyncio

    keyring, url = _given() if config is None else _configured(config)
    _refuse_missing_file(url)
    began = time.perf_counter()
    done = asyncio.run(_rotate_store(url, schema, keyring))
    took_s = time.perf_counter() - began
    print(f"{done.resealed} connections sealed anew under {keyring.newest_id} in {took_s:.1f} s")
    if done.unreadable:
        print(f"{done.unreadable} cannot be opened with any of the keys given; they are unchanged")
    if done.complete:
        print("nothing stored needs another key")
        return 0
    print(f"still needed: {', '.join(sorted(done.still_needed))}")
    return 1


async def _rotate_store(url: str, schema: str | None, keyring: Keyring) -> Rotation:
    from arcade_gmail_multiuser.security.rotation import rotate_tokens
    from arcade_gmail_multiuser.security.token_opening import open_token_store

    store = open_token_store(url, schema=schema)
    try:
        await store.prepare()
        return await rotate_tokens(store, keyring)
    finally:
        await store.close()


def _given() -> tuple[Keyring, str]:
    from arcade_gmail_multiuser.security.sealing import Keyring

    keys = [key.strip() for key in os.environ.get(KEYS, "").split(",") if key.strip()]
    if not keys:
        raise ConfigurationError(f"{KEYS} is not set. Give the new key first, then the old ones.")
    url = os.environ.get(STORE, "").strip() or os.environ.get(DATABASE, "").strip()
    if not url:
        raise ConfigurationError(f"{STORE} is not set. It names where the tokens are kept.")
    return Keyring.from_base64(keys), url


def _configured(path: Path) -> tuple[Keyring, str]:
    from arcade_gmail_multiuser.security.config import SecurityConfig

    boundaries = SecurityConfig.from_yaml(path, env=os.environ).boundaries()
    if boundaries.engine is None:
        raise ConfigurationError("The configuration names no engine, and so no database.")
    return boundaries.keyring, boundaries.engine.database_url


def _refuse_missing_file(url: str) -> None:
    """A mistyped path must not become a new, empty database with nothing to do."""
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite") and not Path(path).is_file():
        raise ConfigurationError("There is no database file at the place that is named.")
    if url == "memory:":
        raise ConfigurationError("What is kept in memory cannot be rotated from outside.")
