"""Wake tasks that wait for a flow at once, without polling the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Notifier", "wait_for_event"]


async def wait_for_event(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event for at most `seconds`, and return whether it came.

    Not `asyncio.wait_for`: in Python 3.11 that loses a cancellation that arrives together with
    the event, and a background task would never end.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


class Notifier:
    """Wake every listener of a name in this process.

    A listener reads the database after it began to listen and before it waits, so no notification
    is missed. Those of other processes do not arrive, so it also polls from time to time.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def notify(self, name: str) -> None:
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
