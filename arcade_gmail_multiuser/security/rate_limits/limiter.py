"""Limit how often a person's authorization may be attempted, across all processes.

Attempts are counted for (project, user id), and only if they came with a valid API key: without one
no one can use up a person's attempts. Requests with a wrong key or a guessed flow id are counted by
address, in a separate count.

Every store does the same: it keeps the times of the last `max_attempts` admitted attempts, and
admits another when the oldest of them is a window old. A refused attempt is not counted, so trying
again does not prolong the wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from arcade_gmail_multiuser.errors import ConfigurationError, RateLimited, StorageUnavailable
from arcade_gmail_multiuser.security.config.boundaries import RateBoundary

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = [
    "AttemptLimiter",
    "AttemptStore",
    "MemoryAttemptStore",
    "limiter_unavailable",
    "open_limiter",
    "weigh_attempt",
]

_STRANGERS_FACTOR = 10
"""How many times more failures an address may have than a person: offices share one address."""

_MAX_KEYS = 100_000


class AttemptStore(Protocol):
    """Count attempts by key. A method that raises StorageError admits no one."""

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...

    async def admit(self, key: str, *, limit: int, window_ms: int, now_ms: int) -> int:
        """Count an attempt and return 0, or count nothing and return the milliseconds to wait."""
        ...


class AttemptLimiter:
    """Admit `max_attempts` of a person in any window, across all processes.

    Args:
        enabled: False admits everything (development only).
        clock: returns the time in epoch seconds; processes need roughly the same.
    """

    def __init__(
        self,
        store: AttemptStore,
        *,
        max_attempts: int = 5,
        window_s: float = 900.0,
        enabled: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._limit = max_attempts
        self._window_ms = int(window_s * 1000)
        self._enabled = enabled
        self._clock = clock

    async def prepare(self) -> None:
        """Prepare the store.

        Raises:
            StorageError: it cannot be reached.
        """
        if self._enabled:
            await self._store.prepare()

    async def close(self) -> None:
        """Close the store's own connections."""
        await self._store.close()

    async def admit(self, project: str, user_id: str) -> None:
        """Count an attempt to authorize a person; call it after checking the API key.

        Raises:
            RateLimited: too many; `retry_after_ms` says when the next is admitted.
            StorageError: it cannot be counted, so it must not continue.
        """
        await self._admit(("user", project, user_id), self._limit)

    async def admit_stranger(self, address: str) -> None:
        """Count a request that failed to authenticate: a wrong API key, an unknown flow id.

        Call it only after the request failed, so that it never blocks a person who shares the
        address; return the RateLimited instead of the refusal.

        Args:
            address: the socket's peer, never X-Forwarded-For. IPv6 counts by /64.

        Raises:
            RateLimited, StorageError: as `admit`.
        """
        await self._admit(("address", _network_of(address)), self._limit * _STRANGERS_FACTOR)

    async def _admit(self, fields: tuple[str, ...], limit: int) -> None:
        if not self._enabled:
            return
        now_ms = int(self._clock() * 1000)
        wait_ms = await self._store.admit(
            _key_of(fields), limit=limit, window_ms=self._window_ms, now_ms=now_ms
        )
        if wait_ms > 0:
            minutes = -(-wait_ms // 60_000)
            raise RateLimited(
                f"Too many authorization attempts. Try again in {minutes} "
                f"{'minute' if minutes == 1 else 'minutes'}.",
                retry_after_ms=wait_ms,
            )


class MemoryAttemptStore:
    """Count in this process alone; only if the configuration asks for it by name.

    Past 100,000 keys the least recently used one is dropped.
    """

    def __init__(self, *, max_keys: int = _MAX_KEYS) -> None:
        self._kept: OrderedDict[str, list[int]] = OrderedDict()
        self._max_keys = max_keys
        self._lock = asyncio.Lock()

    async def prepare(self) -> None:
        """Do nothing: there is nothing to reach."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def admit(self, key: str, *, limit: int, window_ms: int, now_ms: int) -> int:
        async with self._lock:
            kept, wait_ms = weigh_attempt(
                self._kept.get(key, ()), limit=limit, window_ms=window_ms, now_ms=now_ms
            )
            self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > self._max_keys:
                self._kept.popitem(last=False)
            return wait_ms


def weigh_attempt(
    admitted: Iterable[int], *, limit: int, window_ms: int, now_ms: int
) -> tuple[list[int], int]:
    """Decide about an attempt from the times of those admitted, in milliseconds.

    Another process's clock may be ahead: such times count, but one more than a window ahead is
    dropped, or it would lock a person out for longer than any rule says.

    Returns:
        The times to keep, and how long to wait (0: admitted).
    """
    kept = sorted(at for at in admitted if now_ms - window_ms < at <= now_ms + window_ms)
    if len(kept) < limit:
        return sorted([*kept, now_ms]), 0
    return kept, max(1, min(kept[-limit] + window_ms - now_ms, window_ms))


def limiter_unavailable(cause: BaseException) -> StorageUnavailable:
    """Make the error for attempts that cannot be counted; none is admitted then."""
    return StorageUnavailable(
        "Authorization attempts cannot be counted right now, so none is admitted. Try again soon.",
        developer_message=f"rate limit: {type(cause).__name__}",
    )


def _key_of(fields: tuple[str, ...]) -> str:
    """Hash the fields, each with its length: ("ab", "c") and ("a", "bc") are two people."""
    content = b""
    for field in fields:
        raw = field.encode("utf-8", errors="surrogatepass")
        content += struct.pack(">I", len(raw)) + raw
    return hashlib.sha256(content).hexdigest()


def _network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def open_limiter(
    boundary: RateBoundary,
    database: AsyncEngine | None,
    *,
    clock: Callable[[], float] = time.time,
) -> AttemptLimiter:
    """Open the limiter that a configuration asks for; await `prepare` and, at the end, `close`.

    Raises:
        ConfigurationError: it needs a database, and there is none.
    """
    return AttemptLimiter(
        _store_of(boundary, database),
        max_attempts=boundary.max_attempts,
        window_s=boundary.window_s,
        enabled=boundary.enabled,
        clock=clock,
    )


def _store_of(boundary: RateBoundary, database: AsyncEngine | None) -> AttemptStore:
    if boundary.backend == "memory":
        return MemoryAttemptStore()
    if boundary.redis_url is not None:
        # Each backend is an extra that only its own choice needs.
        from arcade_gmail_multiuser.security.rate_limits.redis_store import (  # noqa: PLC0415
            RedisAttemptStore,
        )

        return RedisAttemptStore(boundary.redis_url)
    if database is None:
        raise ConfigurationError("rate_limiting.backend is `database`, but there is none.")
    from arcade_gmail_multiuser.security.rate_limits.sql_store import SqlAttemptStore  # noqa: PLC0415

    return SqlAttemptStore(database)
