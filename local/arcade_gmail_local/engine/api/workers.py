"""/v1/workers: list, get, register, change, remove, health and tools."""

from __future__ import annotations

from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.http.answers import Refusal, answer, page_answer
from arcade_gmail_local.engine.http.bodies import (
    bad_request,
    check_id,
    page_of,
    read_object,
    required_text,
    text_or_none,
)
from arcade_gmail_local.engine.http.callers import caller_of
from arcade_gmail_local.engine.running.catalog import Catalog
from arcade_gmail_local.engine.running.requirements import Requirements, definition_of
from arcade_gmail_local.engine.running.tool_entry import read_entry
from arcade_gmail_local.engine.running.worker_pool import WorkerPool, WorkerRecord
from arcade_gmail_local.engine.settings import WORKER_ID, EngineSettings, WorkerSettings
from arcade_gmail_multiuser.errors import ConfigurationError, Unavailable

__all__ = ["WorkersApi"]

_LARGEST_BODY = 64 * 1024
_SHORTEST_SECRET = 16
_USUAL_TIMEOUT_S = 55.0
_LONGEST_TIMEOUT_S = 600


class WorkersApi:
    """What arcadepy's `client.workers` calls.

    Workers of the settings can be read only. Registering one is an operator's decision, because a
    worker gets people's tokens: it works at the origins that the settings name, nowhere else.
    """

    def __init__(
        self,
        settings: EngineSettings,
        pool: WorkerPool,
        catalog: Catalog,
        requirements: Requirements,
        events: Events,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._catalog = catalog
        self._requirements = requirements
        self._events = events

    def routes(self) -> list[Route]:
        one = "/v1/workers/{id}"
        return [
            Route("/v1/workers", self.list, methods=["GET"]),
            Route("/v1/workers", self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.update, methods=["PATCH"]),
            Route(one, self.remove, methods=["DELETE"]),
            Route(f"{one}/health", self.health, methods=["GET"]),
            Route(f"{one}/tools", self.tools, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        limit, offset = page_of(request)
        every = await self._pool.every()
        page = [_describe(one) for one in every[offset : offset + limit]]
        return page_answer(page, limit=limit, offset=offset, total=len(every))

    async def get(self, request: Request) -> Response:
        return answer(_describe(await self._find(request)))

    async def create(self, request: Request) -> Response:
        """Register a worker at an origin that the settings name."""
        body = await read_object(request, max_bytes=_LARGEST_BODY)
        worker_id = required_text(body, "id")
        if not WORKER_ID.fullmatch(worker_id):
            bad_request("id has 1 to 64 letters, digits, dots, dashes or underscores.")
        if (text_or_none(body, "type") or "http") != "http":
            bad_request("Only workers of type http are supported.", name="unsupported_worker")
        http = _http(body)
        worker = self._worker(
            worker_id,
            required_text(http, "uri"),
            required_text(http, "secret"),
            _timeout(http) or _USUAL_TIMEOUT_S,
        )
        enabled = _enabled(body, default=True)
        await self._refuse_conflict(worker)
        await self._tell("worker.added", request, worker, enabled=enabled)
        return answer(_describe(await self._pool.register(worker, enabled=enabled)), 201)

    async def update(self, request: Request) -> Response:
        """Change a registered worker; what is left out stays."""
        held = await self._find(request)
        if held.fixed:
            _refuse_fixed()
        body = await read_object(request, max_bytes=_LARGEST_BODY)
        http = _http(body)
        worker = self._worker(
            held.id,
            text_or_none(http, "uri") or held.settings.url,
            text_or_none(http, "secret") or held.settings.secret,
            _timeout(http) or held.settings.timeout_s,
        )
        if worker.url != held.settings.url:
            await self._refuse_conflict(worker)
        enabled = _enabled(body, default=held.enabled)
        await self._tell("worker.changed", request, worker, enabled=enabled)
        changed = await self._pool.change(worker, enabled=enabled)
        if changed is None:
            _refuse_unknown()
        return answer(_describe(changed))

    async def remove(self, request: Request) -> Response:
        held = await self._find(request)
        if held.fixed:
            _refuse_fixed()
        await self._tell("worker.removed", request, held.settings)
        await self._pool.remove(held.id)
        return Response(status_code=204)

    async def health(self, request: Request) -> Response:
        """Ask a worker whether it is there; the answer is 200 either way."""
        held = await self._find(request)
        healthy = held.enabled and await self._pool.client_of(held).healthy()
        why = "ok" if healthy else "the worker does not answer"
        message = why if held.enabled else "the worker is disabled"
        return answer(
            {"id": held.id, "enabled": held.enabled, "healthy": healthy, "message": message}
        )

    async def tools(self, request: Request) -> Response:
        """Give one page of the tools that this worker contributes."""
        limit, offset = page_of(request)
        held = await self._find(request)
        tools = await self._catalog.tools_of(held.id)
        known = await self._requirements.for_user(tools, None)
        page = [
            {**definition_of(tool), "requirements": known.of(tool)}
            for tool in tools[offset : offset + limit]
        ]
        return page_answer(page, limit=limit, offset=offset, total=len(tools))

    async def _tell(
        self, event: str, request: Request, worker: WorkerSettings, *, enabled: bool = False
    ) -> None:
        await self._events.tell(
            event,
            "started",
            actor=caller_of(request).name,
            worker=worker.id,
            url=worker.url,
            enabled=enabled,
        )

    async def _find(self, request: Request) -> WorkerRecord:
        record = await self._pool.get(check_id(request.path_params["id"]))
        if record is None:
            _refuse_unknown()
        return record

    def _worker(self, worker_id: str, url: str, secret: str, timeout_s: float) -> WorkerSettings:
        if len(secret) < _SHORTEST_SECRET:
            bad_request(f"http.secret must have at least {_SHORTEST_SECRET} characters.")
        try:
            worker = WorkerSettings(
                url=url.rstrip("/"), secret=secret, id=worker_id, timeout_s=timeout_s
            )
        except ConfigurationError as problem:
            bad_request(problem.message)
        if not self._settings.may_register_worker_at(worker.url):
            raise Refusal(
                403,
                "worker_not_allowed",
                "Workers may be registered only at the origins of the engine's settings.",
            )
        return worker

    async def _refuse_conflict(self, worker: WorkerSettings) -> None:
        taken = await self._catalog.toolkits_elsewhere(worker.id)
        candidate = self._pool.client_of(WorkerRecord(worker, enabled=True, fixed=False))
        try:
            raw = await candidate.tools()
        except Unavailable:
            return  # not there yet; whoever served the toolkit first keeps it
        except ConfigurationError:
            bad_request("The worker refuses this secret.", name="worker_refuses_secret")
        entries = [entry for one in raw if (entry := read_entry(one)) is not None]
        if any(entry.toolkit.lower() in taken for entry in entries):
            raise Refusal(
                409,
                "toolkit_conflict",
                "Another worker serves a toolkit of this one; disable that first.",
                repeatable=False,
            )


def _describe(record: WorkerRecord) -> dict[str, Any]:
    worker = record.settings
    return {
        "id": record.id,
        "binding": {"id": "settings" if record.fixed else "project", "type": _binding(record)},
        "enabled": record.enabled,
        "managed": False,
        "type": "http",
        "http": {
            "uri": worker.url,
            "timeout": int(worker.timeout_s),
            # A call is never repeated by the engine: it may have sent something.
            "retry": 0,
            "secret": {
                "binding": _binding(record),
                "exists": True,
                "editable": not record.fixed,
            },
        },
        "requirements": {"met": True},
    }


def _binding(record: WorkerRecord) -> str:
    return "static" if record.fixed else "project"


def _http(body: dict[str, Any]) -> dict[str, Any]:
    http = body.get("http")
    if body.get("mcp") is not None:
        bad_request("Only workers of type http are supported.", name="unsupported_worker")
    if http is None:
        return {}
    if not isinstance(http, dict):
        bad_request("http must be a JSON object.")
    return http


def _timeout(http: dict[str, Any]) -> float | None:
    given = http.get("timeout")
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool):
        bad_request("http.timeout must be a whole number of seconds.")
    if not 1 <= given <= _LONGEST_TIMEOUT_S:
        bad_request(f"http.timeout must be 1 to {_LONGEST_TIMEOUT_S} seconds.")
    return float(given)


def _enabled(body: dict[str, Any], *, default: bool) -> bool:
    given = body.get("enabled")
    if given is None:
        return default
    if not isinstance(given, bool):
        bad_request("enabled must be true or false.")
    return given


def _refuse_unknown() -> NoReturn:
    raise Refusal(404, "not_found", "There is no such worker.")


def _refuse_fixed() -> NoReturn:
    raise Refusal(
        403, "worker_is_fixed", "This worker comes from the engine's settings; change it there."
    )
