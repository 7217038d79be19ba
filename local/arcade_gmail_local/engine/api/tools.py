"""/v1/tools and /v1/formatted_tools: list, get, authorize, execute."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.api.formats import check_formats, describe
from arcade_gmail_local.engine.connecting.authorizer import Authorizer
from arcade_gmail_local.engine.http.answers import answer, page_answer
from arcade_gmail_local.engine.http.bodies import (
    bad_request,
    check_user_id,
    page_of,
    read_object,
    required_text,
    text_or_none,
)
from arcade_gmail_local.engine.http.callers import caller_of
from arcade_gmail_local.engine.running.catalog import Catalog
from arcade_gmail_local.engine.running.execution import Execution, Order
from arcade_gmail_local.engine.running.planner import Planner
from arcade_gmail_local.engine.running.requirements import Requirements, definition_of
from arcade_gmail_local.engine.running.tool_entry import ToolEntry
from arcade_gmail_local.engine.settings import EngineSettings

__all__ = ["ToolsApi"]

_LARGE_BYTES = 256 * 1024

Items = list[dict[str, Any]]


class ToolsApi:
    """What arcadepy's `client.tools` calls."""

    def __init__(
        self,
        settings: EngineSettings,
        catalog: Catalog,
        requirements: Requirements,
        authorizer: Authorizer,
        execution: Execution,
        planner: Planner,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._requirements = requirements
        self._authorizer = authorizer
        self._execution = execution
        self._planner = planner

    def routes(self) -> list[Route]:
        return [
            Route("/v1/tools", self.list, methods=["GET"]),
            Route("/v1/tools/authorize", self.authorize, methods=["POST"]),
            Route("/v1/tools/execute", self.execute, methods=["POST"]),
            Route("/v1/tools/{name}", self.get, methods=["GET"]),
            Route("/v1/formatted_tools", self.list_formatted, methods=["GET"]),
            Route("/v1/formatted_tools/{name}", self.get_formatted, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        """Give one page of the tools; with a user_id, also whether that user may use each."""
        page, total, limit, offset = await self._page(request)
        forms = check_formats(request.query_params.getlist("include_format"))
        described = await self._described(request, page, forms)
        return page_answer(described, limit=limit, offset=offset, total=total)

    async def get(self, request: Request) -> Response:
        tool = await self._catalog.get(request.path_params["name"])
        forms = check_formats(request.query_params.getlist("include_format"))
        return answer((await self._described(request, [tool], forms))[0])

    async def list_formatted(self, request: Request) -> Response:
        """Give one page of the tools as a model wants them; OpenAI's form unless asked otherwise.

        Every tool is there, also one that the user has to consent to first: the model may choose
        it, and the call then says where to consent.
        """
        page, total, limit, offset = await self._page(request)
        items = await self._formatted(request, page)
        return page_answer(items, limit=limit, offset=offset, total=total)

    async def get_formatted(self, request: Request) -> Response:
        tool = await self._catalog.get(request.path_params["name"])
        return answer((await self._formatted(request, [tool]))[0])

    async def _page(self, request: Request) -> tuple[Sequence[ToolEntry], int, int, int]:
        limit, offset = page_of(request)
        tools = await self._catalog.tools()
        toolkit = request.query_params.get("toolkit")
        if toolkit:
            tools = tuple(t for t in tools if t.toolkit.lower() == toolkit.lower())
        return tools[offset : offset + limit], len(tools), limit, offset

    async def _formatted(self, request: Request, tools: Sequence[ToolEntry]) -> Items:
        forms = check_formats([request.query_params.get("format") or "openai"])
        if len(forms) != 1:
            bad_request("format must be one of openai, anthropic and arcade.")
        if request.query_params.get("user_id") is not None:
            check_user_id(request.query_params["user_id"])
        if forms[0] == "arcade":
            return await self._described(request, tools, ())
        return [describe(tool, forms[0]) for tool in tools]

    async def _described(
        self, request: Request, tools: Sequence[ToolEntry], forms: tuple[str, ...]
    ) -> Items:
        given = request.query_params.get("user_id")
        user_id = None if given is None else check_user_id(given)
        known = await self._requirements.for_user(tools, user_id)
        return [
            {
                **definition_of(tool),
                "requirements": known.of(tool),
                **_formatted_schema(tool, forms),
            }
            for tool in tools
        ]

    async def authorize(self, request: Request) -> Response:
        """Say whether a user may use a tool, and where to consent if not."""
        body = await read_object(request, max_bytes=self._settings.max_body_bytes)
        user_id = check_user_id(body.get("user_id"))
        tool = await self._catalog.get(
            required_text(body, "tool_name"), text_or_none(body, "tool_version")
        )
        if tool.scopes is None:
            return answer({"status": "completed", "scopes": [], "user_id": user_id, "context": {}})
        if tool.provider_id != self._settings.provider.id:
            bad_request("The tool needs a provider that is not configured.", name="no_provider")
        next_uri = text_or_none(body, "next_uri")
        found = await self._authorizer.authorize(
            user_id, sorted(tool.scopes), next_uri, actor=caller_of(request).name
        )
        return answer(found)

    async def execute(self, request: Request) -> Response:
        """Run a tool now, or at `run_at`."""
        body = await read_object(request, max_bytes=self._settings.max_body_bytes)
        user_id = check_user_id(body.get("user_id"))
        inputs = body.get("input")
        if inputs is None:
            inputs = {}
        if not isinstance(inputs, dict):
            bad_request("input must be a JSON object.")
        run_at = text_or_none(body, "run_at")
        if body.get("run_at") == "":
            bad_request("run_at is empty. Leave it out, or give null, to run the tool now.")
        tool = await self._catalog.get(
            required_text(body, "tool_name"), text_or_none(body, "tool_version")
        )
        order = Order(
            tool=tool,
            user_id=user_id,
            inputs=inputs,
            actor=caller_of(request).name,
            stacktrace=body.get("include_error_stacktrace") is True,
            large=_is_large(request),
        )
        if run_at is not None:
            return answer(await self._planner.plan(order, run_at))
        found, large = await self._execution.execute(order)
        return await asyncio.to_thread(answer, found) if large else answer(found)


def _formatted_schema(tool: ToolEntry, forms: tuple[str, ...]) -> dict[str, Any]:
    # "arcade" is what the definition itself is.
    wanted = {form: describe(tool, form) for form in forms if form != "arcade"}
    return {"formatted_schema": wanted} if wanted else {}


def _is_large(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return not length.isdigit() or int(length[:18]) > _LARGE_BYTES
