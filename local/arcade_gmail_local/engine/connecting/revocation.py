"""Disconnect: erase at once, revoke at the provider, and keep trying until it has."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import schema
from arcade_gmail_local.engine.bindings import bind_grant
from arcade_gmail_local.engine.connecting.provider import OAuthProvider
from arcade_gmail_local.engine.database import insert_or_update
from arcade_gmail_local.engine.events import Events
from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.recorder import Outcome
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import TokenDirectory

__all__ = ["Disconnector"]

logger = logging.getLogger(__name__)

_MOST_TRIES = 12
_ERASED_WITHIN_S = 60.0
"""Nobody else tries a revocation before: its connection may still be about to be erased."""
_R = schema.revocations


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """What is revoked, and whose it was."""

    token: HiddenText
    subject: str
    user_id: str


class Disconnector:
    """Erase connections and see to it that the provider hears of it.

    A revocation is noted before its connection is erased, so that it is never forgotten. Whether
    it is needed is decided when it is tried: Google revokes an account's whole grant with any of
    its tokens, so nothing is revoked while somebody of this project is connected to that account,
    be it again. Of several who leave one account at once the last one to be erased is revoked.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        manager: SecureTokenManager,
        directory: TokenDirectory,
        provider: OAuthProvider,
        events: Events,
        *,
        project: str,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._manager = manager
        self._directory = directory
        self._provider = provider
        self._events = events
        self._project = project
        self._clock = clock

    async def disconnect(self, connection: TokenRecord, *, actor: str) -> None:
        """Erase the connection and revoke its grant."""
        revocation = f"rv_{secrets.token_urlsafe(24)}"

        async def note(held: TokenRecord, token: HiddenText | None) -> None:
            if token is None:
                logger.error("a connection's tokens cannot be read; it is erased without revoking")
                return
            await self._note(revocation, held.provider, Grant(token, held.subject, held.user_id))

        erased = await self._manager.disconnect(
            connection.user_id,
            provider=connection.provider,
            connection_id=connection.id,
            before_erasing=note,
            actor=actor,
        )
        try:
            if erased:
                async with self._engine.begin() as db:
                    mine = update(_R).where(_R.c.id == revocation)
                    await db.execute(mine.values(due_at=self._clock()))
                await self._try(revocation)
            else:
                # Somebody else was faster, and has noted one too.
                await self._forget(revocation)
        except SQLAlchemyError as problem:
            # It is erased, and what is noted is not forgotten.
            logger.warning("a revocation has to wait: %s", type(problem).__name__)

    async def run_due(self) -> int:
        """Try every revocation that is due; give how many are still to be done."""
        due = select(_R.c.id).where(_R.c.project == self._project, _R.c.due_at <= self._clock())
        async with self._engine.connect() as db:
            ids = (await db.execute(due.limit(50))).scalars().all()
        return sum([not await self._try(one) for one in ids])

    async def keep_trying(self, *, every_s: float = 60.0) -> None:
        """Run until cancelled; what an earlier process left undone is tried first."""
        while True:
            try:
                await self.run_due()
            except Exception as problem:  # noqa: BLE001  (a lost database must not end the loop)
                logger.warning("revocations were not tried: %s", type(problem).__name__)
            await asyncio.sleep(every_s)

    async def _note(self, revocation: str, provider: str, grant: Grant) -> None:
        binding = bind_grant(self._project, provider, revocation)
        changes = {
            "sealed_grant": self._keyring.seal(
                json.dumps([grant.token, grant.subject, grant.user_id]).encode(), bound_to=binding
            ),
            "due_at": self._clock() + _ERASED_WITHIN_S,
        }
        values = {
            "id": revocation,
            "project": self._project,
            "provider": provider,
            "tries": 0,
            "created_at": self._clock(),
            **changes,
        }
        async with self._engine.begin() as db:
            await db.execute(insert_or_update(self._engine, _R, values, changes))

    async def _try(self, revocation: str) -> bool:
        """Try one that is due, unless another is at it; True when there is nothing left to do."""
        now = self._clock()
        mine = _R.c.id == revocation
        async with self._engine.begin() as db:
            row = (await db.execute(select(_R).where(mine, _R.c.due_at <= now))).one_or_none()
            if row is None:
                return True
            later = {"tries": row.tries + 1, "due_at": now + min(60.0 * 2**row.tries, 86_400.0)}
            claim = update(_R).where(mine, _R.c.tries == row.tries, _R.c.due_at <= now)
            if (await db.execute(claim.values(later))).rowcount != 1:
                return True
        try:
            grant = self._open(row.provider, revocation, bytes(row.sealed_grant))
            await self._revoke(row.provider, grant)
        except GmailMultiuserError as problem:
            logger.warning("a revocation failed: %s (try %d)", problem.code, row.tries + 1)
            if row.tries + 1 < _MOST_TRIES:
                return False
            logger.error("a revocation is given up; the person can withdraw it at the provider")  # noqa: TRY400  (a traceback adds nothing)
        await self._forget(revocation)
        return True

    async def _revoke(self, provider: str, grant: Grant) -> None:
        if grant.subject and await self._directory.users_of_account(provider, grant.subject):
            await self._tell(provider, grant, "refused", reason="account_is_connected")
            return
        await self._tell(provider, grant, "started")
        try:
            await self._provider.revoke(grant.token)
        except GmailMultiuserError as problem:
            await self._tell(provider, grant, "failed", reason=problem.code)
            raise

    async def _tell(self, provider: str, grant: Grant, outcome: Outcome, **detail: str) -> None:
        await self._events.tell(
            "grant.revoked",
            outcome,
            actor="revocation",
            user_id=grant.user_id,
            provider=provider,
            **detail,
        )

    def _open(self, provider: str, revocation: str, sealed: bytes) -> Grant:
        binding = bind_grant(self._project, provider, revocation)
        return Grant(*map(HiddenText, json.loads(self._keyring.open(sealed, bound_to=binding))))

    async def _forget(self, revocation: str) -> None:
        async with self._engine.begin() as db:
            await db.execute(delete(_R).where(_R.c.id == revocation))
