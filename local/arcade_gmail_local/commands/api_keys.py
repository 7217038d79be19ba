"""Make, list and revoke the engine's API keys, while it runs or not."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcade_gmail_local.commands.credentials import FILE_NAME, credentials_in
from arcade_gmail_local.commands.engine import DATABASE_FILE
from arcade_gmail_multiuser.cli.keys import KEYS, keys_in
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from arcade_gmail_local.engine.http.api_keys import ApiKeyStore
    from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary

__all__ = ["ACTIONS", "add_actions", "configured_place", "database_url_of", "names_in_use", "run"]

ACTIONS = ("api-new", "api-list", "api-revoke")


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """Where an engine stores its keys, and what their digests are keyed with."""

    database_url: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    project: str
    audit: AuditBoundary


def add_actions(actions: Any) -> None:
    new = actions.add_parser("api-new", help="make an API key and print it, once")
    every = actions.add_parser("api-list", help="list the names of API keys")
    revoke = actions.add_parser("api-revoke", help="refuse an API key from now on")
    for parser in (new, revoke):
        parser.add_argument("name", metavar="NAME", help="which application it is for")
    for parser in (new, every, revoke):
        parser.add_argument(
            "--data",
            type=Path,
            default=Path("engine-data"),
            metavar="DIR",
            help="the engine's data directory, or that of `up` (%(default)s)",
        )
        parser.add_argument(
            "--config", type=Path, metavar="PATH", help="keys and database from a security.yaml"
        )


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    place = (
        configured_place(arguments.config) if arguments.config else _in_directory(arguments.data)
    )
    if arguments.action == "api-new":
        key = asyncio.run(
            _with(place, lambda store: store.create(arguments.name), "created", arguments.name)
        )
        print(key)
        print("It is not shown again. Put it where your other secrets are.", file=sys.stderr)
        return 0
    if arguments.action == "api-revoke":
        if asyncio.run(
            _with(place, lambda store: store.revoke(arguments.name), "revoked", arguments.name)
        ):
            print(f"{arguments.name} is revoked")
            return 0
        print(f"there is no API key called {arguments.name} in use", file=sys.stderr)
        return 1
    for one in asyncio.run(_with(place, lambda store: store.every())):
        state = f"revoked {_day(one.revoked_at)}" if one.revoked_at else "in use"
        print(f"{one.name}\t{state}\tmade {_day(one.created_at)}\tused {_day(one.last_used_at)}")
    return 0


def names_in_use(data: Path) -> set[str]:
    """Return the names of the API keys in use in a data directory of `up`, perhaps empty."""
    import asyncio

    if not (data / DATABASE_FILE).is_file() or not (data / FILE_NAME).is_file():
        return set()
    place = _place(_url_of(data / DATABASE_FILE), (credentials_in(data).encryption_key,))
    every = asyncio.run(_with(place, lambda store: store.every(), upgrade=True))
    return {one.name for one in every if one.revoked_at is None}


async def _with(
    place: Place,
    ask: Callable[[ApiKeyStore], Awaitable[Any]],
    verb: str | None = None,
    name: str = "",
    *,
    upgrade: bool = False,
) -> Any:
    """Ask the store; a change is recorded in the audit before it is made."""
    from arcade_gmail_local.engine.database import open_database, prepare_database
    from arcade_gmail_local.engine.http.api_keys import ApiKeyStore, check_key_name
    from arcade_gmail_multiuser.security.audit.log import open_audit

    database = open_database(place.database_url)
    try:
        await prepare_database(database, upgrade=upgrade)
        store = ApiKeyStore(database, place.encryption_keys, project=place.project, clock=time.time)
        if verb is not None:
            check_key_name(name)
            audit = open_audit(place.audit, database, project=place.project)
            await audit.prepare()
            await audit.record(
                f"api_key.{verb}", outcome="started", actor="command", detail={"name": name}
            )
            await audit.close()
        return await ask(store)
    finally:
        await database.dispose()


def _in_directory(data: Path) -> Place:
    keys = keys_in(KEYS)
    if not keys and (data / FILE_NAME).is_file():
        keys = (credentials_in(data).encryption_key,)
    if not keys:
        raise ConfigurationError(
            "ENGINE_ENCRYPTION_KEYS is not set, and --data names no directory of `up`. "
            "Give the keys that the engine has."
        )
    return _place(database_url_of(data), keys)


def database_url_of(data: Path) -> str:
    """Return the address of the engine's database: the environment's, or the file under `data`."""
    url = os.environ.get("ENGINE_DATABASE_URL", "").strip()
    if url:
        return url
    file = data / DATABASE_FILE
    if not file.is_file():
        # A mistyped path must not become a new database that no engine reads.
        raise ConfigurationError("--data has no engine database; start the engine there first.")
    return _url_of(file)


def _place(url: str, keys: tuple[str, ...]) -> Place:
    from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary

    return Place(url, keys, "default", AuditBoundary(enabled=True, keys=keys))


def _url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def configured_place(path: Path) -> Place:
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig

    boundaries = SecurityConfig.from_yaml(path, env=os.environ).boundaries()
    if boundaries.engine is None:
        raise ConfigurationError("The configuration names no engine, and so no database.")
    engine = boundaries.engine
    return Place(engine.database_url, boundaries.encryption_keys, engine.project, boundaries.audit)


def _day(seconds: float | None) -> str:
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
