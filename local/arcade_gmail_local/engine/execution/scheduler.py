"""Schedule calls, and run each once when its time has come."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from arcade_gmail_local.engine.authorization.notifier import wait_for_event
from arcade_gmail_local.engine.events import SCHEDULER
from arcade_gmail_local.engine.execution.catalog import Catalog
from arcade_gmail_local.engine.execution.schedule import Schedule, ScheduledCall
from arcade_gmail_local.engine.execution.tool_executor import (
    ToolExecutor,
    ToolRequest,
    new_execution_id,
)
from arcade_gmail_local.engine.http.responses import Refusal, bad_request
from arcade_gmail_local.engine.http.timestamps import iso, read_timestamp
from arcade_gmail_multiuser.errors import GmailMultiuserError, OutcomeUnknown

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)

_POLL_S = 15.0
"""How long a call of another engine that is gone may stay overdue."""
_RENEW_EVERY_S = 30.0
_DELETE_EVERY_S = 3600.0
_GRACE_S = 2.0
_MAX_AT_ONCE = 16
_PAUSES_S = (10.0, 60.0, 300.0, 900.0)
"""Between attempts at a call that certainly did nothing yet."""
_UNKNOWN = (
    "The engine stopped while the call ran, so the tool may or may not have acted. It is not "
    "repeated; check before calling again."
)


class Scheduler:
    """Wake when the next call is due, run what is due, and settle what other engines left."""

    def __init__(
        self,
        schedule: Schedule,
        catalog: Catalog,
        executor: ToolExecutor,
        *,
        clock: Callable[[], float],
        horizon_s: float,
        max_pending_per_user: int,
    ) -> None:
        self._schedule = schedule
        self._catalog = catalog
        self._executor = executor
        self._clock = clock
        self._horizon_s = horizon_s
        self._max_pending_per_user = max_pending_per_user
        self._owner = secrets.token_urlsafe(18)
        self._woken = asyncio.Event()
        self._stopped = False
        self._claiming = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()
        self._deleted_at: float | None = None

    async def add(self, request: ToolRequest, run_at: str) -> dict[str, Any]:
        """Schedule a call and return arcadepy's ExecuteToolResponse. A past time means now.

        Raises:
            Refusal: 400 too far ahead; 403 when the person has to consent first, so that they are
                asked now and not at night; 429 too many calls of this user wait.
            OutcomeUnknown: it may have been stored; check before scheduling it again.
        """
        due_at = read_timestamp("run_at", run_at)
        if due_at > self._clock() + self._horizon_s:
            days = self._horizon_s / 86_400
            bad_request(f"run_at is more than {days:g} days ahead.", name="run_at_too_far")
        due_at = max(due_at, self._clock())
        await self._executor.check(request)
        if await self._schedule.count_open(request.user_id) >= self._max_pending_per_user:
            raise Refusal(
                429,
                "too_many_scheduled",
                "Too many calls of this user are waiting; cancel some, or wait until they ran.",
                retryable=False,
                headers={"Retry-After": "3600"},
            )
        call_id = request.execution_id or new_execution_id()
        try:
            await self._schedule.add(
                call_id,
                request.tool,
                request.user_id,
                request.inputs,
                due_at,
                stacktrace=request.stacktrace,
            )
        except SQLAlchemyError:
            # If the commit's answer was lost, the call is there; a second one would send twice.
            raise OutcomeUnknown(
                "The call may or may not have been scheduled; list the scheduled calls first."
            ) from None
        self._woken.set()
        return {
            "id": call_id,
            "execution_id": call_id,
            "execution_type": "scheduled",
            "run_at": iso(due_at),
            "status": "pending",
            "success": True,
        }

    def stop(self) -> None:
        """End `keep_running` after what it is doing."""
        self._stopped = True
        self._woken.set()

    async def keep_running(self) -> None:
        """Run until stopped; then give running calls a moment to end."""
        try:
            while not self._stopped:
                self._woken.clear()
                try:
                    await self.start_due()
                    wait_s = await self._until_next()
                except Exception as problem:  # noqa: BLE001  (a lost database must not end the loop)
                    logger.warning("the schedule was not read: %s", type(problem).__name__)
                    wait_s = _POLL_S
                await wait_for_event(self._woken, wait_s)
        finally:
            await self._stop()

    async def run_due(self) -> int:
        """Start what is due, and wait for all that runs here; return how many calls that were."""
        await self.start_due()
        running = set(self._running)
        if running:
            await asyncio.wait(running)
        return len(running)

    async def start_due(self) -> None:
        """Claim as many due calls as there is room for, and start them."""
        async with self._claiming:
            await self._settle_abandoned()
            await self._delete_old_now_and_then()
            free = _MAX_AT_ONCE - len(self._running)
            claimed = await self._schedule.claim_due(self._owner, free) if free > 0 else []
            for call in claimed:
                self._start(call)

    async def _until_next(self) -> float:
        if len(self._running) >= _MAX_AT_ONCE:
            return _POLL_S  # a call that ends wakes the loop
        due = await self._schedule.next_due()
        if due is None:
            return _POLL_S
        # Clocks may be set, so never trust a long sleep.
        return min(max(due - self._clock(), 0.0), _POLL_S)

    def _start(self, call: ScheduledCall) -> None:
        task = asyncio.create_task(self._run(call))
        self._running.add(task)
        task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()
        if not task.cancelled() and task.exception() is not None:
            # Its lease expires, and the call is settled then.
            logger.error("a scheduled call was left behind: %s", type(task.exception()).__name__)

    async def _run(self, call: ScheduledCall) -> None:
        begun = self._clock()
        renewing = asyncio.create_task(self._keep_lease(call))
        try:
            outcome, success, again = await self._try(call)
        except asyncio.CancelledError:
            await self._break_off(call, begun)
            raise
        finally:
            renewing.cancel()
        retry_at = None
        if again and call.tries <= len(_PAUSES_S):
            retry_at = self._clock() + _PAUSES_S[call.tries - 1]
        await self._store(call, outcome, success=success, begun=begun, retry_at=retry_at)

    async def _try(self, call: ScheduledCall) -> tuple[dict[str, Any], bool, bool]:
        """Return the outcome, whether it succeeded, and whether it may be retried."""
        try:
            tool = await self._catalog.get(f"{call.toolkit}.{call.tool}", call.version)
            request = ToolRequest(
                tool=tool,
                user_id=call.user_id,
                inputs=await self._schedule.inputs_of(call),
                actor=SCHEDULER,
                stacktrace=call.stacktrace,
                large=len(call.sealed_input) > 256 * 1024,
                execution_id=call.id,
            )
            found, _ = await self._executor.execute(request)
        except Refusal as refusal:
            return _refused(refusal), False, refusal.status_code == 503
        except OutcomeUnknown as problem:
            return {"message": f"{problem.message} It is not repeated."}, False, False
        except GmailMultiuserError as problem:
            return {"message": problem.message}, False, problem.can_retry
        except SQLAlchemyError:
            # Every query precedes the tool call, so nothing was done.
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
        retry_at: float | None,
    ) -> None:
        for pause_s in (1.0, 5.0, 25.0, 125.0):
            try:
                await self._schedule.finish(
                    call, outcome, success=success, begun=begun, retry_at=retry_at
                )
            except SQLAlchemyError as problem:
                logger.warning("an outcome was not stored yet: %s", type(problem).__name__)
                await asyncio.sleep(pause_s)
            else:
                return
        await self._schedule.finish(call, outcome, success=success, begun=begun, retry_at=retry_at)

    async def _break_off(self, call: ScheduledCall, begun: float) -> None:
        retry_at = self._clock() if call.read_only else None
        with contextlib.suppress(SQLAlchemyError):
            await self._schedule.finish(
                call, {"message": _UNKNOWN}, success=False, begun=begun, retry_at=retry_at
            )

    async def _keep_lease(self, call: ScheduledCall) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            with contextlib.suppress(SQLAlchemyError):
                await self._schedule.renew_lease(call)

    async def _settle_abandoned(self) -> None:
        for call in await self._schedule.abandoned():
            again = call.read_only and call.tries <= len(_PAUSES_S)
            settled = await self._schedule.finish(
                call,
                {"message": _UNKNOWN},
                success=False,
                begun=call.updated_at,
                retry_at=self._clock() if again else None,
            )
            if settled:
                logger.warning("a scheduled call was abandoned by the engine that ran it")

    async def _delete_old_now_and_then(self) -> None:
        now = self._clock()
        if self._deleted_at is None or abs(now - self._deleted_at) >= _DELETE_EVERY_S:
            self._deleted_at = now
            await self._schedule.delete_old()

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
