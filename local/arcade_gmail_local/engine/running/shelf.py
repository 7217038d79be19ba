"""One worker's list of tools, kept for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from arcade_gmail_local.engine.running.tool_entry import ToolEntry, read_entry
from arcade_gmail_local.engine.running.worker_client import WorkerClient
from arcade_gmail_multiuser.errors import Unavailable

__all__ = ["MISS_PAUSE_S", "Shelf"]

logger = logging.getLogger(__name__)

MISS_PAUSE_S = 2.0
"""A worker is asked anew for an unknown name, or after a failure, at most this often."""


class Shelf:
    """Keep what a worker listed last.

    A worker that is away costs nothing as long as an older list is there. `edition` rises whenever
    the list was read anew.
    """

    def __init__(self, worker: WorkerClient, worker_id: str, *, clock: Callable[[], float]) -> None:
        self.worker_id = worker_id
        self.entries: tuple[ToolEntry, ...] = ()
        self.edition = 0
        self._worker = worker
        self._clock = clock
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._tries = 0
        self._lock = asyncio.Lock()

    def is_of(self, worker: WorkerClient) -> bool:
        return self._worker is worker

    def younger_than(self, seconds: float) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < seconds

    async def refresh(self, max_age_s: float) -> None:
        """Read the list unless it is younger than that.

        Raises:
            Unavailable, ConfigurationError: it could not be read, and there is no older one.
        """
        before = self._tries
        async with self._lock:
            if self.younger_than(max_age_s):
                return  # another request was faster
            if self._tries != before and not self.entries:
                # And it failed: those who waited for it share that, or they would queue for hours.
                raise Unavailable("The worker cannot be reached; nothing was done.")
            now = self._clock()
            tried = self._tried_at is not None and now - self._tried_at < MISS_PAUSE_S
            if self.entries and tried:
                return
            self._tried_at = now
            self._tries += 1
            try:
                raw = await self._worker.tools()
            except Unavailable:
                if not self.entries:
                    raise
                logger.warning("a worker gives no list of tools; its last one is used")
                return
            self._take(raw)
            self._read_at = now

    def _take(self, raw: list[Any]) -> None:
        read = [entry for one in raw if (entry := read_entry(one, self.worker_id)) is not None]
        if len(read) != len(raw):
            logger.warning("%d unreadable tool definitions were left out", len(raw) - len(read))
        self.entries = tuple(read)
        self.edition += 1
