"""Answer /v1/tools and /v1/formatted_tools: list, get, authorize and execute tools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.execution.tool_entry import KnownRequirements, ToolEntry
from arcade_gmail_local.engine.execution.tool_executor import ToolRequest
from arcade_gmail_local.engine.http.api_keys import caller_of
from arcade_gmail_local.engine.http.bodies import (
    check_user_id,
    page_of,
    read_object,
    required_text,
    text_or_none,
)
from arcade_gmail_local.engine.http.responses import bad_request, json_response, page_response
from arcade_gmail_local.engine.services import services_of
from arcade_gmail_multiuser.tool_schema import FORMATS

__all__ = ["ROUTES"]

_LARGE_BYTES = 256 * 1024

Items = list[dict[str, Any]]


async def list_tools(request: Request) -> Response:
    """Return one page of the tools; with a user_id, also whether that user may use each."""
    page, total, limit, offset = await _page(request)
    return page_response(await _described(request, page), limit=limit, offset=offset, total=total)


async def get_tool(request: Request) -> Response:
    tool = await services_of(request).catalog.get(request.path_params["name"])
    return json_response((await _described(request, [tool]))[0])


async def list_formatted(request: Request) -> Response:
    """Return one page of the tools in a model's format, OpenAI's by default.

    Tools that the user has to consent to first are included: the model may choose one, and the call
    then says where to consent.
    """
    page, total, limit, offset = await _page(request)
    items = await _formatted(request, page)
    return page_response(items, limit=limit, offset=offset, total=total)


async def get_formatted(request: Request) -> Response:
    tool = await services_of(request).catalog.get(request.path_params["name"])
    return json_response((await _formatted(request, [tool]))[0])


async def _page(request: Request) -> tuple[Sequence[ToolEntry], int, int, int]:
    limit, offset = page_of(request)
    tools = await services_of(request).catalog.tools()
    toolkit = request.query_params.get("toolkit")
    if toolkit:
        tools = tuple(t for t in tools if t.toolkit.lower() == toolkit.lower())
    return tools[offset : offset + limit], len(tools), limit, offset


async def _formatted(request: Request, tools: Sequence[ToolEntry]) -> Items:
    formats = _check_formats([request.query_params.get("format") or "openai"])
    if len(formats) != 1:
        bad_request("format must be one of openai, anthropic and arcade.")
    _user_in(request)
    if formats[0] == "arcade":
        return await _described(request, tools)
    return [tool.formatted(formats[0]) for tool in tools]


async def _described(request: Request, tools: Sequence[ToolEntry]) -> Items:
    services = services_of(request)
    formats = _check_formats(request.query_params.getlist("include_format"))
    user_id = _user_in(request)
    connection = None if user_id is None else await services.authorizer.connection_of(user_id)
    known = KnownRequirements(services.settings.provider.id, user_id, connection)
    return [
        {
            **tool.definition(),
            "requirements": known.of(tool),
            **_formatted_schema(tool, formats),
        }
        for tool in tools
    ]


def _check_formats(given: Iterable[str]) -> tuple[str, ...]:
    """Check names of formats, which may be separated by commas."""
    names = [name.strip() for text in given for name in text.split(",")]
    if any(name not in (*FORMATS, "arcade") for name in names):
        bad_request("A format is one of openai, anthropic and arcade.", name="unknown_format")
    return tuple(dict.fromkeys(names))


def _formatted_schema(tool: ToolEntry, formats: tuple[str, ...]) -> dict[str, Any]:
    # "arcade" is the definition itself.
    wanted = {form: tool.formatted(form) for form in formats if form != "arcade"}
    return {"formatted_schema": wanted} if wanted else {}


def _user_in(request: Request) -> str | None:
    given = request.query_params.get("user_id")
    return None if given is None else check_user_id(given)


async def authorize_tool(request: Request) -> Response:
    """Say whether a user may use a tool, and where to consent if not."""
    services = services_of(request)
    body = await read_object(request, max_bytes=services.settings.max_body_bytes)
    user_id = check_user_id(body.get("user_id"))
    tool = await services.catalog.get(
        required_text(body, "tool_name"), text_or_none(body, "tool_version")
    )
    if tool.scopes is None:
        return json_response(
            {"status": "completed", "scopes": [], "user_id": user_id, "context": {}}
        )
    if tool.provider_id != services.settings.provider.id:
        bad_request("The tool needs a provider that is not configured.", name="no_provider")
    found = await services.authorizer.authorize(
        user_id,
        sorted(tool.scopes),
        text_or_none(body, "next_uri"),
        actor=caller_of(request).name,
    )
    return json_response(found)


async def execute_tool(request: Request) -> Response:
    """Run a tool now, or at `run_at`."""
    services = services_of(request)
    body = await read_object(request, max_bytes=services.settings.max_body_bytes)
    user_id = check_user_id(body.get("user_id"))
    inputs = {} if body.get("input") is None else body["input"]
    if not isinstance(inputs, dict):
        bad_request("input must be a JSON object.")
    run_at = text_or_none(body, "run_at")
    if body.get("run_at") == "":
        bad_request("run_at is empty. Omit it, or send null, to run the tool now.")
    asked = ToolRequest(
        tool=await services.catalog.get(
            required_text(body, "tool_name"), text_or_none(body, "tool_version")
        ),
        user_id=user_id,
        inputs=inputs,
        actor=caller_of(request).name,
        stacktrace=body.get("include_error_stacktrace") is True,
        large=_is_large(request),
    )
    if run_at is not None:
        return json_response(await services.scheduler.add(asked, run_at))
    found, large = await services.executor.execute(asked)
    return await asyncio.to_thread(json_response, found) if large else json_response(found)


def _is_large(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return not length.isdigit() or int(length[:18]) > _LARGE_BYTES


ROUTES = [
    Route("/v1/tools", list_tools, methods=["GET"]),
    Route("/v1/tools/authorize", authorize_tool, methods=["POST"]),
    Route("/v1/tools/execute", execute_tool, methods=["POST"]),
    Route("/v1/tools/{name}", get_tool, methods=["GET"]),
    Route("/v1/formatted_tools", list_formatted, methods=["GET"]),
    Route("/v1/formatted_tools/{name}", get_formatted, methods=["GET"]),
]
