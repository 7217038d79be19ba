"""Each person's tools, kept for a while: least recently used go first, none outlives its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition
from cachetools import TTLCache

from arcade_gmail_multiuser.client.single_flight import SingleFlight
from arcade_gmail_multiuser.client.toolset import ToolMemo, Tools, load_tools
from arcade_gmail_multiuser.client.users import check_user_id
from arcade_gmail_multiuser.errors import GmailMultiuserError, InvalidInput, Unavailable

__all__ = ["CacheFigures", "UserContextCache", "WarmUp"]

Progress = Callable[[int, int], None]

TOOLKIT = "GmailMultiuser"
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """How a cache has done since it was made. `size` and `bytes` are what it holds now."""

    hits: int
    misses: int
    evictions: int
    expirations: int
    refused: int
    """Sets of tools that alone exceed `max_bytes` and so were never kept."""
    size: int
    bytes: int

    @property
    def hit_rate(self) -> float:
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


@dataclass(frozen=True, slots=True, repr=False)
class WarmUp:
    """What came of a warm-up: who was loaded, who was there already, and who failed of what."""

    loaded: int = 0
    present: int = 0
    failed: dict[str, GmailMultiuserError] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Kept:
    """Tools, and how many users have just these: equal lists are one object."""

    tools: Tools
    bytes: int
    users: int = 0


class _Places(TTLCache[str, _Kept, float]):
    """A TTLCache that counts what leaves it and knows how many bytes it holds."""

    def __init__(self, maxsize: int, ttl_s: float, timer: Callable[[], float]) -> None:
        super().__init__(maxsize, ttl_s, timer)
        self.bytes = 0
        self.evictions = 0
        self.expirations = 0
        self._kept: dict[int, _Kept] = {}

    def weigh(self, tools: Tools) -> _Kept:
        """Give these tools' entry, weighed only the first time."""
        # The entry holds the tuple, so that its id is nobody else's meanwhile.
        kept = self._kept.get(id(tools))
        if kept is None:
            kept = _Kept(tools, sum(map(_weight, tools)))
        return kept

    def put(self, key: str, kept: _Kept) -> None:
        self.drop(key)
        if kept.users == 0:
            self._kept[id(kept.tools)] = kept
            self.bytes += kept.bytes
        kept.users += 1
        self[key] = kept

    def drop(self, key: str) -> None:
        kept = self.pop(key, None)
        if kept is not None:
            self._release(kept)

    def popitem(self) -> tuple[str, _Kept]:
        key, kept = super().popitem()
        self.evictions += 1
        self._release(kept)
        return key, kept

    def expire(self, time: float | None = None) -> list[tuple[str, _Kept]]:
        gone = super().expire(time)
        self.expirations += len(gone)
        for _, kept in gone:
            self._release(kept)
        return gone

    def _release(self, kept: _Kept) -> None:
        kept.users -= 1
        if kept.users == 0:
            del self._kept[id(kept.tools)]
            self.bytes -= kept.bytes


def _weight(tool: Any) -> int:
    """Weigh a tool in characters: as JSON, or as Python writes it if it is no model of pydantic."""
    write = getattr(tool, "model_dump_json", None)
    return len(write() if callable(write) else repr(tool))


