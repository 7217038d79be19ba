"""The tools of all workers, found by any of the names that clients use for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from arcade_gmail_local.engine.http.answers import Refusal
from arcade_gmail_local.engine.running.shelf import MISS_PAUSE_S, Shelf
from arcade_gmail_local.engine.running.tool_entry import ToolEntry
from arcade_gmail_local.engine.running.worker_pool import WorkerPool
from arcade_gmail_multiuser.errors import ConfigurationError, Unavailable

__all__ = ["Catalog"]

logger = logging.getLogger(__name__)


class Catalog:
    """Merge the workers' lists. A toolkit belongs to the first worker that serves it."""

    def __init__(self, pool: WorkerPool, *, clock: Callable[[], float], ttl_s: float) -> None:
        self._pool = pool
        self._clock = clock
        self._ttl_s = ttl_s
        self._shelves: dict[str, Shelf] = {}
        self._merged_from: tuple[tuple[str, int], ...] | None = None
        self._entries: tuple[ToolEntry, ...] = ()
        self._by_name: dict[str, list[ToolEntry]] = {}

    async def tools(self) -> tuple[ToolEntry, ...]:
        """Give every tool, ordered by name.

        Raises:
            Unavailable: no worker has ever given a list.
        """
        await self._look(self._ttl_s)
        return self._entries

    async def get(self, name: str, version: str | None = None) -> ToolEntry:
        """Find `Toolkit.Tool` or `Toolkit_Tool`, in any case, perhaps with `@version`.

        Raises:
            Refusal: 404 for an unknown tool or version.
        """
        plain, _, inner_version = name.partition("@")
        wanted = version or inner_version or None
        await self._look(self._ttl_s)
        entry = self._lookup(plain, wanted)
        if entry is None:
            await self._look(MISS_PAUSE_S)
            entry = self._lookup(plain, wanted)
        if entry is None:
            # The name came from the caller, who knows it; it is not repeated.
            raise Refusal(404, "tool_not_found", "There is no tool of that name and version.")
        return entry

    async def tools_of(self, worker_id: str) -> tuple[ToolEntry, ...]:
        """Give the tools that a worker contributes; none when it is disabled."""
        return tuple(entry for entry in await self.tools() if entry.worker == worker_id)

    async def toolkits_elsewhere(self, worker_id: str) -> frozenset[str]:
        """Give the toolkits, in small letters, that other workers serve."""
        try:
            entries = await self.tools()
        except Unavailable:
            return frozenset()
        return frozenset(one.toolkit.lower() for one in entries if one.worker != worker_id)

    def _lookup(self, name: str, version: str | None) -> ToolEntry | None:
        found = self._by_name.get(name.lower(), [])
        return next((e for e in found if version is None or e.version == version), None)

    async def _look(self, max_age_s: float) -> None:
        active = await self._pool.active()
        for worker_id, client in active:
            shelf = self._shelves.get(worker_id)
            if shelf is None or not shelf.is_of(client):
                self._shelves[worker_id] = Shelf(client, worker_id, clock=self._clock)
        ids = [worker_id for worker_id, _ in active]
        self._shelves = {worker_id: self._shelves[worker_id] for worker_id in ids}
        old = [shelf for shelf in self._shelves.values() if not shelf.younger_than(max_age_s)]
        if old:
            await self._refresh(old, max_age_s)
        state = tuple((one.worker_id, one.edition) for one in self._shelves.values())
        if state != self._merged_from:
            self._merge()
            self._merged_from = state

    async def _refresh(self, shelves: Sequence[Shelf], max_age_s: float) -> None:
        every = tuple(self._shelves.values())
        outcomes = await asyncio.gather(
            *(shelf.refresh(max_age_s) for shelf in shelves), return_exceptions=True
        )
        problems = [problem for problem in outcomes if isinstance(problem, BaseException)]
        for problem in problems:
            # One worker that is away must not take the tools of the others with it.
            alone = not any(shelf.entries for shelf in every)
            if alone or not isinstance(problem, Unavailable | ConfigurationError):
                raise problem

    def _merge(self) -> None:
        owners: dict[str, str] = {}
        entries: list[ToolEntry] = []
        for shelf in self._shelves.values():
            mine = [
                entry
                for entry in shelf.entries
                if owners.setdefault(entry.toolkit.lower(), shelf.worker_id) == shelf.worker_id
            ]
            entries += mine
            if len(mine) < len(shelf.entries):
                logger.warning(
                    "%d tools of a worker are left out: another worker serves their toolkit",
                    len(shelf.entries) - len(mine),
                )
        self._entries = tuple(sorted(entries, key=lambda e: (e.qualified_name, e.version or "")))
        self._by_name = {}
        # Of several versions the last one listed is what a name without version means.
        for entry in reversed(entries):
            for separator in "._":
                key = f"{entry.toolkit}{separator}{entry.name}".lower()
                self._by_name.setdefault(key, []).append(entry)
