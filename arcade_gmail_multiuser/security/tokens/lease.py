"""Hold a connection's lease while the provider is asked, and let go of it whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.tokens.record import TokenKey
from arcade_gmail_multiuser.security.tokens.store import LeaseHolder, TokenStore

__all__ = ["Lease"]

logger = logging.getLogger(__name__)


class Lease:
    """One attempt of one task to refresh one connection; use it as `async with lease.let_go():`."""

    def __init__(self, store: TokenStore, key: TokenKey, seconds: float) -> None:
        self._store = store
        self._key = key
        self._seconds = seconds
        self._owner = secrets.token_urlsafe(18)
        self._may_be_ours = False
        self.cooldown_s = 0.0
        """For how long nobody asks the provider about this user after the lease is let go."""

    async def take(self) -> LeaseHolder | None:
        """Take the lease and give None, or tell who has it."""
        # Noted first: who is cancelled while asking may have been given it.
        self._may_be_ours = True
        try:
            holder = await self._store.acquire_lease(self._key, self._owner, self._seconds)
        except StorageError:
            # A store that does not answer would not let go of it either; the lease runs out.
            self._may_be_ours = False
            raise
        self._may_be_ours = holder is None
        return holder

    @contextlib.asynccontextmanager
    async def let_go(self) -> AsyncIterator[None]:
        """Release the lease at the end, also when the task is cancelled."""
        try:
            yield
        finally:
            if self._may_be_ours:
                await asyncio.shield(asyncio.ensure_future(self._release()))

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew the lease for as long as the body takes."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                if not await self._store.renew_lease(self._key, self._owner, self._seconds):
                    # Stopped for too long. Another may be refreshing; the generation decides.
                    logger.warning("a lease was lost while the provider was asked")
                    return
            except StorageError:
                logger.warning("a lease could not be renewed; trying again")

    async def _release(self) -> None:
        try:
            await self._store.release_lease(self._key, self._owner, cooldown_s=self.cooldown_s)
        except StorageError:
            logger.warning("a lease could not be let go; it ends by itself")
