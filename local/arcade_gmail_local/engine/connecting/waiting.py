"""Wake those who wait for a flow, at once, without asking the database all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Bell", "rings_within"]


async def rings_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, for so long at most, and say whether it came.

    Not `asyncio.wait_for`: in Python 3.11 that forgets a cancellation which comes together with
    the event, and a background task would never end.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


class Bell:
    """Ring for a name and wake every listener of that name in this process.

    A listener reads the database after it began to listen and before it waits, so that no ring is
    missed; other processes' rings are not heard, so it also looks again from time to time.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def ring(self, name: str) -> None:
        for event in self._listeners.get(name, ()):
            event.set()

    @contextmanager
    def listening(self, name: str) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        listeners = self._listeners.setdefault(name, set())
        listeners.add(event)
        try:
            yield event
        finally:
            listeners.discard(event)
            if not listeners and self._listeners.get(name) is listeners:
                del self._listeners[name]

    def __len__(self) -> int:
        return len(self._listeners)
