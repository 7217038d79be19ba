"""A worker, standing in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine_stack.facts import READ, SEND, WORKER_SECRET, Clock


def definition(
    name: str, scopes: list[str] | None, *, read_only: bool = False, version: str = "0.1.0"
) -> dict[str, Any]:
    authorization = None
    if scopes is not None:
        authorization = {
            "provider_id": "google",
            "provider_type": "oauth2",
            "id": None,
            "oauth2": {"scopes": scopes},
        }
    return {
        "name": name,
        "fully_qualified_name": f"GmailMultiuser.{name}",
        "description": f"{name}.",
        "toolkit": {"name": "GmailMultiuser", "description": "Gmail", "version": version},
        "input": {"parameters": []},
        "output": {"available_modes": ["value"], "value_schema": {"val_type": "json"}},
        "requirements": {"authorization": authorization, "secrets": None, "metadata": None},
        "metadata": {"behavior": {"read_only": read_only}},
    }


@dataclass
class FakeWorker:
    """A worker that records what reached it and answers as told."""

    clock: Clock
    tools: list[Any] = field(
        default_factory=lambda: [
            definition("ListLabels", [READ], read_only=True),
            definition("SendEmail", [SEND]),
            definition("SearchAndSend", [READ, SEND]),
            definition("AddNumbers", None),
        ]
    )
    invocations: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], Any] | None = None
    before_answer: Callable[[dict[str, Any]], Awaitable[None]] | None = None
    catalog_reads: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/worker/health", self.health),
                Route("/worker/tools", self.list_tools),
                Route("/worker/tools/invoke", self.invoke, methods=["POST"]),
            ]
        )

    def _admit(self, request: Request) -> bool:
        token = request.headers["authorization"].removeprefix("Bearer ")
        try:
            claims = jwt.decode(
                token,
                WORKER_SECRET,
                algorithms=["HS256"],
                audience="worker",
                # The test's clock decides, see below.
                options={"require": ["exp", "iat"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return False
        self.claims.append(claims)
        return claims["ver"] == "1" and claims["iat"] <= self.clock() < claims["exp"]

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "tool_count": str(len(self.tools))})

    async def list_tools(self, request: Request) -> Response:
        if not self._admit(request):
            return JSONResponse({"detail": "Not authenticated"}, 401)
        self.catalog_reads += 1
        return JSONResponse(self.tools)

    async def invoke(self, request: Request) -> Response:
        if not self._admit(request):
            return JSONResponse({"detail": "Not authenticated"}, 401)
        call = await request.json()
        self.invocations.append(call)
        if self.before_answer is not None:
            await self.before_answer(call)
        given = self.answer(call) if self.answer else {"value": {"inputs": call["inputs"]}}
        if isinstance(given, Response):
            return given
        return JSONResponse(
            {
                "execution_id": call["execution_id"],
                "finished_at": "2026-11-23T00:00:00",
                "duration": 1.0,
                "success": "error" not in given,
                "output": {"value": None, "logs": None, "error": None, **given},
            }
        )
