"""Answer /v1/scheduled_tools: calls that wait, calls that ran, and their outcomes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.execution.schedule import CallAttempt, ScheduledCall
from arcade_gmail_local.engine.http.bodies import check_id, check_user_id, page_of
from arcade_gmail_local.engine.http.responses import Refusal, json_response, page_response
from arcade_gmail_local.engine.http.timestamps import iso, iso_or_none
from arcade_gmail_local.engine.services import services_of

__all__ = ["ROUTES"]


async def list_calls(request: Request) -> Response:
    limit, offset = page_of(request)
    given = request.query_params.get("user_id")
    user_id = None if given is None else check_user_id(given)
    schedule = services_of(request).schedule
    found, total = await schedule.page(limit=limit, offset=offset, user_id=user_id)
    calls = [_describe(call) for call in found]
    return page_response(calls, limit=limit, offset=offset, total=total)


async def get_call(request: Request) -> Response:
    """Return a call with its input, its attempts and their outputs."""
    schedule = services_of(request).schedule
    call = await _find(request)
    attempts = [_attempt(one) for one in await schedule.attempts_of(call)]
    inputs = await schedule.inputs_of(call)
    return json_response({**_describe(call), "input": inputs, "attempts": attempts})


async def remove_call(request: Request) -> Response:
    """Cancel a waiting call, or erase one that ended."""
    if not await services_of(request).schedule.remove(await _find(request)):
        raise Refusal(409, "running", "The call is running right now.", retryable=False)
    return Response(status_code=204)


async def _find(request: Request) -> ScheduledCall:
    call = await services_of(request).schedule.get(check_id(request.path_params["id"]))
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


ROUTES = [
    Route("/v1/scheduled_tools", list_calls, methods=["GET"]),
    Route("/v1/scheduled_tools/{id}", get_call, methods=["GET"]),
    # arcadepy has no call for this one.
    Route("/v1/scheduled_tools/{id}", remove_call, methods=["DELETE"]),
]
