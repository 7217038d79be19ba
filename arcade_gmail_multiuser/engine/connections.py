"""Connections: which account each user connected, with which permissions, its tokens sealed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.engine import schema
from arcade_gmail_multiuser.engine.database import for_reading
from arcade_gmail_multiuser.engine.provider import Account, TokenAnswer
from arcade_gmail_multiuser.errors import Conflict, StorageError
from arcade_gmail_multiuser.security.hidden import HiddenText
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["Connection", "ConnectionStore"]

_LAYOUT = "1"
"""Part of what a sealed column is bound to; rises when what a column means changes."""
_T = schema.connections
# Every execute asks this, so it is built once.
_OF_USER = select(_T).where(
    _T.c.project == bindparam("of_project"),
    _T.c.user_id == bindparam("of_user"),
    _T.c.provider == bindparam("of_provider"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """One user's connection as it was when read; tokens stay sealed until asked for."""

    id: str
    user_id: str
    provider: str
    client_id: str
    subject: str
    email: str
    scopes: frozenset[str]
    expires_at: float
    generation: int
    status: str
    created_at: float
    updated_at: float
    sealed_access: bytes = field(repr=False)
    sealed_refresh: bytes | None = field(repr=False)

    @property
    def usable(self) -> bool:
        """False when the person has to connect again."""
        return self.status == "active"

    def covers(self, scopes: frozenset[str]) -> bool:
        return self.usable and scopes <= self.scopes


