"""Cache each user's tool list: least recently used goes first, and every entry expires."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition
from cachetools import TTLCache

from arcade_gmail_multiuser.client.arguments import check_user_id
from arcade_gmail_multiuser.client.single_flight import SingleFlight
from arcade_gmail_multiuser.client.toolset import ToolMemo, Tools, load_tools
from arcade_gmail_multiuser.errors import GmailMultiuserError, InvalidInput, Unavailable

__all__ = ["CacheStats", "UserContextCache", "WarmUp"]

Progress = Callable[[int, int], None]

TOOLKIT = "GmailMultiuser"
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Count what a cache has done. `size` and `bytes` are what it has now."""

    hits: int
    misses: int
    evictions: int
    expirations: int
    refused: int
    """Tool lists larger than `max_bytes` by themselves, and so never stored."""
    size: int
    bytes: int

    @property
    def hit_rate(self) -> float:
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


@dataclass(frozen=True, slots=True, repr=False)
class WarmUp:
    """Report a warm-up: how many users were loaded or already cached, and whose load failed."""

    loaded: int = 0
    present: int = 0
    failed: dict[str, GmailMultiuserError] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Entry:
    """Tools, and how many users share them: equal lists are one object."""

    tools: Tools
    bytes: int
    users: int = 0


class _Entries(TTLCache[str, _Entry, float]):
    """A TTLCache that counts evictions and expirations, and the bytes of its entries."""

    def __init__(self, maxsize: int, ttl_s: float, timer: Callable[[], float]) -> None:
        super().__init__(maxsize, ttl_s, timer)
        self.bytes = 0
        self.evictions = 0
        self.expirations = 0
        self._shared: dict[int, _Entry] = {}

    def entry_of(self, tools: Tools) -> _Entry:
        """Return the entry these tools share, or a new one."""
        # The entry holds the tuple, so its id cannot be reused meanwhile.
        entry = self._shared.get(id(tools))
        return _Entry(tools, sum(map(_size, tools))) if entry is None else entry

    def put(self, key: str, entry: _Entry) -> None:
        self.drop(key)
        if entry.users == 0:
            self._shared[id(entry.tools)] = entry
            self.bytes += entry.bytes
        entry.users += 1
        self[key] = entry

    def drop(self, key: str) -> None:
        entry = self.pop(key, None)
        if entry is not None:
            self._release(entry)

    def popitem(self) -> tuple[str, _Entry]:
        key, entry = super().popitem()
        self.evictions += 1
        self._release(entry)
        return key, entry

    def expire(self, time: float | None = None) -> list[tuple[str, _Entry]]:
        gone = super().expire(time)
        self.expirations += len(gone)
        for _, entry in gone:
            self._release(entry)
        return gone

    def _release(self, entry: _Entry) -> None:
        entry.users -= 1
        if entry.users == 0:
            del self._shared[id(entry.tools)]
            self.bytes -= entry.bytes


def _size(tool: Any) -> int:
    """Measure a tool in characters: as JSON, or its repr if it is not a pydantic model."""
    write = getattr(tool, "model_dump_json", None)
    return len(write() if callable(write) else repr(tool))


