"""Record what the engine does with credentials, before it does it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.recorder import Outcome, Recorder

__all__ = ["ANONYMOUS", "BROWSER", "SCHEDULER", "Events"]

logger = logging.getLogger(__name__)

BROWSER = "browser"
"""The actor of what a person did on a page."""
SCHEDULER = "scheduler"
ANONYMOUS = "nobody"
"""The actor of a request without a valid API key."""

_WINDOW_S = 60.0
_MAX_RECENT = 100_000

About = tuple[str, ...]


@dataclass(slots=True)
class _Recorded:
    at: float
    written: asyncio.Task[None]
    more: int = 0


class Events:
    """Record an event and return once it is stored.

    What cannot be recorded must not happen, so the error has to stop the operation. Operations that
    only end something, such as refusing a flow, go on all the same.

    Raises:
        StorageError: it could not be written. Every method may.
    """

    def __init__(self, audit: Recorder, *, clock: Callable[[], float]) -> None:
        self._audit = audit
        self._clock = clock
        self._recent: OrderedDict[tuple[str, About], _Recorded] = OrderedDict()

    async def record(
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

    async def record_once_a_minute(
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
        """Record a frequent event once a minute, with `more` for those before it.

        Args:
            about: what makes two events the same, such as a connection and who used it.
        """
        key, now = (event, (actor, *about)), self._clock()
        recorded = self._recent.get(key)
        if recorded is not None and 0 <= now - recorded.at < _WINDOW_S:
            recorded.more += 1
            # Wait for the record that stands for this event too: it may yet fail.
            await _stored(recorded.written)
            return
        if recorded is not None and recorded.more:
            detail["more"] = recorded.more
        record = self._audit.record(
            event,
            outcome=outcome,
            actor=actor,
            user_id=user_id,
            provider=provider,
            detail=detail,
        )
        # A task of its own: a caller that is cancelled must not cancel it for those who wait too.
        recording = _Recorded(now, asyncio.ensure_future(record))
        self._recent[key] = recording
        self._recent.move_to_end(key)
        if len(self._recent) > _MAX_RECENT:
            self._recent.popitem(last=False)
        recording.written.add_done_callback(lambda done: self._land(key, recording, done))
        await _stored(recording.written)

    def _land(self, key: tuple[str, About], recorded: _Recorded, done: asyncio.Task[None]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._recent.get(key) is recorded:
            # So the next one tries again.
            del self._recent[key]


async def _stored(written: asyncio.Task[None]) -> None:
    try:
        await asyncio.shield(written)
    except StorageError as failed:
        # A new error for each caller: a shared traceback grows with every raise.
        raise type(failed)(failed.message, developer_message=failed.developer_message) from None