class UserContextCache:
    """Keep the tools of the people seen last. For one event loop, as arcadepy's client is.

    Args:
        max_cache_size: how many people.
        ttl_ms: how long a person's tools are kept after loading, however often they are read.
        max_bytes: also bound the JSON size of all that is kept. Users whose lists are equal share
            one, which counts once.
        clock: seconds that only grow.
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
        self._places = _Places(max_cache_size, ttl_ms / 1000, clock)
        self._max_bytes = max_bytes
        self._memo = ToolMemo()
        self._flights: SingleFlight[str, Tools] = SingleFlight()
        self._generations: dict[str, int] = {}
        """How often a person was invalidated, only while a load for that person is under way."""
        self._loading: dict[str, int] = {}
        self._hits = 0
        self._misses = 0
        self._refused = 0

    def get_cached_tools(self, user_id: str) -> list[ToolDefinition] | None:
        """Give a person's tools, or None. The list is the caller's own; what is in it is shared."""
        entry = self._places.get(user_id)
        if entry is None:
            self._misses += 1
            return None
        self._hits += 1
        return list(entry.tools)

    def set_cached_tools(self, user_id: str, tools: Iterable[ToolDefinition]) -> None:
        """Keep a person's tools, if need be in the place of those least recently used."""
        user_id = check_user_id(user_id)
        places = self._places
        kept = places.weigh(tuple(tools))
        if self._max_bytes is not None and kept.bytes > self._max_bytes:
            places.drop(user_id)
            self._refused += 1
            return
        places.put(user_id, kept)
        while self._max_bytes is not None and places.bytes > self._max_bytes:
            places.popitem()

    def invalidate(self, user_id: str) -> None:
        """Forget a person's tools. A load that is under way now will not be kept either."""
        self._places.drop(user_id)
        self._flights.forget(user_id)
        if user_id in self._loading:
            self._generations[user_id] = self._generations.get(user_id, 0) + 1

    def clear(self) -> None:
        """Forget everybody."""
        for user_id in {*self._places, *self._loading}:
            self.invalidate(user_id)

    @property
    def figures(self) -> CacheFigures:
        size = len(self._places)  # drops what has expired, so that the rest is counted without it
        places = self._places
        return CacheFigures(
            hits=self._hits,
            misses=self._misses,
            evictions=places.evictions,
            expirations=places.expirations,
            refused=self._refused,
            size=size,
            bytes=places.bytes,
        )

    async def get_or_load(
        self, user_id: str, load: Callable[[], Awaitable[Sequence[ToolDefinition]]]
    ) -> list[ToolDefinition]:
        """Give a person's tools, loading them once for all who ask at the same moment.

        Tools that were invalidated while they were loaded are loaded again, not given.
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
        """Give a person's tools, if need be from the engine, all pages of them."""
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

        for _ in range(MOST_ATTEMPTS):
            entry = self._places.get(user_id)
            if entry is not None:
                return entry.tools  # another's load, begun after the invalidation, was faster
            generation = self._generations.get(user_id, 0)
            tools = await self._flights.do(user_id, work)
            if self._generations.get(user_id, 0) == generation:
                return tools
        raise Unavailable("The person's permissions keep changing. Try again in a moment.")

    async def warm_cache(
        self,
        arcade: AsyncArcade,
        user_ids: Iterable[str],
        *,
        toolkit: str = TOOLKIT,
        concurrency: int = 16,
        on_progress: Progress | None = None,
    ) -> WarmUp:
        """Load the tools of many people, several at once. One who fails does not stop the rest.

        Args:
            concurrency: how many loads are under way at once.
            on_progress: called with how many are done and how many there are, after each.
        """
        if concurrency < 1:
            raise InvalidInput("concurrency must be at least 1.")
        people = list(dict.fromkeys(user_ids))
        waiting = iter(people)
        failed: dict[str, GmailMultiuserError] = {}
        present = done = 0

        async def work() -> None:
            nonlocal present, done
            for user_id in waiting:
                if user_id in self._places:
                    present += 1
                else:
                    try:
                        await self._warm(arcade, toolkit, user_id)
                    except GmailMultiuserError as problem:
                        failed[user_id] = problem.with_traceback(None)
                done += 1
                if on_progress is not None:
                    on_progress(done, len(people))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(people))):
                group.create_task(work())
        return WarmUp(len(people) - present - len(failed), present, failed)

    async def _warm(self, arcade: AsyncArcade, toolkit: str, user_id: str) -> None:
        await self.load(arcade, check_user_id(user_id), toolkit=toolkit)