class UserContextCache:
    """Cache the tools of the users seen last. Like arcadepy's client, it serves one event loop.

    Args:
        max_cache_size: how many users.
        ttl_ms: how long a user's tools are cached after loading, however often they are read.
        max_bytes: also bound the JSON size of all entries. Users with equal lists share one, which
            counts once.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        max_cache_size: int = 1000,
        ttl_ms: float = 3_600_000,
        *,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_cache_size < 1 or ttl_ms <= 0 or (max_bytes is not None and max_bytes < 1):
            raise InvalidInput("max_cache_size, ttl_ms and max_bytes must be above zero.")
        self._entries = _Entries(max_cache_size, ttl_ms / 1000, clock)
        self._max_bytes = max_bytes
        self._memo = ToolMemo()
        self._flights: SingleFlight[str, Tools] = SingleFlight()
        self._generations: dict[str, int] = {}
        """How often a user was invalidated while a load for that user is in progress."""
        self._loading: dict[str, int] = {}
        self._hits = 0
        self._misses = 0
        self._refused = 0

    def get_cached_tools(self, user_id: str) -> list[ToolDefinition] | None:
        """Return a user's tools, or None. The list is the caller's own; its elements are shared."""
        entry = self._entries.get(user_id)
        if entry is None:
            self._misses += 1
            return None
        self._hits += 1
        return list(entry.tools)

    def set_cached_tools(self, user_id: str, tools: Iterable[ToolDefinition]) -> None:
        """Cache a user's tools, evicting the least recently used where there is no room."""
        user_id = check_user_id(user_id)
        entries = self._entries
        entry = entries.entry_of(tuple(tools))
        if self._max_bytes is not None and entry.bytes > self._max_bytes:
            entries.drop(user_id)
            self._refused += 1
            return
        entries.put(user_id, entry)
        while self._max_bytes is not None and entries.bytes > self._max_bytes:
            entries.popitem()

    def invalidate(self, user_id: str) -> None:
        """Drop a user's tools. The result of a load in progress will not be cached either."""
        self._entries.drop(user_id)
        self._flights.forget(user_id)
        if user_id in self._loading:
            self._generations[user_id] = self._generations.get(user_id, 0) + 1

    def clear(self) -> None:
        """Drop every user's tools."""
        for user_id in {*self._entries, *self._loading}:
            self.invalidate(user_id)

    @property
    def stats(self) -> CacheStats:
        entries = self._entries
        size = len(entries)  # drops what has expired first, so that nothing below counts it
        return CacheStats(
            hits=self._hits,
            misses=self._misses,
            evictions=entries.evictions,
            expirations=entries.expirations,
            refused=self._refused,
            size=size,
            bytes=entries.bytes,
        )

    async def get_or_load(
        self, user_id: str, load: Callable[[], Awaitable[Sequence[ToolDefinition]]]
    ) -> list[ToolDefinition]:
        """Return a user's tools, loading them once for all concurrent callers.

        Tools invalidated while they were loading are loaded again.
        """
        user_id = check_user_id(user_id)
        cached = self.get_cached_tools(user_id)
        if cached is not None:
            return cached
        self._loading[user_id] = self._loading.get(user_id, 0) + 1
        try:
            return list(await self._load(user_id, load))
        finally:
            self._loading[user_id] -= 1
            if not self._loading[user_id]:
                del self._loading[user_id]
                self._generations.pop(user_id, None)

    async def load(
        self, arcade: AsyncArcade, user_id: str, *, toolkit: str = TOOLKIT
    ) -> list[ToolDefinition]:
        """Return a user's tools, from the engine if they are not cached, all pages of them."""
        return await self.get_or_load(
            user_id,
            lambda: load_tools(arcade, toolkit=toolkit, user_id=user_id, memo=self._memo),
        )

    async def _load(
        self, user_id: str, load: Callable[[], Awaitable[Sequence[ToolDefinition]]]
    ) -> Tools:
        async def work() -> Tools:
            generation = self._generations.get(user_id, 0)
            tools = tuple(await load())
            if self._generations.get(user_id, 0) == generation:
                self.set_cached_tools(user_id, tools)
            return tools

        for _ in range(MAX_ATTEMPTS):
            entry = self._entries.get(user_id)
            if entry is not None:
                return entry.tools  # a load begun after the invalidation was faster
            generation = self._generations.get(user_id, 0)
            tools = await self._flights.do(user_id, work)
            if self._generations.get(user_id, 0) == generation:
                return tools
        raise Unavailable("The user's permissions keep changing. Try again in a moment.")

    async def warm_cache(
        self,
        arcade: AsyncArcade,
        user_ids: Iterable[str],
        *,
        toolkit: str = TOOLKIT,
        concurrency: int = 16,
        on_progress: Progress | None = None,
    ) -> WarmUp:
        """Load many users' tools concurrently. A user whose load fails does not stop the rest.

        Args:
            concurrency: how many loads run at once.
            on_progress: called after each with how many are done, of how many.
        """
        if concurrency < 1:
            raise InvalidInput("concurrency must be at least 1.")
        users = list(dict.fromkeys(user_ids))
        waiting = iter(users)
        failed: dict[str, GmailMultiuserError] = {}
        present = done = 0

        async def work() -> None:
            nonlocal present, done
            for user_id in waiting:
                if user_id in self._entries:
                    present += 1
                else:
                    try:
                        await self._warm(arcade, toolkit, user_id)
                    except GmailMultiuserError as problem:
                        failed[user_id] = problem.with_traceback(None)
                done += 1
                if on_progress is not None:
                    on_progress(done, len(users))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(users))):
                group.create_task(work())
        return WarmUp(len(users) - present - len(failed), present, failed)

    async def _warm(self, arcade: AsyncArcade, toolkit: str, user_id: str) -> None:
        await self.load(arcade, check_user_id(user_id), toolkit=toolkit)
