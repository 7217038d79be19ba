"""Give a token that will still work: refreshed before it ends, once however many ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from arcade_gmail_multiuser.engine.connections import Connection, ConnectionStore
from arcade_gmail_multiuser.engine.provider import OAuthProvider
from arcade_gmail_multiuser.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    NotFound,
    RequestRefused,
    TokenRejected,
    Unavailable,
)

__all__ = ["Refresher"]

logger = logging.getLogger(__name__)

_EARLY_S = 300.0
_LAST_MOMENT_S = 20.0
_RECONNECT = "The permission has expired or was withdrawn; the person has to connect again."


class Refresher:
    """Refresh connections, one call to the provider at a time for each.

    Within a process callers share one task; between processes the generation decides, and whoever
    loses uses what the winner stored.
    """

    def __init__(
        self, store: ConnectionStore, provider: OAuthProvider, *, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._provider = provider
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[Connection]] = {}

    async def fresh(self, connection: Connection) -> Connection:
        """Give the connection with at least a few minutes left on its token.

        A provider that does not answer costs nothing while the old token still works.

        Raises:
            TokenRejected: the person has to connect again, and the connection says so.
            Unavailable: the provider does not answer; the connection is kept.
            ConfigurationError: our client is refused; the connection is kept.
        """
        if self._good_for(connection, _EARLY_S):
            return connection
        try:
            return await self._shared(connection)
        except Unavailable:
            if self._good_for(connection, _LAST_MOMENT_S):
                return connection
            raise

    async def renew(self, connection: Connection) -> Connection:
        """Give a connection newer than this one, whose token was rejected in spite of its time."""
        return await self._shared(connection)

    def _good_for(self, connection: Connection, seconds: float) -> bool:
        return connection.usable and connection.expires_at - self._clock() >= seconds

    async def _shared(self, connection: Connection) -> Connection:
        task = self._under_way.get(connection.id)
        if task is None:
            task = asyncio.create_task(self._refresh(connection))
            self._under_way[connection.id] = task
            task.add_done_callback(lambda done: self._land(connection.id, done))
        # Shielded: a caller that gives up must not take the refresh away from the others.
        return await asyncio.shield(task)

    def _land(self, connection_id: str, done: asyncio.Task[Connection]) -> None:
        self._under_way.pop(connection_id, None)
        if not done.cancelled():
            # Marks the exception as seen, should every caller have gone.
            done.exception()

    async def _refresh(self, seen: Connection) -> Connection:
        held = await self._reread(seen)
        if held.generation != seen.generation and self._good_for(held, _LAST_MOMENT_S):
            return held
        refresh_token = self._store.refresh_token(held)
        if refresh_token is None:
            return await self._give_up(held)
        try:
            tokens = await self._provider.refresh(refresh_token)
        except TokenRejected:
            return await self._give_up(held)
        except (ConnectionFailed, DeadlineExceeded, RequestRefused) as problem:
            logger.warning("a refresh failed: %s; the connection is kept", problem.code)
            raise Unavailable(
                "The permission could not be renewed just now; try again in a moment.",
                retry_after_ms=2000,
            ) from None
        stored = await self._store.renew(held, tokens)
        # Lost to another writer: what that one stored is newer than ours.
        return stored if stored is not None else await self._reread(seen)

    async def _reread(self, seen: Connection) -> Connection:
        held = await self._store.by_id(seen.id)
        if held is None:
            raise NotFound("The connection was removed; the person has to connect again.")
        if not held.usable:
            raise TokenRejected(_RECONNECT)
        return held

    async def _give_up(self, held: Connection) -> Connection:
        if await self._store.demand_consent(held):
            raise TokenRejected(_RECONNECT)
        # Refused, but for a generation that is no longer the current one.
        return await self._reread(held)
