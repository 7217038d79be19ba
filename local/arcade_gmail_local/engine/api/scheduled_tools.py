"""/v1/scheduled_tools: what waits, what ran, and what came of it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.http.answers import Refusal, answer, page_answer
from arcade_gmail_local.engine.http.bodies import check_id, check_user_id, page_of
from arcade_gmail_local.engine.http.moments import iso, iso_or_none
from arcade_gmail_local.engine.running.schedule import CallAttempt, Schedule, ScheduledCall

__all__ = ["ScheduleApi"]


class ScheduleApi:
    """What arcadepy's `client.tools.scheduled` calls, and DELETE to take a call off again."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def routes(self) -> list[Route]:
        one = "/v1/scheduled_tools/{id}"
        return [
            Route("/v1/scheduled_tools", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.remove, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        limit, offset = page_of(request)
        given = request.query_params.get("user_id")
        user_id = None if given is None else check_user_id(given)
        found, total = await self._schedule.page(limit=limit, offset=offset, user_id=user_id)
        return page_answer(
            [_describe(call) for call in found], limit=limit, offset=offset, total=total
        )

    async def get(self, request: Request) -> Response:
        """Give a call with its input, its tries and their outputs."""
        call = await self._find(request)
        attempts = [_attempt(one) for one in await self._schedule.attempts_of(call)]
        inputs = await self._schedule.inputs_of(call)
        return answer({**_describe(call), "input": inputs, "attempts": attempts})

    async def remove(self, request: Request) -> Response:
        """Take a waiting call off the schedule, or erase one that ended."""
        if not await self._schedule.remove(await self._find(request)):
            raise Refusal(409, "running", "The call is running just now.", repeatable=False)
        return Response(status_code=204)

    async def _find(self, request: Request) -> ScheduledCall:
        call = await self._schedule.get(check_id(request.path_params["id"]))
        if call is None:
            raise Refusal(404, "not_found", "There is no such scheduled call.")
        return call


def _describe(call: ScheduledCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "created_at": iso(call.created_at),
        "updated_at": iso(call.updated_at),
        "run_at": iso(call.run_at),
        "started_at": iso_or_none(call.started_at),
        "finished_at": iso_or_none(call.finished_at),
        "execution_status": call.phase,
        "execution_type": "scheduled",
        "tool_name": call.tool,
        "toolkit_name": call.toolkit,
        "toolkit_version": call.version,
        "user_id": call.user_id,
    }


def _attempt(attempt: CallAttempt) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "started_at": iso(attempt.started_at),
        "finished_at": iso(attempt.finished_at),
        "success": attempt.success,
        "output": attempt.outcome.get("output"),
        "system_error_message": attempt.outcome.get("message"),
    }
