"""Run scheduled calls when their time has come, each once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from arcade_gmail_local.engine.connecting.waiting import rings_within
from arcade_gmail_local.engine.events import SCHEDULER
from arcade_gmail_local.engine.http.answers import Refusal
from arcade_gmail_local.engine.running.catalog import Catalog
from arcade_gmail_local.engine.running.execution import Execution, Order
from arcade_gmail_local.engine.running.schedule import Schedule, ScheduledCall
from arcade_gmail_multiuser.errors import GmailMultiuserError, OutcomeUnknown

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)

_LOOK_AGAIN_S = 15.0
"""How long a call of another engine, which has gone, may stay overdue."""
_PROLONG_EVERY_S = 30.0
_FORGET_EVERY_S = 3600.0
_GRACE_S = 2.0
_MOST_AT_ONCE = 16
_PAUSES_S = (10.0, 60.0, 300.0, 900.0)
"""Between the tries of a call that certainly did nothing yet."""
_UNKNOWN = (
    "The engine stopped while the call ran, so the tool may or may not have acted. It is not "
    "repeated; look before calling again."
)


class Scheduler:
    """Wake when the next call is due, run what is due, and settle what others left behind."""

    def __init__(
        self,
        schedule: Schedule,
        catalog: Catalog,
        execution: Execution,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._schedule = schedule
        self._catalog = catalog
        self._execution = execution
        self._clock = clock
        self._owner = secrets.token_urlsafe(18)
        self._wake = asyncio.Event()
        self._looking = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()
        self._forgot_at: float | None = None

    def ring(self) -> None:
        """Look at the schedule now: something was added."""
        self._wake.set()

    async def keep_running(self) -> None:
        """Run until cancelled; then let running calls end for a moment."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self.start_due()
                    wait_s = await self._until_next()
                except Exception as problem:  # noqa: BLE001  (a lost database must not end the loop)
                    logger.warning("the schedule was not read: %s", type(problem).__name__)
                    wait_s = _LOOK_AGAIN_S
                await rings_within(self._wake, wait_s)
        finally:
            await self._stop()

    async def run_due(self) -> int:
        """Start what is due now, and wait for all that runs here; give how many calls that were."""
        await self.start_due()
        running = set(self._running)
        if running:
            await asyncio.wait(running)
        return len(running)

    async def start_due(self) -> None:
        """Take the calls that are due, as many as there is room for, and start them."""
        async with self._looking:
            await self._settle_abandoned()
            await self._forget_now_and_then()
            free = _MOST_AT_ONCE - len(self._running)
            claimed = await self._schedule.claim_due(self._owner, free) if free > 0 else []
            for call in claimed:
                self._start(call)

    async def _until_next(self) -> float:
        if len(self._running) >= _MOST_AT_ONCE:
            return _LOOK_AGAIN_S  # who ends rings
        due = await self._schedule.next_due()
        if due is None:
            return _LOOK_AGAIN_S
        # Clocks may be set: never trust a long sleep.
        return min(max(due - self._clock(), 0.0), _LOOK_AGAIN_S)

    def _start(self, call: ScheduledCall) -> None:
        task = asyncio.create_task(self._run(call))
        self._running.add(task)
        task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            # Its lease ends by itself, and the call is settled then.
            logger.error("a scheduled call was left behind: %s", type(task.exception()).__name__)

    async def _run(self, call: ScheduledCall) -> None:
        begun = self._clock()
        holding = asyncio.create_task(self._hold(call))
        try:
            outcome, success, again = await self._try(call)
        except asyncio.CancelledError:
            await self._break_off(call, begun)
            raise
        finally:
            holding.cancel()
        again_at = None
        if again and call.tries <= len(_PAUSES_S):
            again_at = self._clock() + _PAUSES_S[call.tries - 1]
        await self._store(call, outcome, success=success, begun=begun, again_at=again_at)

    async def _try(self, call: ScheduledCall) -> tuple[dict[str, Any], bool, bool]:
        """Give what came of it, whether it succeeded, and whether it may be tried again."""
        try:
            tool = await self._catalog.get(f"{call.toolkit}.{call.tool}", call.version)
            order = Order(
                tool=tool,
                user_id=call.user_id,
                inputs=await self._schedule.inputs_of(call),
                actor=SCHEDULER,
                stacktrace=call.stacktrace,
                large=len(call.sealed_input) > 256 * 1024,
                execution_id=call.id,
            )
            found, _ = await self._execution.execute(order)
        except Refusal as refusal:
            return _refused(refusal), False, refusal.status_code == 503
        except OutcomeUnknown as problem:
            return {"message": f"{problem.message} It is not repeated."}, False, False
        except GmailMultiuserError as problem:
            return {"message": problem.message}, False, problem.can_retry
        except SQLAlchemyError:
            # Every query comes before the tool is called, so nothing was done.
            return {"message": "The engine's storage was unavailable."}, False, True
        except Exception as problem:  # noqa: BLE001  (one call must not take the others with it)
            logger.error("a scheduled call failed: %s", type(problem).__name__)  # noqa: TRY400  (a traceback may show mail)
            return {"message": _UNKNOWN}, False, False
        return {"output": found["output"]}, found["success"], False

    async def _store(
        self,
        call: ScheduledCall,
        outcome: dict[str, Any],
        *,
        success: bool,
        begun: float,
        again_at: float | None,
    ) -> None:
        for pause_s in (1.0, 5.0, 25.0, 125.0):
            try:
                await self._schedule.finish(
                    call, outcome, success=success, begun=begun, again_at=again_at
                )
            except SQLAlchemyError as problem:
                logger.warning("an outcome was not stored yet: %s", type(problem).__name__)
                await asyncio.sleep(pause_s)
            else:
                return
        await self._schedule.finish(call, outcome, success=success, begun=begun, again_at=again_at)

    async def _break_off(self, call: ScheduledCall, begun: float) -> None:
        again_at = self._clock() if call.read_only else None
        with contextlib.suppress(SQLAlchemyError):
            await self._schedule.finish(
                call, {"message": _UNKNOWN}, success=False, begun=begun, again_at=again_at
            )

    async def _hold(self, call: ScheduledCall) -> None:
        while True:
            await asyncio.sleep(_PROLONG_EVERY_S)
            with contextlib.suppress(SQLAlchemyError):
                await self._schedule.prolong(call)

    async def _settle_abandoned(self) -> None:
        for call in await self._schedule.abandoned():
            again = call.read_only and call.tries <= len(_PAUSES_S)
            settled = await self._schedule.finish(
                call,
                {"message": _UNKNOWN},
                success=False,
                begun=call.updated_at,
                again_at=self._clock() if again else None,
            )
            if settled:
                logger.warning("a scheduled call was abandoned by the engine that ran it")

    async def _forget_now_and_then(self) -> None:
        now = self._clock()
        if self._forgot_at is None or abs(now - self._forgot_at) >= _FORGET_EVERY_S:
            self._forgot_at = now
            await self._schedule.forget()

    async def _stop(self) -> None:
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=_GRACE_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_GRACE_S)


def _refused(refusal: Refusal) -> dict[str, Any]:
    outcome: dict[str, Any] = {"message": str(refusal.detail)}
    if "authorization" in refusal.body:
        outcome["output"] = {"authorization": refusal.body["authorization"]}
    return outcome
