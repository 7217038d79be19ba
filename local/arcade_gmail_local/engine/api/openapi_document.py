"""The engine's API as an OpenAPI 3.1 document, for operators; a test holds it to the routes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.engine.api.openapi_schemas import (
    FORMAT,
    SCHEMAS,
    TEXT,
    USER_ID,
    page_of_items,
    ref,
)

__all__ = ["openapi_document"]

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `gives` None means 204, or a page for a browser when `page`."""

    method: str
    path: str
    summary: str
    gives: Schema | None = None
    takes: str | None = None
    queries: tuple[tuple[str, Schema, bool], ...] = ()
    status: int = 200
    page: bool = False
    open: bool = False


def _query(name: str, schema: Schema, *, required: bool = False) -> tuple[str, Schema, bool]:
    return name, schema, required


_PAGING = (
    _query("limit", {"type": "integer", "minimum": 1, "default": 25}),
    _query("offset", {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0}),
)
_USER = _query("user_id", USER_ID)
_TOOLKIT = _query("toolkit", TEXT)
_FORMAT = _query("format", FORMAT)
_INCLUDE = _query("include_format", {"type": "array", "items": FORMAT})
_FLOW = _query("flow_id", {"type": "string", "maxLength": 128}, required=True)
_WAIT = _query("wait", {"type": "integer", "minimum": 0, "maximum": 59})
_SCHEDULED = "/v1/scheduled_tools"
_CONNECTIONS = "/v1/admin/user_connections"
_CONNECTIONS_PAGE = "/v1/oauth/connections"
_PROVIDERS = "/v1/admin/auth_providers"
_ANYTHING: Schema = {"type": "object"}

