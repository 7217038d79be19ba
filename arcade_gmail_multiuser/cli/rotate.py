"""Seal everything that an engine keeps anew under the first encryption key."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
    from arcade_gmail_multiuser.security.sealing import Keyring
    from arcade_gmail_multiuser.security.tokens.rotation import Rotation
    from arcade_gmail_multiuser.security.tokens.store import TokenStore

__all__ = ["DATABASE", "KEYS", "STORE", "rotate"]

KEYS = "ENGINE_ENCRYPTION_KEYS"
AUDIT_KEYS = "ENGINE_AUDIT_KEYS"
STORE = "TOKEN_STORE_URL"
DATABASE = "ENGINE_DATABASE_URL"


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """What is to be sealed anew, and with which keys."""

    keyring: Keyring
    store_url: str | None
    """Where tokens are, if not in the engine's database."""
    database_url: str | None
    """The engine's database; None rotates a token store alone."""
    audit: AuditBoundary
    project: str


@dataclass(slots=True)
class Report:
    """What was done, and what is still to be done before an old key can go."""

    tokens: Rotation
    secrets: Rotation | None = None
    api_keys: list[str] = field(default_factory=list)

    @property
    def unreadable(self) -> int:
        return self.tokens.unreadable + (self.secrets.unreadable if self.secrets else 0)

    @property
    def still_needed(self) -> frozenset[str]:
        return self.tokens.still_needed | (self.secrets.still_needed if self.secrets else set())


def rotate(config: Path | None, schema: str | None) -> int:
    """Rotate, print what came of it, and give 0 when no other key is needed any more."""
    import asyncio

    place = _given() if config is None else _configured(config)
    for url in (place.store_url, place.database_url):
        if url is not None:
            _refuse_missing_file(url)
    began = time.perf_counter()
    done = asyncio.run(_rotate(place, schema))
    took_s = time.perf_counter() - began
    newest = place.keyring.newest_id
    print(f"{done.tokens.resealed} connections sealed anew under {newest} in {took_s:.1f} s")
    if done.secrets is not None:
        print(
            f"{done.secrets.resealed} secrets of tools and workers, scheduled calls and pending "
            f"revocations sealed anew under {newest}"
        )
        print("authorizations under way are not: who is signing in has half an hour to finish")
    if done.unreadable:
        print(f"{done.unreadable} cannot be opened with any of the keys given; they are unchanged")
    if done.api_keys:
        print(
            f"API keys that stop with the old key unless they are used before, or made anew: "
            f"{', '.join(done.api_keys)}"
        )
    if done.still_needed:
        print(f"still needed: {', '.join(sorted(done.still_needed))}")
    if done.still_needed or done.api_keys:
        return 1
    print("nothing stored needs another key")
    return 0


async def _rotate(place: Place, schema: str | None) -> Report:
    from arcade_gmail_multiuser.engine.database import open_database
    from arcade_gmail_multiuser.security.tokens.opening import open_token_store
    from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens
    from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore

    database = None if place.database_url is None else open_database(place.database_url)
    store: TokenStore
    if place.store_url is not None:
        store = open_token_store(place.store_url, schema=schema)
    elif database is not None:
        store = SqlTokenStore(database)
    else:
        raise ConfigurationError("There is no place to rotate.")
    try:
        await store.prepare()
        if database is None and isinstance(store, SqlTokenStore):
            await _refuse_engines_database(store.engine)
        if database is not None:
            await _tell(place, database)
        report = Report(await rotate_tokens(store, place.keyring))
        if database is not None:
            await _rotate_engine(database, place.keyring, report)
        return report
    finally:
        await store.close()
        if database is not None:
            await database.dispose()


async def _refuse_engines_database(database: AsyncEngine) -> None:
    """With its tokens alone rotated, an engine could lose the rest."""
    from sqlalchemy import inspect

    async with database.connect() as db:
        is_engines = await db.run_sync(lambda plain: inspect(plain).has_table("engine_version"))
    if is_engines:
        raise ConfigurationError(f"{STORE} names an engine's database; name it in {DATABASE}.")


async def _rotate_engine(database: AsyncEngine, keyring: Keyring, report: Report) -> None:
    from arcade_gmail_multiuser.engine.database import create_tables
    from arcade_gmail_multiuser.engine.rotation import api_keys_waiting, rotate_sealed

    await create_tables(database)
    report.secrets = await rotate_sealed(database, keyring)
    report.api_keys = await api_keys_waiting(database, keyring.newest_id)


async def _tell(place: Place, database: AsyncEngine) -> None:
    """Audit it; the log's end is then signed with the newest key, and needs no other either."""
    from arcade_gmail_multiuser.security.audit.opening import open_audit

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

    keys = _listed(KEYS)
    if not keys:
        raise ConfigurationError(f"{KEYS} is not set. Give the new key first, then the old ones.")
    store, database = (os.environ.get(name, "").strip() or None for name in (STORE, DATABASE))
    if store is None and database is None:
        raise ConfigurationError(
            f"Neither {DATABASE} nor {STORE} is set. They name where an engine keeps everything,"
            " and where tokens alone are kept."
        )
    audit = AuditBoundary(enabled=True, keys=_listed(AUDIT_KEYS) or keys)
    return Place(Keyring.from_base64(keys), store, database, audit, "default")


def _listed(name: str) -> tuple[str, ...]:
    given = os.environ.get(name, "").split(",")
    return tuple(key.strip() for key in given if key.strip())


def _configured(path: Path) -> Place:
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig

    boundaries = SecurityConfig.from_yaml(path, env=os.environ).boundaries()
    if boundaries.engine is None:
        raise ConfigurationError("The configuration names no engine, and so no database.")
    engine = boundaries.engine
    store, database = engine.token_store, engine.database_url
    return Place(boundaries.keyring, store, database, boundaries.audit, engine.project)


def _refuse_missing_file(url: str) -> None:
    """A mistyped path must not become a new, empty database with nothing to do."""
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite") and not Path(path).is_file():
        raise ConfigurationError("There is no database file at the place that is named.")
    if url == "memory:":
        raise ConfigurationError("What is kept in memory cannot be rotated from outside.")
