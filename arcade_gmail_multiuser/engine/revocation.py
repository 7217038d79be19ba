"""Disconnect: erase at once, revoke at the provider, and keep trying until it has."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.engine import schema
from arcade_gmail_multiuser.engine.connections import Connection, ConnectionStore
from arcade_gmail_multiuser.engine.provider import OAuthProvider
from arcade_gmail_multiuser.errors import GmailMultiuserError, StorageError
from arcade_gmail_multiuser.security.hidden import HiddenText
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["Disconnector"]

logger = logging.getLogger(__name__)

_LAYOUT = "1"
_MOST_TRIES = 12
_C = schema.connections
_R = schema.revocations
_U = schema.connection_uses


class Disconnector:
    """Erase connections and see to it that the provider hears of it."""

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        connections: ConnectionStore,
        provider: OAuthProvider,
        *,
        project: str,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._connections = connections
        self._provider = provider
        self._project = project
        self._clock = clock

    async def disconnect(self, connection: Connection) -> None:
        """Erase the connection and revoke its grant.

        Google revokes the whole account's grant with any of its tokens, so nothing is revoked
        while another user of this project is connected to the same account.
        """
        token = self._token_of(connection)
        revocation = f"rv_{secrets.token_urlsafe(24)}"
        siblings = (
            select(func.count())
            .select_from(_C)
            .where(
                _C.c.project == self._project,
                _C.c.provider == connection.provider,
                _C.c.subject == connection.subject,
            )
        )
        async with self._engine.begin() as db:
            # One transaction: never erased without the revocation noted, nor the other way round.
            await db.execute(delete(_C).where(_C.c.id == connection.id))
            await db.execute(delete(_U).where(_U.c.connection == connection.id))
            if token is None or (await db.execute(siblings)).scalar():
                return
            await db.execute(
                insert(_R).values(
                    id=revocation,
                    project=self._project,
                    provider=connection.provider,
                    token=self._keyring.seal(
                        token.encode(), bound_to=self._binding(connection.provider, revocation)
                    ),
                    tries=0,
                    due_at=self._clock(),
                    created_at=self._clock(),
                )
            )
        await self.run_due()

    def _token_of(self, connection: Connection) -> HiddenText | None:
        try:
            return self._connections.refresh_token(connection) or self._connections.access_token(
                connection
            )
        except StorageError:
            # It can be erased all the same, just not revoked.
            logger.error("a connection's tokens cannot be read; it is erased without revoking")  # noqa: TRY400  (a traceback adds nothing)
            return None

    async def run_due(self) -> int:
        """Try every revocation that is due; give how many are still to be done."""
        due = select(_R).where(_R.c.project == self._project, _R.c.due_at <= self._clock())
        async with self._engine.connect() as db:
            rows = (await db.execute(due.limit(50))).all()
        left = 0
        for row in rows:
            left += not await self._try_once(row.id, row.provider, bytes(row.token), row.tries)
        return left

    async def _try_once(self, revocation: str, provider: str, sealed: bytes, tries: int) -> bool:
        try:
            await self._provider.revoke(self._open(provider, revocation, sealed))
        except GmailMultiuserError as problem:
            logger.warning("a revocation failed: %s (try %d)", problem.code, tries + 1)
            if tries + 1 < _MOST_TRIES:
                later = self._clock() + min(60.0 * 2**tries, 86_400.0)
                async with self._engine.begin() as db:
                    await db.execute(
                        update(_R)
                        .where(_R.c.id == revocation)
                        .values(tries=tries + 1, due_at=later)
                    )
                return False
            logger.error("a revocation is given up; the person can withdraw it at the provider")  # noqa: TRY400  (a traceback adds nothing)
        async with self._engine.begin() as db:
            await db.execute(delete(_R).where(_R.c.id == revocation))
        return True

    async def keep_trying(self, *, every_s: float = 60.0) -> None:
        """Run until cancelled; what an earlier process left undone is tried first."""
        while True:
            try:
                await self.run_due()
            except Exception as problem:  # noqa: BLE001  (a lost database must not end the loop)
                logger.warning("revocations were not tried: %s", type(problem).__name__)
            await asyncio.sleep(every_s)

    def _open(self, provider: str, revocation: str, sealed: bytes) -> HiddenText:
        binding = self._binding(provider, revocation)
        return HiddenText(self._keyring.open(sealed, bound_to=binding).decode())

    def _binding(self, provider: str, revocation: str) -> tuple[str, ...]:
        return (self._project, provider, revocation, "revocation", _LAYOUT)
