"""What an application asks of the engine, and every answer it gets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Reply:
    step: str
    status: int
    headers: str
    body: bytes
    holds_mail: bool
    """Whether mail is what the person asked for."""
    took_s: float


@dataclass
class Application:
    """Call the engine with the API key; keep the answers."""

    http: httpx.AsyncClient
    replies: list[Reply] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        holds_mail: bool = False,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"json": body} if body is not None else {"content": content}
        begun = time.monotonic()
        reply = await self.http.request(method, path, headers=headers, timeout=60, **sent)  # type: ignore[arg-type]
        step = f"{method} {path.partition('?')[0]} {len(self.replies)}"
        shown = repr(reply.headers.multi_items())
        self.replies.append(
            Reply(
                step, reply.status_code, shown, reply.content, holds_mail, time.monotonic() - begun
            )
        )
        return reply

    async def run(
        self,
        tool: str,
        user: str,
        given: Mapping[str, Any],
        *,
        holds_mail: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Execute a tool, its stacktrace asked for; give the engine's answer."""
        body = {
            "tool_name": f"GmailMultiuser.{tool}",
            "user_id": user,
            "input": dict(given),
            "include_error_stacktrace": True,
            **more,
        }
        reply = await self.ask("POST", "/v1/tools/execute", body, holds_mail=holds_mail)
        found = reply.json()
        return found if isinstance(found, dict) else {}
