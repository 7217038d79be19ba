"""A running sandbox as tests see it: people, their mail, what goes wrong and what was asked."""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from calls import Tool, ToolFailed, call, context, declared_scopes, failure

__all__ = ["Person", "World"]


@dataclass
class World:
    """The sandbox, the people in it, and what was asked of it.

    It is a process that many tests share, one after another, so every test makes accounts of its
    own, and what it broke is mended before the next.
    """

    url: str
    http: aiohttp.ClientSession

    async def account(self, *mail: bytes | dict[str, Any], name: str = "") -> Person:
        """Make a person of their own, so that no test's quota or mail is another's."""
        email = f"p{uuid.uuid4().hex[:12]}@example.com"
        person = Person(self, email, name or "Pat Example")
        await person.receive(*mail)
        return person

    async def control(self, what: str, given: Any = None, method: str = "POST") -> Any:
        # A file, because aiohttp warns of large bodies that are bytes.
        body = io.BytesIO(json.dumps(given).encode()) if given is not None else None
        async with self.http.request(method, f"{self.url}/_sandbox/{what}", data=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status != 204 else None

    async def fault(self, method: str, *, times: int | None = 1, **action: Any) -> None:
        """Let the next calls of a Gmail method go wrong."""
        await self.control(
            "faults", {"match": {"method": method}, "action": action, "times": times}
        )

    async def requests(self) -> list[dict[str, Any]]:
        """Return every Gmail request so far, parts of batches included."""
        recorded = (await self.control("requests", method="GET"))["requests"]
        return [r for r in recorded if r["gmail_method"] or "userinfo" in r["path"]]

    async def methods(self) -> list[str]:
        return [r["gmail_method"] for r in await self.requests() if r["gmail_method"]]

    async def forget_requests(self) -> None:
        await self.control("requests", method="DELETE")

    async def mend(self) -> None:
        """Take back what a test may have changed for all."""
        await self.control("faults", method="DELETE")
        await self.control("latency", {"ms": 0})
        await self.control("limits", {"units_per_minute": None, "max_in_flight": None})
        await self.forget_requests()


@dataclass
class Person:
    """One account, and calls of tools in its name with a token of exactly the tool's scopes."""

    world: World
    email: str
    name: str
    ids: list[str] = field(default_factory=list)

    @property
    def user_id(self) -> str:
        return self.email

    async def receive(self, *mail: bytes | dict[str, Any]) -> list[str]:
        """Put mail into the mailbox as it is; return the ids."""
        messages = [
            {**m, "raw": base64.b64encode(m["raw"]).decode()}
            if isinstance(m, dict)
            else base64.b64encode(m).decode()
            for m in mail
        ]
        given = {"email": self.email, "name": self.name, "messages": messages}
        ids: list[str] = (await self.world.control("accounts", given))["ids"]
        self.ids += ids
        return ids

    async def token(self, scopes: Iterable[str], **more: Any) -> str:
        given = {"email": self.email, "scopes": list(scopes), **more}
        return str((await self.world.control("tokens", given))["access_token"])

    async def token_for(self, tool: Tool) -> str:
        """Return a token of exactly the tool's scopes."""
        return await self.token(declared_scopes(tool))

    async def use(self, tool: Tool, **inputs: Any) -> Any:
        """Call a tool the way Arcade does, and return its output or raise ToolFailed."""
        return await call(tool, context(await self.token_for(tool), self.user_id), **inputs)

    async def use_with(self, scopes: Iterable[str], tool: Tool, **inputs: Any) -> Any:
        """Call a tool with a token of other scopes than its own."""
        return await call(tool, context(await self.token(scopes), self.user_id), **inputs)

    async def outcome(self, tool: Tool, **inputs: Any) -> Any:
        """Return the output of a tool, or the error it ended in."""
        try:
            return await self.use(tool, **inputs)
        except ToolFailed as failed:
            return failed

    async def fails(self, tool: Tool, **inputs: Any) -> ToolFailed:
        """Call a tool that has to end in an error, and return that."""
        return await failure(tool, context(await self.token_for(tool), self.user_id), **inputs)

    async def fails_as(self, caller: str | None, tool: Tool, **inputs: Any) -> ToolFailed:
        """Call a tool with this person's token under another user id; return the error."""
        return await failure(tool, context(await self.token_for(tool), caller), **inputs)
