"""A sandbox on loopback in the test's own event loop, and tools called as Arcade calls them."""

from __future__ import annotations

import base64
import io
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Any

import aiohttp
import pytest
import uvicorn
from arcade_core.catalog import ToolCatalog, create_func_models
from arcade_core.executor import ToolExecutor
from arcade_core.schema import ToolAuthorizationContext, ToolCallError, ToolContext

from arcade_gmail_local.sandbox.app import create_sandbox
from arcade_gmail_multiuser.gmail.api import client as gmail_client
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy
from arcade_gmail_multiuser.gmail.api.transport import close_transport
from arcade_gmail_multiuser.gmail.compose import send

Tool = Callable[..., Any]


class ToolFailed(Exception):
    """The call ended in an error; `error` is what Arcade would be told."""

    def __init__(self, error: ToolCallError) -> None:
        super().__init__(error.message)
        self.error = error

    @property
    def code(self) -> str:
        return str((self.error.extra or {}).get("code", ""))


@dataclass
class World:
    """The sandbox, the people in it, and what was asked of it."""

    url: str
    http: aiohttp.ClientSession
    _numbers: Iterable[int] = field(default_factory=itertools.count)

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

    async def use(self, tool: Tool, **inputs: Any) -> Any:
        """Call a tool the way Arcade does, and return its output or raise ToolFailed."""
        token = await self.token(declared_scopes(tool))
        return await call(tool, context(token, self.user_id), **inputs)

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
        with pytest.raises(ToolFailed) as caught:
            await self.use(tool, **inputs)
        return caught.value


def declared_scopes(tool: Tool) -> list[str]:
    return list(tool.__tool_requires_auth__.scopes)  # type: ignore[attr-defined]


def context(token: str | None, user_id: str | None) -> ToolContext:
    authorization = ToolAuthorizationContext(token=token) if token is not None else None
    return ToolContext(authorization=authorization, user_id=user_id)


_MADE: dict[Tool, tuple[Any, Any, Any]] = {}


async def call(tool: Tool, given: ToolContext, **inputs: Any) -> Any:
    if tool not in _MADE:
        definition = ToolCatalog.create_tool_definition(tool, "gmail_multiuser", "1")
        _MADE[tool] = (definition, *create_func_models(tool))
    definition, input_model, output_model = _MADE[tool]
    output = await ToolExecutor.run(tool, definition, input_model, output_model, given, **inputs)
    if output.error is not None:
        raise ToolFailed(output.error)
    return output.value


def write_mail(
    subject: str = "Hello",
    body: str = "How are you?\n",
    *,
    sender: str = "Jane Doe <jane@example.org>",
    to: str = "someone@example.com",
    html: str | None = None,
    files: Iterable[tuple[str, bytes, str]] = (),
    **headers: str,
) -> bytes:
    """Write a mail for a mailbox; keyword headers have underscores for dashes."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{uuid.uuid4().hex}@example.org>"
    for header, value in headers.items():
        del message[header.replace("_", "-")]
        message[header.replace("_", "-")] = value
    message.set_content(body)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for filename, content, kind in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    return message.as_bytes()


@pytest.fixture
def mail() -> Callable[..., bytes]:
    """A writer of mail; test files cannot import from one another."""
    return write_mail


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    config = uvicorn.Config(
        create_sandbox(seeded=False), host="127.0.0.1", port=0, log_level="critical", ws="none"
    )
    config.load()
    server = uvicorn.Server(config)
    # Not serve(), and shutdown() neither: they wait in steps of 100 ms, three hundred times over.
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("GMAIL_API_ENDPOINT", url)
    # The waits between attempts are tested where they are made; here they only cost time.
    monkeypatch.setattr(
        gmail_client, "RetryPolicy", partial(RetryPolicy, base_s=0.001, cap_s=0.005)
    )
    monkeypatch.setattr(send, "PAUSES_S", (0.0, 0.0))
    generous = Quota(units_per_minute=10**9)
    monkeypatch.setattr(gmail_client, "shared_quota", lambda: generous)
    async with aiohttp.ClientSession() as http:
        yield World(url, http)
    await close_transport()
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()


@pytest.fixture
def use_as() -> Callable[..., Any]:
    """Call a tool with a person's token but under another user id, and return the error."""

    async def use(person: Person, caller: str | None, tool: Tool, **inputs: Any) -> ToolFailed:
        token = await person.token(declared_scopes(tool))
        with pytest.raises(ToolFailed) as caught:
            await call(tool, context(token, caller), **inputs)
        return caught.value

    return use


@pytest.fixture
def call_with() -> Callable[..., Any]:
    """Call a tool with any token and user id, and return the error it has to end in."""

    async def use(token: str | None, caller: str, tool: Tool, **inputs: Any) -> ToolFailed:
        with pytest.raises(ToolFailed) as caught:
            await call(tool, context(token, caller), **inputs)
        return caught.value

    return use


@pytest.fixture
def scopes_of() -> Callable[[Tool], list[str]]:
    return declared_scopes
