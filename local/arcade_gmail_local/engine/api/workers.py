"""Answer /v1/workers: the workers of the settings, their health and their tools."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.execution.tool_entry import KnownRequirements
from arcade_gmail_local.engine.execution.worker_client import WorkerClient
from arcade_gmail_local.engine.http.bodies import page_of
from arcade_gmail_local.engine.http.responses import Refusal, json_response, page_response
from arcade_gmail_local.engine.services import services_of

__all__ = ["ROUTES"]


async def list_workers(request: Request) -> Response:
    limit, offset = page_of(request)
    every = [_describe(one) for one in services_of(request).workers.values()]
    page = every[offset : offset + limit]
    return page_response(page, limit=limit, offset=offset, total=len(every))


async def get_worker(request: Request) -> Response:
    return json_response(_describe(_find(request)))


async def worker_health(request: Request) -> Response:
    """Ask a worker whether it is up; the response is 200 either way."""
    worker = _find(request)
    healthy = await worker.healthy()
    message = "ok" if healthy else "the worker does not answer"
    return json_response({"id": worker.id, "enabled": True, "healthy": healthy, "message": message})


async def worker_tools(request: Request) -> Response:
    """Return one page of the tools that this worker contributes."""
    services = services_of(request)
    limit, offset = page_of(request)
    tools = await services.catalog.tools_of(_find(request).id)
    known = KnownRequirements(services.settings.provider.id)
    page = [
        {**tool.definition(), "requirements": known.of(tool)}
        for tool in tools[offset : offset + limit]
    ]
    return page_response(page, limit=limit, offset=offset, total=len(tools))


def _find(request: Request) -> WorkerClient:
    worker = services_of(request).workers.get(request.path_params["id"])
    if worker is None:
        raise Refusal(404, "not_found", "There is no such worker.")
    return worker


def _describe(worker: WorkerClient) -> dict[str, Any]:
    return {
        "id": worker.id,
        "binding": {"id": "settings", "type": "static"},
        "enabled": True,
        "managed": False,
        "type": "http",
        "http": {
            "uri": worker.settings.url,
            "timeout": int(worker.settings.timeout_s),
            # The engine never repeats a call: it may have sent something.
            "retry": 0,
            "secret": {"binding": "static", "exists": True, "editable": False},
        },
        "requirements": {"met": True},
    }


ROUTES = [
    Route("/v1/workers", list_workers, methods=["GET"]),
    Route("/v1/workers/{id}", get_worker, methods=["GET"]),
    Route("/v1/workers/{id}/health", worker_health, methods=["GET"]),
    Route("/v1/workers/{id}/tools", worker_tools, methods=["GET"]),
]