OPERATIONS = (
    Operation("get", "/v1/health", "Whether the engine is up", ref("Health"), open=True),
    Operation("get", "/v1/swagger", "This document", _ANYTHING),
    Operation(
        "post",
        "/v1/auth/authorize",
        "Start an authorization, or hear that it is not needed",
        ref("Authorization"),
        "AuthorizeRequest",
    ),
    Operation(
        "get",
        "/v1/auth/status",
        "How far an authorization is; waits for its end up to `wait` seconds",
        ref("Authorization"),
        queries=(_query("id", TEXT, required=True), _WAIT, _query("scopes", TEXT)),
    ),
    Operation(
        "post",
        "/v1/auth/confirm_user",
        "Say who is signed in at the browser of a flow",
        ref("Confirmed"),
        "ConfirmRequest",
    ),
    Operation(
        "get",
        "/v1/tools",
        "List tools",
        page_of_items(ref("Tool")),
        queries=(*_PAGING, _TOOLKIT, _USER, _INCLUDE),
    ),
    Operation("get", "/v1/tools/{name}", "One tool", ref("Tool"), queries=(_USER, _INCLUDE)),
    Operation(
        "post",
        "/v1/tools/authorize",
        "Start the authorization that a tool needs",
        ref("Authorization"),
        "ToolAuthorizeRequest",
    ),
    Operation(
        "post",
        "/v1/tools/execute",
        "Run a tool for a user, now or at `run_at` (without a zone: UTC)",
        ref("Executed"),
        "ExecuteRequest",
    ),
    Operation(
        "get",
        "/v1/formatted_tools",
        "List tools as a chat model wants them",
        page_of_items(_ANYTHING),
        queries=(*_PAGING, _TOOLKIT, _USER, _FORMAT),
    ),
    Operation(
        "get",
        "/v1/formatted_tools/{name}",
        "One tool as a chat model wants it",
        _ANYTHING,
        queries=(_USER, _FORMAT),
    ),
    Operation(
        "get",
        _SCHEDULED,
        "List scheduled calls",
        page_of_items(ref("ScheduledCall")),
        queries=(*_PAGING, _USER),
    ),
    Operation(
        "get",
        _SCHEDULED + "/{id}",
        "One scheduled call with its tries",
        ref("ScheduledCallWithAttempts"),
    ),
    Operation("delete", _SCHEDULED + "/{id}", "Take a call off, or erase one that ended"),
    Operation("get", "/v1/workers", "List workers", page_of_items(ref("Worker")), queries=_PAGING),
    Operation(
        "post",
        "/v1/workers",
        "Register a worker at an origin that the settings name",
        ref("Worker"),
        "WorkerCreateRequest",
        status=201,
    ),
    Operation("get", "/v1/workers/{id}", "One worker", ref("Worker")),
    Operation("patch", "/v1/workers/{id}", "Change a worker", ref("Worker"), "WorkerUpdateRequest"),
    Operation("delete", "/v1/workers/{id}", "Remove a worker"),
    Operation("get", "/v1/workers/{id}/health", "Whether a worker answers", ref("WorkerHealth")),
    Operation(
        "get",
        "/v1/workers/{id}/tools",
        "List a worker's tools",
        page_of_items(ref("Tool")),
        queries=_PAGING,
    ),
    Operation(
        "get",
        _CONNECTIONS,
        "List connections",
        page_of_items(ref("Connection")),
        queries=(*_PAGING, _USER, _query("provider_id", TEXT)),
    ),
    Operation("get", _CONNECTIONS + "/{id}", "One connection", ref("Connection")),
    Operation("delete", _CONNECTIONS + "/{id}", "Disconnect: erase and revoke"),
    Operation("get", _PROVIDERS, "List providers", page_of_items(ref("Provider")), queries=_PAGING),
    Operation("post", _PROVIDERS, "Refused: providers are set in the settings"),
    Operation("get", _PROVIDERS + "/{id}", "One provider", ref("Provider")),
    Operation("patch", _PROVIDERS + "/{id}", "Refused: providers are set in the settings"),
    Operation("delete", _PROVIDERS + "/{id}", "Refused: providers are set in the settings"),
    Operation(
        "get",
        "/v1/admin/secrets",
        "List the keys of secrets",
        page_of_items(ref("Secret")),
        queries=_PAGING,
    ),
    Operation("post", "/v1/admin/secrets/{key}", "Set a secret", ref("Secret"), "SecretRequest"),
    Operation("put", "/v1/admin/secrets/{key}", "Set a secret", ref("Secret"), "SecretRequest"),
    Operation("delete", "/v1/admin/secrets/{key}", "Remove a secret by its id"),
    Operation(
        "get", "/v1/oauth/start", "Where a person begins", page=True, open=True, queries=(_FLOW,)
    ),
    Operation(
        "get",
        "/v1/oauth/callback",
        "Where the provider sends a person back to",
        page=True,
        open=True,
        queries=(_query("state", TEXT, required=True), _query("code", TEXT)),
    ),
    Operation(
        "get",
        "/v1/oauth/confirm",
        "The engine's own confirmation page",
        page=True,
        open=True,
        queries=(_FLOW,),
    ),
    Operation("post", "/v1/oauth/confirm", "What a person decided there", page=True, open=True),
    Operation(
        "post",
        "/v1/connections_page",
        "A link, good once, to the page where this user sees connections and ends them",
        ref("ConnectionsPage"),
        "ConnectionsPageRequest",
    ),
    Operation(
        "get",
        f"{_CONNECTIONS_PAGE}/open",
        "Where that link leads",
        page=True,
        open=True,
        queries=(_query("link", TEXT, required=True),),
    ),
    Operation("post", f"{_CONNECTIONS_PAGE}/open", "The same, pressed", page=True, open=True),
    Operation("get", _CONNECTIONS_PAGE, "What a person has connected", page=True, open=True),
    Operation(
        "get",
        f"{_CONNECTIONS_PAGE}/disconnect",
        "Whether the person is certain",
        page=True,
        open=True,
        queries=(_query("id", TEXT, required=True),),
    ),
    Operation("post", f"{_CONNECTIONS_PAGE}/disconnect", "Disconnect", page=True, open=True),
    Operation("post", f"{_CONNECTIONS_PAGE}/leave", "End the visit", page=True, open=True),
)


def openapi_document(*, server: str) -> Schema:
    """Write the whole document."""
    paths: dict[str, dict[str, Schema]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Embedded Arcade engine",
            "version": "1",
            "description": "What arcadepy calls, and what operators of the engine need.",
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation) -> Schema:
    found: Schema = {
        "operationId": f"{operation.method} {operation.path}",
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation.queries)],
        "responses": _responses(operation),
    }
    if operation.takes is not None:
        found["requestBody"] = {"required": True, "content": _json(ref(operation.takes))}
    if operation.open:
        found["security"] = []
    return found


def _path_parameters(path: str) -> Iterable[Schema]:
    for name in ("id", "name", "key"):
        if f"{{{name}}}" in path:
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
            }


def _query_parameters(queries: tuple[tuple[str, Schema, bool], ...]) -> Iterable[Schema]:
    for name, schema, required in queries:
        yield {"name": name, "in": "query", "required": required, "schema": schema}


def _responses(operation: Operation) -> Schema:
    error = {"description": "Refused", "content": _json(ref("Error"))}
    if operation.page:
        page = {"description": "A page", "content": {"text/html": {"schema": TEXT}}}
        return {"200": page, "303": {"description": "To the next page"}, "default": page}
    if operation.gives is None:
        return {"204": {"description": "Done"}, "default": error}
    done = {"description": "Done", "content": _json(operation.gives)}
    return {str(operation.status): done, "default": error}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
