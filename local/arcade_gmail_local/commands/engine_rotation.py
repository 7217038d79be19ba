"""Seal everything that an engine stores with the first encryption key."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.cli.keys import (
    KEYS,
    STORE,
    keys_in,
    print_rotation,
    refuse_missing_file,
)
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
    from arcade_gmail_multiuser.security.sealing import Keyring
    from arcade_gmail_multiuser.security.tokens.rotation import Rotation
    from arcade_gmail_multiuser.security.tokens.store import TokenStore

__all__ = ["DATABASE", "rotate"]

AUDIT_KEYS = "ENGINE_AUDIT_KEYS"
DATABASE = "ENGINE_DATABASE_URL"


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """What is to be resealed, and with which keys."""

    keyring: Keyring
    store_url: str | None
    """Where tokens are, if not in the engine's database."""
    database_url: str
    audit: AuditBoundary
    project: str


@dataclass(slots=True)
class Report:
    """What was done, and what is left before an old key can be removed."""

    tokens: Rotation
    secrets: Rotation
    api_keys: list[str]

    @property
    def unreadable(self) -> int:
        return self.tokens.unreadable + self.secrets.unreadable

    @property
    def still_needed(self) -> frozenset[str]:
        return self.tokens.still_needed | self.secrets.still_needed


def rotate(config: Path | None, schema: str | None) -> int:
    """Rotate, print the result, and return 0 when no other key is needed."""
    import asyncio

    place = _given() if config is None else _configured(config)
    for url in (place.store_url, place.database_url):
        if url is not None:
            refuse_missing_file(url)
    began = time.perf_counter()
    done = asyncio.run(_rotate(place, schema))
    newest = place.keyring.newest_id
    print_rotation(done.tokens, newest, time.perf_counter() - began)
    print(
        f"{done.secrets.resealed} scheduled calls, outcomes and pending revocations sealed with "
        f"{newest}"
    )
    print("sign-ins in progress are not: they have half an hour to finish")
    if done.unreadable:
        print(f"{done.unreadable} cannot be opened with any of the given keys; they are unchanged")
    if done.api_keys:
        print(
            "API keys that stop working with the old key unless they are used or replaced before: "
            f"{', '.join(done.api_keys)}"
        )
    if done.still_needed:
        print(f"still needed: {', '.join(sorted(done.still_needed))}")
    if done.still_needed or done.api_keys:
        return 1
    print("nothing stored needs another key")
    return 0


async def _rotate(place: Place, schema: str | None) -> Report:
    from arcade_gmail_local.engine.database import open_database, prepare_database
    from arcade_gmail_local.engine.rotation import api_keys_waiting, rotate_sealed
    from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens
    from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore
    from arcade_gmail_multiuser.security.tokens.store import open_token_store

    database = open_database(place.database_url)
    store: TokenStore = (
        SqlTokenStore(database)
        if place.store_url is None
        else open_token_store(place.store_url, schema=schema)
    )
    try:
        await prepare_database(database)
        await store.prepare()
        await _audit(place, database)
        tokens = await rotate_tokens(store, place.keyring)
        secrets = await rotate_sealed(database, place.keyring)
        return Report(tokens, secrets, await api_keys_waiting(database, place.keyring.newest_id))
    finally:
        await store.close()
        await database.dispose()


async def _audit(place: Place, database: AsyncEngine) -> None:
    """Audit the rotation; the log's end is then signed with the newest key, and needs no other."""
    from arcade_gmail_multiuser.security.audit.log import open_audit

    audit = open_audit(place.audit, database, project=place.project)
    await audit.prepare()
    await audit.record(
        "keys.rotated",
        outcome="started",
        actor="command",
        detail={"newest": place.keyring.newest_id},
    )
    await audit.close()


def _given() -> Place:
    from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
    from arcade_gmail_multiuser.security.sealing import Keyring

    keys = keys_in(KEYS)
    if not keys:
        raise ConfigurationError(f"{KEYS} is not set. Give the new key first, then the old ones.")
    store, database = (os.environ.get(name, "").strip() or None for name in (STORE, DATABASE))
    if database is None:
        raise ConfigurationError(
            f"{DATABASE} is not set. It names the engine's database; a token store of its own is"
            " rotated by `keys rotate`."
        )
    audit = AuditBoundary(enabled=True, keys=keys_in(AUDIT_KEYS) or keys)
    return Place(Keyring(keys), store, database, audit, "default")


def _configured(path: Path) -> Place:
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig

    boundaries = SecurityConfig.from_yaml(path, env=os.environ).boundaries()
    if boundaries.engine is None:
        raise ConfigurationError("The configuration names no engine, and so no database.")
    engine = boundaries.engine
    store, database = engine.token_store, engine.database_url
    return Place(boundaries.keyring, store, database, boundaries.audit, engine.project)
