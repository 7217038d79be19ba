"""Bound how much of Gmail one person uses at once, so that no bulk job delays another's call.

Two bounds a person: requests in flight, and quota units a minute (Google's own currency). Both
belong to the process, whatever the number of event loops and clients; other processes have their
own, and Google's answer (a rate limit) is what holds them together. Each call has a deadline too.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager

from arcade_gmail_multiuser.errors import DeadlineExceeded, InvalidInput, RateLimited
from arcade_gmail_multiuser.gmail.api.requests import http_method

__all__ = ["Deadline", "Quota", "shared_quota", "units_of"]

MAX_IN_FLIGHT = 8
MAX_UNITS_PER_MINUTE = 6_000
"""Of a user and project, since 1 May 2026. Older projects still have 15,000."""
MAX_USERS = 10_000

_UNITS: dict[str, int] = {
    "users.getProfile": 1,
    "users.stop": 50,
    "users.watch": 100,
    "users.drafts.create": 10,
    "users.drafts.delete": 10,
    "users.drafts.get": 5,
    "users.drafts.list": 5,
    "users.drafts.send": 100,
    "users.drafts.update": 15,
    "users.history.list": 2,
    "users.labels.create": 5,
    "users.labels.delete": 5,
    "users.labels.get": 1,
    "users.labels.list": 1,
    "users.labels.patch": 5,
    "users.labels.update": 5,
    "users.messages.attachments.get": 5,
    "users.messages.batchDelete": 50,
    "users.messages.batchModify": 50,
    "users.messages.delete": 10,
    "users.messages.get": 20,
    "users.messages.import": 25,
    "users.messages.insert": 25,
    "users.messages.list": 5,
    "users.messages.modify": 5,
    "users.messages.send": 100,
    "users.messages.trash": 5,
    "users.messages.untrash": 5,
    "users.settings.delegates.create": 100,
    "users.settings.forwardingAddresses.create": 100,
    "users.settings.sendAs.create": 100,
    "users.settings.sendAs.patch": 100,
    "users.settings.sendAs.update": 100,
    "users.settings.sendAs.verify": 100,
    "users.settings.updatePop": 100,
    "users.threads.delete": 20,
    "users.threads.get": 40,
    "users.threads.list": 10,
    "users.threads.modify": 10,
    "users.threads.trash": 10,
    "users.threads.untrash": 10,
}


def units_of(method: str) -> int:
    """Return the quota units of one call: Google's table, with what May 2026 changed.

    Methods that are not in it are settings: 1 to read, 5 to write.
    """
    found = _UNITS.get(method)
    if found is not None:
        return found
    return 1 if http_method(method) == "GET" else 5


class Deadline:
    """The moment at which a call's own time is over."""

    __slots__ = ("_at", "_clock")

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        if not seconds > 0:
            raise InvalidInput("The deadline must be more than 0 seconds away.")
        self._clock = clock
        self._at = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._at - self._clock())

    def check(self) -> None:
        """Raise DeadlineExceeded if no time is left to begin anything."""
        if self.remaining() <= 0:
            raise DeadlineExceeded(
                "There was no time left to ask Gmail. Try again, or ask for less at once.",
                sent=False,
            )


class Quota:
    """The bounds of every person this process knows, the least recently seen forgotten first.

    A person with a request in flight is never forgotten. One who is starts with a full
    budget. Safe to use from several threads and event loops.
    """

    def __init__(
        self,
        *,
        in_flight: int = MAX_IN_FLIGHT,
        units_per_minute: int = MAX_UNITS_PER_MINUTE,
        users: int = MAX_USERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_flight = in_flight
        self._units_per_minute = units_per_minute
        self._users = users
        self._clock = clock
        self._lock = threading.Lock()
        self._shares: OrderedDict[Hashable, _Share] = OrderedDict()

    def __len__(self) -> int:
        return len(self._shares)

    @asynccontextmanager
    async def admit(
        self,
        person: Hashable,
        units: int,
        *,
        deadline: Deadline,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> AsyncIterator[None]:
        """Hold one of the person's places and pay the units; first come, first served.

        Raises:
            RateLimited: the budget will not allow it before the deadline.
            DeadlineExceeded: no place became free in time. Nothing was sent in either case.
        """
        with self._lock:
            share = self._shares.get(person)
            if share is None:
                share = self._shares[person] = _Share(self._in_flight, self._units_per_minute)
            self._shares.move_to_end(person)
            share.users += 1
            self._forget_idle()
        try:
            await share.places.acquire(deadline)
            try:
                await self._pay(share, units, deadline, sleep)
                yield
            finally:
                share.places.release()
        finally:
            with self._lock:
                share.users -= 1

    async def _pay(
        self,
        share: _Share,
        units: int,
        deadline: Deadline,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        with self._lock:
            wait = share.budget.reserve(units, self._clock())
            if wait > deadline.remaining():
                share.budget.refund(units)
                raise RateLimited(
                    "This person's Gmail quota for the minute is used up. Wait, then try again.",
                    retry_after_ms=int(wait * 1000) + 1,
                    developer_message="held back here, before a request; nothing was sent",
                )
        if wait <= 0:
            return
        try:
            await sleep(wait)
        except BaseException:
            with self._lock:
                share.budget.refund(units)
            raise

    def _forget_idle(self) -> None:
        if len(self._shares) <= self._users:
            return
        for person, share in self._shares.items():
            if share.users == 0:
                del self._shares[person]
                return


class _Share:
    __slots__ = ("budget", "places", "users")

    def __init__(self, in_flight: int, units_per_minute: int) -> None:
        self.places = _Places(in_flight)
        self.budget = _Budget(units_per_minute)
        self.users = 0
        """Calls that hold or await a place."""


class _Budget:
    """A token bucket that may be overdrawn: the caller then waits until it is even again."""

    __slots__ = ("_at", "_capacity", "_left", "_per_second")

    def __init__(self, units_per_minute: int) -> None:
        self._capacity = float(units_per_minute)
        self._per_second = units_per_minute / 60
        self._left = self._capacity
        self._at: float | None = None

    def reserve(self, units: int, now: float) -> float:
        """Take the units and return the seconds to wait before they may be used."""
        if self._at is not None:
            refill = max(0.0, now - self._at) * self._per_second
            self._left = min(self._capacity, self._left + refill)
        self._at = now
        self._left -= units
        return max(0.0, -self._left / self._per_second)

    def refund(self, units: int) -> None:
        self._left += units


class _Places:
    """A semaphore whose waiters may belong to different event loops."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self, deadline: Deadline) -> None:
        with self._lock:
            # A place that is released goes to a waiter first, so no one is overtaken here.
            if self._free > 0:
                self._free -= 1
                return
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
        try:
            async with asyncio.timeout(deadline.remaining()):
                await turn
        except BaseException as caught:
            self._withdraw(turn)
            if not isinstance(caught, TimeoutError):
                raise
        else:
            return
        raise DeadlineExceeded(
            "Too many requests for this person were under way. Try again in a moment.", sent=False
        )

    def _withdraw(self, turn: asyncio.Future[None]) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        # It had been given a place and could not use it any more.
        self.release()

    def release(self) -> None:
        with self._lock:
            while self._waiting:
                turn = self._waiting.popleft()
                try:
                    turn.get_loop().call_soon_threadsafe(_begin, turn)
                except RuntimeError:
                    continue  # its loop was closed under it
                return
            self._free += 1


def _begin(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


_SHARED = Quota()


def shared_quota() -> Quota:
    """Return the process's own bounds, which every GmailClient uses unless it is given others."""
    return _SHARED
