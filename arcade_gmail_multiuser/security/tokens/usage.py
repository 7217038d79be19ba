"""Record when connections were last used, many in one write."""

from __future__ import annotations

import asyncio
import logging

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.tokens.record import TokenKey
from arcade_gmail_multiuser.security.tokens.store import TokenStore

__all__ = ["UseLog"]

logger = logging.getLogger(__name__)

_MAX_WAITING = 10_000
_MAX_RECENT = 100_000
_BATCH = 500


class UseLog:
    """Collect uses and write them a few seconds later, so that no lookup waits for a write.

    A crash loses the last minute, which only a page for people shows.

    Args:
        apart_s: of a connection's uses within this time only the first is written.
    """

    def __init__(self, store: TokenStore, *, every_s: float = 5.0, apart_s: float = 60.0) -> None:
        self._store = store
        self._every_s = every_s
        self._apart_s = apart_s
        self._recent: dict[TokenKey, float] = {}
        self._used: dict[TokenKey, float] = {}
        self._writing: asyncio.Task[None] | None = None

    def add(self, key: TokenKey, at: float) -> None:
        last = self._recent.get(key)
        if last is not None and 0 <= at - last < self._apart_s:
            return
        if len(self._used) >= _MAX_WAITING:
            return
        if len(self._recent) >= _MAX_RECENT:
            self._recent.clear()
        self._recent[key] = self._used[key] = at
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    def forget(self, key: TokenKey) -> None:
        """Record the next use at once: it may be another connection's."""
        self._recent.pop(key, None)
        self._used.pop(key, None)

    async def flush(self) -> None:
        """Write the collected uses; what cannot be written is dropped."""
        used, self._used = self._used, {}
        keys = list(used)
        try:
            for first in range(0, len(keys), _BATCH):
                await self._store.touch({key: used[key] for key in keys[first : first + _BATCH]})
        except StorageError:
            self._recent.clear()
            logger.warning("the last use of %d connections could not be written", len(keys))

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})
        await self.flush()

    async def _write_later(self) -> None:
        while self._used:
            await asyncio.sleep(self._every_s)
            await self.flush()
