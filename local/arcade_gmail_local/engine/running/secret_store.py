"""Secrets that tools ask for by key, sealed; their values go to workers and nowhere else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import schema
from arcade_gmail_local.engine.bindings import bind_tool_secret
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["SECRET_KEY", "SecretRecord", "SecretStore"]

SECRET_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")

_USE_EVERY_S = 60.0
_S = schema.tool_secrets


@dataclass(frozen=True, slots=True)
class SecretRecord:
    """What may be shown of a secret."""

    id: str
    key: str
    description: str
    fixed: bool
    created_at: float | None = None
    updated_at: float | None = None
    last_accessed_at: float | None = None


class SecretStore:
    """Keep secrets by key. Those of the settings win over stored ones, and change only there."""

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        *,
        project: str,
        fixed: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._project = project
        self._fixed = dict(fixed)
        self._clock = clock

    def is_fixed(self, key: str) -> bool:
        return key in self._fixed

    async def every(self) -> list[SecretRecord]:
        """List all secrets by key, without opening one."""
        query = select(_S).where(_S.c.project == self._project, _S.c.key.not_in(list(self._fixed)))
        async with self._engine.connect() as db:
            stored = [_record(row) for row in await db.execute(query)]
        fixed = [SecretRecord(f"settings:{key}", key, "", fixed=True) for key in self._fixed]
        return sorted([*fixed, *stored], key=lambda one: one.key)

    async def known(self, keys: Iterable[str]) -> frozenset[str]:
        """Say which of these keys have a value."""
        wanted = frozenset(keys)
        missing = wanted - self._fixed.keys()
        if not missing:
            return wanted
        query = select(_S.c.key).where(_S.c.project == self._project, _S.c.key.in_(missing))
        async with self._engine.connect() as db:
            stored = frozenset((await db.execute(query)).scalars())
        return (wanted - missing) | stored

    async def values(self, keys: Iterable[str]) -> dict[str, str]:
        """Open the secrets of these keys; one that is not there is not in the answer.

        Raises:
            StorageError: a value cannot be read.
        """
        wanted = list(keys)
        found = {key: self._fixed[key] for key in wanted if key in self._fixed}
        stored = [key for key in wanted if key not in found]
        if not stored:
            return found
        query = select(_S).where(_S.c.project == self._project, _S.c.key.in_(stored))
        async with self._engine.connect() as db:
            rows = (await db.execute(query)).all()
        for row in rows:
            opened = self._keyring.open(
                bytes(row.value), bound_to=bind_tool_secret(self._project, row.key)
            )
            found[row.key] = opened.decode()
        await self._note_access(rows)
        return found

    async def put(self, key: str, value: str, description: str) -> SecretRecord:
        """Store a secret under a key, in the place of one that is there."""
        now = self._clock()
        changes = {
            "value": self._keyring.seal(
                value.encode(), bound_to=bind_tool_secret(self._project, key)
            ),
            "description": description,
            "updated_at": now,
        }
        values = {
            "id": f"sec_{secrets.token_urlsafe(18)}",
            "project": self._project,
            "key": key,
            "created_at": now,
            **changes,
        }
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        new = insert(_S).values(values)
        upsert = new.on_conflict_do_update(index_elements=["project", "key"], set_=changes)
        async with self._engine.begin() as db:
            return _record((await db.execute(upsert.returning(*_S.c))).one())

    async def remove(self, secret_id: str) -> bool:
        """Remove a stored secret by its id."""
        change = delete(_S).where(_S.c.project == self._project, _S.c.id == secret_id)
        async with self._engine.begin() as db:
            return (await db.execute(change)).rowcount == 1

    async def _note_access(self, rows: Iterable[Row[Any]]) -> None:
        now = self._clock()
        stale = [
            row.id
            for row in rows
            if row.last_accessed_at is None or now - row.last_accessed_at >= _USE_EVERY_S
        ]
        if stale:
            async with self._engine.begin() as db:
                await db.execute(update(_S).where(_S.c.id.in_(stale)).values(last_accessed_at=now))


def _record(row: Row[Any]) -> SecretRecord:
    return SecretRecord(
        id=row.id,
        key=row.key,
        description=row.description,
        fixed=False,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_accessed_at=row.last_accessed_at,
    )
