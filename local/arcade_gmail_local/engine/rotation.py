"""Reseal the engine's own secrets with the newest key while the engine runs.

Codes and verifiers of authorizations in progress are left alone: they expire within half an hour.
The digest of an API key can be renewed only when the key is presented: `ApiKeyStore` does that at
its next use, and `api_keys_waiting` names the keys that were not used yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, Select, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import tables
from arcade_gmail_local.engine.tables import Binding, bind_attempt, bind_grant, bind_input
from arcade_gmail_multiuser.errors import ConfigurationError, StorageError
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.rotation import Rotation

__all__ = ["api_keys_waiting", "needed_key_ids", "refuse_missing_keys", "rotate_sealed"]

_BATCH = 200
_MAX_PASSES = 10


@dataclass(frozen=True, slots=True)
class _Sealed:
    """One column of sealed values, and how to read what each is bound to."""

    column: Column[Any]
    rows: Select[Any]
    """Select the primary key's columns, `sealed`, and what `binding` reads."""
    binding: Callable[[Row[Any]], Binding]

    @property
    def keys(self) -> list[Column[Any]]:
        return list(self.column.table.primary_key.columns)


_R, _C, _A = (one.c for one in (tables.revocations, tables.scheduled_calls, tables.call_attempts))

_COLUMNS = (
    _Sealed(
        _R.sealed_grant,
        select(_R.id, _R.sealed_grant.label("sealed"), _R.project, _R.provider),
        lambda row: bind_grant(row.project, row.provider, row.id),
    ),
    _Sealed(
        _C.input,
        select(_C.id, _C.input.label("sealed"), _C.project, _C.user_id),
        lambda row: bind_input(row.project, row.user_id, row.id),
    ),
    _Sealed(
        _A.outcome,
        select(_A.id, _A.outcome.label("sealed"), _A.call, _C.project, _C.user_id).join(
            tables.scheduled_calls, _C.id == _A.call
        ),
        lambda row: bind_attempt(row.project, row.user_id, row.call, row.id),
    ),
)


async def rotate_sealed(engine: AsyncEngine, keyring: Keyring) -> Rotation:
    """Reseal all projects' rows; after a crash, run it again and it continues.

    A value that is changed at the same moment keeps what the change wrote.
    """
    resealed, unreadable = 0, 0
    for _ in range(_MAX_PASSES):
        done, unreadable = 0, 0
        for one in _COLUMNS:
            moved, kept = await _rotate_column(engine, keyring, one)
            done, unreadable = done + moved, unreadable + kept
        resealed += done
        still_needed = await needed_key_ids(engine, keyring) - {keyring.newest_id}
        if not done or not still_needed:
            break
    return Rotation(resealed, unreadable, frozenset(still_needed))


async def needed_key_ids(engine: AsyncEngine, keyring: Keyring) -> frozenset[str]:
    """Return the id of every key that something of the engine's own is sealed with."""
    found: set[str | None] = set()
    async with engine.connect() as db:
        for one in _COLUMNS:
            # Only the first bytes: a scheduled call may hold a mail with its attachments.
            length = func.substr(one.column, 2, 1)
            for size in (await db.execute(select(length).distinct())).scalars().all():
                begins = func.substr(one.column, 1, 2 + int.from_bytes(size))
                those = select(begins).where(length == size).distinct()
                beginnings = (await db.execute(those)).scalars().all()
                found.update(keyring.key_id_of(bytes(beginning)) for beginning in beginnings)
    return frozenset(key_id for key_id in found if key_id)


async def refuse_missing_keys(engine: AsyncEngine, keyring: Keyring) -> None:
    """Refuse to start without a key that something of the engine's own is sealed with.

    Raises:
        ConfigurationError: names the missing keys by their one-way ids.
    """
    missing = sorted(await needed_key_ids(engine, keyring) - keyring.key_ids)
    if missing:
        raise ConfigurationError(
            "Scheduled calls and revocations need encryption keys that are not configured:"
            f" {', '.join(missing)}. Add them after the newest one, or rotate first."
        )


async def api_keys_waiting(engine: AsyncEngine, newest_key_id: str) -> list[str]:
    """Return the names of API keys in use whose digest still needs an older key."""
    keys = tables.api_keys.c
    waiting = (keys.revoked_at.is_(None), keys.key_id != newest_key_id)
    async with engine.connect() as db:
        rows = await db.execute(select(keys.name).where(*waiting).order_by(keys.name))
        return list(rows.scalars())


async def _rotate_column(engine: AsyncEngine, keyring: Keyring, one: _Sealed) -> tuple[int, int]:
    """Go through a column once; return how many were resealed, and how many do not open."""
    newest = keyring.seal(b"", bound_to=())[: 2 + len(keyring.newest_id)]
    stale = func.substr(one.column, 1, len(newest)) != newest
    page = select(*one.keys).where(stale).order_by(*one.keys).limit(_BATCH)
    onward, moved, unreadable = page, 0, 0
    while True:
        async with engine.connect() as db:
            found = (await db.execute(onward)).all()
        for key in found:
            outcome = await _rotate_value(engine, keyring, one, key)
            moved, unreadable = moved + (outcome is True), unreadable + (outcome is None)
        if len(found) < _BATCH:
            return moved, unreadable
        onward = page.where(tuple_(*one.keys) > tuple_(*map(literal, found[-1])))


async def _rotate_value(
    engine: AsyncEngine, keyring: Keyring, one: _Sealed, key: Row[Any]
) -> bool | None:
    """Reseal one value; return False when it has changed since, None when it does not open."""
    mine = [column == value for column, value in zip(one.keys, key, strict=True)]
    async with engine.connect() as db:
        row = (await db.execute(one.rows.where(*mine))).one_or_none()
    if row is None:
        return False
    try:
        sealed = await asyncio.to_thread(_reseal, keyring, bytes(row.sealed), one.binding(row))
    except StorageError:
        return None
    change = update(one.column.table).where(*mine, one.column == row.sealed)
    async with engine.begin() as db:
        return (await db.execute(change.values({one.column: sealed}))).rowcount == 1


def _reseal(keyring: Keyring, sealed: bytes, binding: Binding) -> bytes:
    return keyring.seal(keyring.open(sealed, bound_to=binding), bound_to=binding)
