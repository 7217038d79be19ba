"""Tell the audit what the engine does with credentials, before it does it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.recorder import Outcome, Recorder

__all__ = ["BROWSER", "NOBODY", "SCHEDULER", "Events"]

logger = logging.getLogger(__name__)

BROWSER = "browser"
"""The actor of what somebody did on a page."""
SCHEDULER = "scheduler"
NOBODY = "nobody"
"""The actor of a request without a valid API key."""

_TOGETHER_S = 60.0
_MOST_TOGETHER = 100_000

About = tuple[str, ...]


@dataclass(slots=True)
class _Told:
    at: float
    written: asyncio.Task[None]
    more: int = 0


class Events:
    """Record an event and return once it is kept.

    What cannot be recorded must not happen: the error has to stop the operation. An event that
    only ends something, such as a refused flow, is ended all the same.

    Raises:
        StorageError: it could not be written. Every method may.
    """

    def __init__(self, audit: Recorder, *, clock: Callable[[], float]) -> None:
        self._audit = audit
        self._clock = clock
        self._told: OrderedDict[tuple[str, About], _Told] = OrderedDict()

    async def tell(
        self,
        event: str,
        outcome: Outcome,
        *,
        actor: str,
        user_id: str | None = None,
        provider: str | None = None,
        **detail: str | int | bool,
    ) -> None:
        await self._audit.record(
            event,
            outcome=outcome,
            actor=actor,
            user_id=user_id,
            provider=provider,
            detail=detail,
        )

    async def tell_once_a_minute(
        self,
        event: str,
        outcome: Outcome,
        *,
        about: About,
        actor: str,
        user_id: str | None = None,
        provider: str | None = None,
        **detail: str | int | bool,
    ) -> None:
        """Record what may happen thousands of times: the first of a minute, with `more` before it.

        Args:
            about: what is the same thing happening again, such as a connection and who used it.
        """
        key, now = (event, (actor, *about)), self._clock()
        told = self._told.get(key)
        if told is not None and 0 <= now - told.at < _TOGETHER_S:
            told.more += 1
            # Not before the record that stands for this one too is kept, and not if it was not:
            # one that has just failed is still here.
            await _kept(told.written)
            return
        if told is not None and told.more:
            detail["more"] = told.more
        record = self._audit.record(
            event,
            outcome=outcome,
            actor=actor,
            user_id=user_id,
            provider=provider,
            detail=detail,
        )
        # A task of its own: who gives up must not take the record from those who wait for it too.
        telling = _Told(now, asyncio.ensure_future(record))
        self._told[key] = telling
        self._told.move_to_end(key)
        if len(self._told) > _MOST_TOGETHER:
            self._told.popitem(last=False)
        telling.written.add_done_callback(lambda done: self._land(key, telling, done))
        await _kept(telling.written)

    def _land(self, key: tuple[str, About], told: _Told, done: asyncio.Task[None]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._told.get(key) is told:
            # The next one tries again.
            del self._told[key]


async def _kept(written: asyncio.Task[None]) -> None:
    try:
        await asyncio.shield(written)
    except StorageError as failed:
        # One for each: a traceback shared between callers grows with every raise.
        raise type(failed)(failed.message, developer_message=failed.developer_message) from None
