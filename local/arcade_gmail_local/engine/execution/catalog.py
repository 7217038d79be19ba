"""Find the tools of all workers by any of the names that clients use for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arcade_gmail_local.engine.execution.tool_entry import ToolEntry, read_entry
from arcade_gmail_local.engine.execution.worker_client import WorkerClient
from arcade_gmail_local.engine.http.responses import Refusal
from arcade_gmail_multiuser.errors import ConfigurationError, Unavailable

__all__ = ["Catalog"]

logger = logging.getLogger(__name__)

_MISS_PAUSE_S = 2.0
"""A worker is asked again for an unknown name, or after a failure, at most this often."""


class Catalog:
    """Merge the workers' tool lists. A toolkit belongs to the first worker that serves it."""

    def __init__(
        self, workers: Mapping[str, WorkerClient], *, clock: Callable[[], float], ttl_s: float
    ) -> None:
        self._ttl_s = ttl_s
        self._lists = [_ToolListCache(one, clock=clock) for one in workers.values()]
        self._merged_from: list[int] = []
        self._entries: tuple[ToolEntry, ...] = ()
        self._by_name: dict[str, list[ToolEntry]] = {}

    async def tools(self) -> tuple[ToolEntry, ...]:
        """Return every tool, ordered by name.

        Raises:
            Unavailable: no worker has ever listed any.
        """
        await self._refresh(self._ttl_s)
        return self._entries

    async def tools_of(self, worker_id: str) -> tuple[ToolEntry, ...]:
        """Return the tools that a worker contributes."""
        return tuple(entry for entry in await self.tools() if entry.worker == worker_id)

    async def get(self, name: str, version: str | None = None) -> ToolEntry:
        """Find `Toolkit.Tool` or `Toolkit_Tool`, in any case, perhaps with `@version`.

        Raises:
            Refusal: 404 for an unknown tool or version.
        """
        plain, _, inner_version = name.partition("@")
        for max_age_s in (self._ttl_s, _MISS_PAUSE_S):
            await self._refresh(max_age_s)
            entry = self._lookup(plain, version or inner_version or None)
            if entry is not None:
                return entry
        # The caller knows the name, so it is not repeated.
        raise Refusal(404, "tool_not_found", "There is no tool with that name and version.")

    def _lookup(self, name: str, version: str | None) -> ToolEntry | None:
        found = self._by_name.get(name.lower(), [])
        return next((e for e in found if version is None or e.version == version), None)

    async def _refresh(self, max_age_s: float) -> None:
        outcomes = await asyncio.gather(
            *(one.refresh(max_age_s) for one in self._lists if not one.younger_than(max_age_s)),
            return_exceptions=True,
        )
        for problem in outcomes:
            # One worker that is away must not take the tools of the others with it.
            alone = not any(one.entries for one in self._lists)
            expected = isinstance(problem, Unavailable | ConfigurationError)
            if isinstance(problem, BaseException) and (alone or not expected):
                raise problem
        state = [one.edition for one in self._lists]
        if state != self._merged_from:
            self._merge([one.entries for one in self._lists])
            self._merged_from = state

    def _merge(self, lists: Sequence[tuple[ToolEntry, ...]]) -> None:
        owners: dict[str, str] = {}
        entries = [
            entry
            for listed in lists
            for entry in listed
            if owners.setdefault(entry.toolkit.lower(), entry.worker) == entry.worker
        ]
        left_out = sum(map(len, lists)) - len(entries)
        if left_out:
            logger.warning("%d tools are left out: another worker serves their toolkit", left_out)
        self._entries = tuple(sorted(entries, key=lambda e: (e.qualified_name, e.version or "")))
        self._by_name = {}
        # A name without a version means the last version listed.
        for entry in reversed(entries):
            for separator in "._":
                key = f"{entry.toolkit}{separator}{entry.name}".lower()
                self._by_name.setdefault(key, []).append(entry)


class _ToolListCache:
    """Keep what a worker listed last.

    A worker that is away costs nothing while there is an older list. `edition` rises whenever the
    list was read.
    """

    def __init__(self, worker: WorkerClient, *, clock: Callable[[], float]) -> None:
        self.entries: tuple[ToolEntry, ...] = ()
        self.edition = 0
        self._worker = worker
        self._clock = clock
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._tries = 0
        self._lock = asyncio.Lock()

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
                # It failed: those who waited share the failure, or they would queue for hours.
                raise Unavailable("The worker cannot be reached; nothing was done.")
            now = self._clock()
            tried = self._tried_at is not None and now - self._tried_at < _MISS_PAUSE_S
            if self.entries and tried:
                return
            self._tried_at = now
            self._tries += 1
            try:
                raw = await self._worker.tools()
            except Unavailable:
                if not self.entries:
                    raise
                logger.warning("a worker lists no tools; its last list is used")
                return
            self._take(raw)
            self._read_at = now

    def _take(self, raw: list[Any]) -> None:
        read = [entry for one in raw if (entry := read_entry(one, self._worker.id)) is not None]
        if len(read) != len(raw):
            logger.warning("%d unreadable tool definitions were left out", len(raw) - len(read))
        self.entries = tuple(read)
        self.edition += 1
