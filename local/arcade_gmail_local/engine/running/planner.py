"""Put a call on the schedule: when, within which bounds, and only if it could run today."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from arcade_gmail_local.engine.http.answers import Refusal
from arcade_gmail_local.engine.http.bodies import bad_request
from arcade_gmail_local.engine.http.moments import iso, read_moment
from arcade_gmail_local.engine.running.execution import Execution, Order, new_execution_id
from arcade_gmail_local.engine.running.schedule import Schedule
from arcade_gmail_local.engine.running.scheduler import Scheduler
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import OutcomeUnknown

__all__ = ["Planner"]


class Planner:
    """Accept calls for later."""

    def __init__(
        self,
        settings: EngineSettings,
        schedule: Schedule,
        scheduler: Scheduler,
        execution: Execution,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._schedule = schedule
        self._scheduler = scheduler
        self._execution = execution
        self._clock = clock

    async def plan(self, order: Order, run_at: str) -> dict[str, Any]:
        """Schedule a call and give arcadepy's ExecuteToolResponse. A past moment means at once.

        Raises:
            Refusal: 400 too far ahead; 403 when the person has to consent first, so that they are
                asked now and not at night; 429 too many calls of this user wait.
            OutcomeUnknown: it may have been stored; look before scheduling it again.
        """
        moment = read_moment("run_at", run_at)
        if moment > self._clock() + self._settings.schedule_horizon_s:
            days = self._settings.schedule_horizon_s / 86_400
            bad_request(f"run_at is more than {days:g} days ahead.", name="run_at_too_far")
        moment = max(moment, self._clock())
        await self._execution.check(order)
        waiting = await self._schedule.waiting_for(order.user_id)
        if waiting >= self._settings.schedule_pending_per_user:
            raise Refusal(
                429,
                "too_many_scheduled",
                "Too many calls of this user are waiting; remove some, or wait until they ran.",
                repeatable=False,
                headers={"Retry-After": "3600"},
            )
        call_id = order.execution_id or new_execution_id()
        try:
            await self._schedule.add(
                call_id,
                order.tool,
                order.user_id,
                order.inputs,
                moment,
                stacktrace=order.stacktrace,
            )
        except SQLAlchemyError:
            # Lost while committing, it may be there; and then a second one would send twice.
            raise OutcomeUnknown(
                "The call may or may not have been scheduled; list the scheduled calls first."
            ) from None
        self._scheduler.ring()
        return {
            "id": call_id,
            "execution_id": call_id,
            "execution_type": "scheduled",
            "run_at": iso(moment),
            "status": "pending",
            "success": True,
        }