class ConnectionStore:
    """Keep the connections of one project.

    A write of tokens names the generation it was read at, and loses when that has moved on; so two
    writers never overwrite one another, in one process or several.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        *,
        project: str,
        client_id: str,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._reading = for_reading(engine)
        self._keyring = keyring
        self._project = project
        self._client_id = client_id
        self._clock = clock

    async def find(self, user_id: str, provider: str) -> Connection | None:
        whose = {"of_project": self._project, "of_user": user_id, "of_provider": provider}
        async with self._reading.connect() as db:
            return _connection((await db.execute(_OF_USER, whose)).one_or_none())

    async def by_id(self, connection_id: str) -> Connection | None:
        """Find by id; another project's is not there."""
        query = select(_T).where(_T.c.project == self._project, _T.c.id == connection_id)
        async with self._engine.connect() as db:
            return _connection((await db.execute(query)).one_or_none())

    async def page(
        self, *, limit: int, offset: int, user_id: str | None = None, provider: str | None = None
    ) -> tuple[list[Connection], int]:
        """Give one page, oldest first, and how many there are in all."""
        wanted = [_T.c.project == self._project]
        if user_id is not None:
            wanted.append(_T.c.user_id == user_id)
        if provider is not None:
            wanted.append(_T.c.provider == provider)
        rows = select(_T).where(*wanted).order_by(_T.c.created_at, _T.c.id)
        async with self._engine.connect() as db:
            total = (await db.execute(select(func.count()).select_from(_T).where(*wanted))).scalar()
            found = (await db.execute(rows.limit(limit).offset(offset))).all()
        return [one for row in found if (one := _connection(row))], total or 0

    def access_token(self, connection: Connection) -> HiddenText:
        """Open the access token; StorageError if it was not sealed for this connection."""
        return self._open(connection, "access_token", connection.sealed_access)

    def refresh_token(self, connection: Connection) -> HiddenText | None:
        if connection.sealed_refresh is None:
            return None
        return self._open(connection, "refresh_token", connection.sealed_refresh)

    async def accept(
        self,
        user_id: str,
        provider: str,
        account: Account,
        tokens: TokenAnswer,
        asked: frozenset[str],
    ) -> Connection:
        """Store a consent, merging it into what the same account granted before.

        Raises:
            Conflict: the user is connected to another account; nothing was changed.
        """
        for _ in range(20):
            held = await self.find(user_id, provider)
            if held is not None and held.subject != account.subject:
                raise Conflict("This user is connected to another account; disconnect it first.")
            granted = tokens.scopes if tokens.scopes is not None else asked
            if held is None:
                stored = await self._insert(user_id, provider, account, tokens, granted)
            else:
                stored = await self._merge(held, account, tokens, granted)
            if stored is not None:
                return stored
        raise StorageError("The connection keeps changing and could not be stored.")

    async def renew(self, connection: Connection, tokens: TokenAnswer) -> Connection | None:
        """Store refreshed tokens; None when the connection changed or went since it was read."""
        values = self._token_values(connection.user_id, connection.provider, tokens)
        if tokens.scopes is not None:
            values["scopes"] = " ".join(sorted(tokens.scopes))
        return await self._replace(connection, values)

    async def demand_consent(self, connection: Connection) -> bool:
        """Mark that the person has to connect again, unless that has just happened."""
        return await self._replace(connection, {"status": "reauthorize"}) is not None

    async def _insert(
        self,
        user_id: str,
        provider: str,
        account: Account,
        tokens: TokenAnswer,
        granted: frozenset[str],
    ) -> Connection | None:
        connection_id = f"uc_{secrets.token_urlsafe(24)}"
        values: dict[str, Any] = {
            "id": connection_id,
            "project": self._project,
            "user_id": user_id,
            "provider": provider,
            "refresh_token": None,
            "generation": 1,
            "created_at": self._clock(),
            "updated_at": self._clock(),
            **self._grant_values(user_id, provider, account, tokens, granted),
        }
        try:
            async with self._engine.begin() as db:
                await db.execute(insert(_T).values(values))
        except IntegrityError:
            # Another request has just connected the same user; its row decides.
            return None
        return await self.by_id(connection_id)

    async def _merge(
        self, held: Connection, account: Account, tokens: TokenAnswer, granted: frozenset[str]
    ) -> Connection | None:
        goes_on = held.usable and held.client_id == self._client_id
        if goes_on and granted < held.scopes:
            # A consent that began before a wider one and ended after it: the wider tokens stay.
            return held
        values = self._grant_values(
            held.user_id,
            held.provider,
            account,
            tokens,
            granted | held.scopes if goes_on else granted,
        )
        if not goes_on:
            # The old refresh token is dead, or works only for the client that got it.
            values.setdefault("refresh_token", None)
        return await self._replace(held, values)

    async def _replace(self, held: Connection, values: dict[str, Any]) -> Connection | None:
        change = (
            update(_T)
            .where(
                _T.c.project == self._project,
                _T.c.id == held.id,
                _T.c.generation == held.generation,
            )
            .values(generation=held.generation + 1, updated_at=self._clock(), **values)
            .returning(*_T.c)
        )
        async with self._engine.begin() as db:
            return _connection((await db.execute(change)).one_or_none())

    def _grant_values(
        self,
        user_id: str,
        provider: str,
        account: Account,
        tokens: TokenAnswer,
        scopes: frozenset[str],
    ) -> dict[str, Any]:
        return {
            **self._token_values(user_id, provider, tokens),
            "client_id": self._client_id,
            "subject": account.subject,
            "email": account.email,
            "scopes": " ".join(sorted(scopes)),
            "status": "active",
        }

    def _token_values(self, user_id: str, provider: str, tokens: TokenAnswer) -> dict[str, Any]:
        values: dict[str, Any] = {
            "access_token": self._seal(user_id, provider, "access_token", tokens.access_token),
            "expires_at": self._clock() + tokens.lifetime_s,
        }
        if tokens.refresh_token is not None:
            # Absent means: the old one goes on.
            values["refresh_token"] = self._seal(
                user_id, provider, "refresh_token", tokens.refresh_token
            )
        return values

    def _binding(self, user_id: str, provider: str, column: str) -> tuple[str, ...]:
        return (self._project, user_id, provider, column, _LAYOUT)

    def _seal(self, user_id: str, provider: str, column: str, token: str) -> bytes:
        binding = self._binding(user_id, provider, column)
        return self._keyring.seal(token.encode(), bound_to=binding)

    def _open(self, connection: Connection, column: str, sealed: bytes) -> HiddenText:
        binding = self._binding(connection.user_id, connection.provider, column)
        return HiddenText(self._keyring.open(sealed, bound_to=binding).decode())


def _connection(row: Row[Any] | None) -> Connection | None:
    if row is None:
        return None
    return Connection(
        id=row.id,
        user_id=row.user_id,
        provider=row.provider,
        client_id=row.client_id,
        subject=row.subject,
        email=row.email,
        scopes=frozenset(row.scopes.split()),
        expires_at=row.expires_at,
        generation=row.generation,
        status=row.status,
        created_at=row.created_at,
        updated_at=row.updated_at,
        sealed_access=bytes(row.access_token),
        sealed_refresh=None if row.refresh_token is None else bytes(row.refresh_token),
    )
