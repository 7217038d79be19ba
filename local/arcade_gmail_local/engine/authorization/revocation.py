"""Disconnect users: erase at once, and retry the provider's revocation until it succeeds."""

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

from arcade_gmail_local.engine import tables
from arcade_gmail_local.engine.authorization.notifier import wait_for_event
from arcade_gmail_local.engine.authorization.provider import OAuthProvider
from arcade_gmail_local.engine.database import insert_or_update
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.tables import bind_grant
from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.recorder import Outcome
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import TokenDirectory

__all__ = ["Disconnector"]

logger = logging.getLogger(__name__)

_MAX_TRIES = 12
_ERASED_WITHIN_S = 60.0
"""No other process tries a revocation sooner: its connection may not be erased yet."""
_R = tables.revocations


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """A token to revoke, and whose it was."""

    token: HiddenText
    subject: str
    user_id: str


class Disconnector:
    """Erase connections and revoke their grants.

    A revocation is stored before its connection is erased, so it is never lost. Whether it is
    needed is decided when it is tried: Google revokes an account's whole grant with any of its
    tokens, so nothing is revoked while a user of this project is connected to that account, even
    again. When several users leave one account at once, the last one erased is revoked.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        *,
        manager: SecureTokenManager,
        directory: TokenDirectory,
        provider: OAuthProvider,
        events: Events,
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
        self._stopped = asyncio.Event()

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
                # Another request was faster, and has stored one too.
                await self._forget(revocation)
        except SQLAlchemyError as problem:
            # The connection is erased, and the stored revocation is tried again later.
            logger.warning("a revocation has to wait: %s", type(problem).__name__)

    async def run_due(self) -> int:
        """Try every revocation that is due; return how many are left."""
        due = select(_R.c.id).where(_R.c.project == self._project, _R.c.due_at <= self._clock())
        async with self._engine.connect() as db:
            ids = (await db.execute(due.limit(50))).scalars().all()
        return sum([not await self._try(one) for one in ids])

    def stop(self) -> None:
        """End `keep_running` after what it is doing."""
        self._stopped.set()

    async def keep_running(self, *, every_s: float = 60.0) -> None:
        """Try revocations until stopped, beginning with what an earlier process left."""
        while not self._stopped.is_set():
            try:
                await self.run_due()
            except Exception as problem:  # noqa: BLE001  (a lost database must not end the loop)
                logger.warning("revocations were not tried: %s", type(problem).__name__)
            await wait_for_event(self._stopped, every_s)

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
        """Try one that is due, unless another process does; return True when it is done."""
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
            if row.tries + 1 < _MAX_TRIES:
                return False
            logger.error("a revocation is given up; the person can withdraw it at the provider")  # noqa: TRY400  (a traceback adds nothing)
        await self._forget(revocation)
        return True

    async def _revoke(self, provider: str, grant: Grant) -> None:
        if grant.subject and await self._directory.users_of_account(provider, grant.subject):
            await self._record(provider, grant, "refused", reason="account_is_connected")
            return
        await self._record(provider, grant, "started")
        try:
            await self._provider.revoke(grant.token)
        except GmailMultiuserError as problem:
            await self._record(provider, grant, "failed", reason=problem.code)
            raise

    async def _record(self, provider: str, grant: Grant, outcome: Outcome, **detail: str) -> None:
        await self._events.record(
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
