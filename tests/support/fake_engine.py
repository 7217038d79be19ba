"""An engine that answers as told, at the transport seam of the real arcadepy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from arcadepy import AsyncArcade

from arcade_gmail_multiuser.client import MultiUserGmailManager

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
URL = "https://engine.test/v1/oauth/start?flow_id=fl_1"

Answer = httpx.Response | Exception
Handler = Callable[["Asked"], Any]


def parameter(name: str, kind: str = "string", *, required: bool = False, **schema: Any) -> Any:
    return {"name": name, "required": required, "value_schema": {"val_type": kind, **schema}}


def definition(
    name: str,
    *parameters: Any,
    reads: bool | None = None,
    destructive: bool | None = None,
    scopes: tuple[str, ...] = (READ,),
    toolkit: str = "GmailMultiuser",
) -> dict[str, Any]:
    """Make a tool as the engine lists it; `reads=None` leaves the metadata out."""
    found: dict[str, Any] = {
        "name": name,
        "qualified_name": f"{toolkit}.{name}",
        "fully_qualified_name": f"{toolkit}.{name}@1.0.0",
        "description": f"{name} does what it says.",
        "toolkit": {"name": toolkit, "version": "1.0.0"},
        "input": {"parameters": list(parameters)},
        "requirements": {
            "authorization": {
                "provider_id": "google",
                "provider_type": "oauth2",
                "oauth2": {"scopes": list(scopes)},
            }
        },
    }
    if reads is not None:
        behavior = {"read_only": reads, "destructive": bool(destructive)}
        found["metadata"] = {"behavior": behavior}
    return found


TOOLS = [
    definition("ListEmails", parameter("n_emails", "integer"), reads=True),
    definition(
        "ListEmailsByHeader",
        parameter("sender", "array", inner_val_type="string"),
        parameter("date_range", enum=["today", "yesterday"]),
        reads=True,
    ),
    definition("SearchEmailsByQuery", parameter("query", required=True), reads=True),
    definition("GetEmail", parameter("email_id", required=True), reads=True),
    definition(
        "SendEmail",
        parameter("recipient", required=True),
        parameter("subject", required=True),
        parameter("body", required=True),
        reads=False,
        scopes=(SEND,),
    ),
    definition("WriteDraftEmail", parameter("body", required=True), reads=False),
    definition("TrashEmail", parameter("email_id", required=True), reads=False, destructive=True),
    definition(
        "MultiUserGmailSend", parameter("user_id", required=True), parameter("to"), reads=False
    ),
    definition("WhoAmI", reads=True),
]


@dataclass
class Asked:
    """A request as it reached the engine."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class FakeEngine:
    """Answers what a test tells it to, and records what it was asked."""

    tools: list[dict[str, Any]] = field(default_factory=lambda: list(TOOLS))
    asked: list[Asked] = field(default_factory=list)
    handlers: dict[str, list[Any]] = field(default_factory=dict)

    def on(self, path: str, *answers: Any) -> None:
        """Answer a path with these in turn, the last one from then on; a function is called."""
        self.handlers[path] = list(answers)

    def calls(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        asked = Asked(request.method, request.url.path, dict(request.url.params), body)
        self.asked.append(asked)
        told = self.handlers.get(asked.path)
        answer: Any = self._default
        if told:
            answer = told.pop(0) if len(told) > 1 else told[0]
        if callable(answer):
            answer = answer(asked)
            if hasattr(answer, "__await__"):
                answer = await answer
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return httpx.Response(200, json=answer)

    def _default(self, asked: Asked) -> Any:
        if asked.path == "/v1/tools":
            return self.page(asked)
        if asked.path == "/v1/tools/execute":
            return worked({"for": asked.body["user_id"], "input": asked.body["input"]})
        if asked.path in ("/v1/tools/authorize", "/v1/auth/authorize"):
            return pending(asked.body["user_id"])
        return httpx.Response(404, json={"name": "not_found", "message": "no"})

    def page(self, asked: Asked) -> dict[str, Any]:
        offset, limit = int(asked.query.get("offset", 0)), int(asked.query.get("limit", 25))
        items = self.tools[offset : offset + limit]
        return {"items": items, "offset": offset, "total_count": len(self.tools)}

    def arcade(self, *, max_retries: int = 2) -> AsyncArcade:
        return AsyncArcade(
            api_key="key",
            base_url="https://engine.test",
            max_retries=max_retries,
            http_client=httpx.AsyncClient(transport=httpx.MockTransport(self)),
        )

    def manager(self, *, max_retries: int = 2, **more: Any) -> MultiUserGmailManager:
        return MultiUserGmailManager(self.arcade(max_retries=max_retries), poll_pause_s=0.0, **more)


def worked(value: Any) -> dict[str, Any]:
    return {"success": True, "status": "success", "output": {"value": value}}


def broke(message: str = "No.", **error: Any) -> dict[str, Any]:
    told = {"message": message, "kind": "TOOL_RUNTIME_FATAL", "can_retry": False, **error}
    return {"success": False, "status": "failed", "output": {"error": told}}


def pending(user_id: str, **more: Any) -> dict[str, Any]:
    return {"id": "ac_1", "status": "pending", "url": URL, "user_id": user_id, **more}


def refused(status: int, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body if body is not None else {}, headers=named)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
