"""A sandbox with people in it, and a client that holds every answer to Gmail's own schemas."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx
import jsonschema
import pytest
import uvicorn

from arcade_gmail_local.sandbox.app import Sandbox, create_sandbox
from arcade_gmail_local.sandbox.discovery import load_document
from arcade_gmail_local.sandbox.http.dispatch import HANDLERS
from arcade_gmail_local.sandbox.http.methods import RouteTable

ALL = "https://mail.google.com/"
SCOPE = "https://www.googleapis.com/auth/gmail."
_FORMATS = {
    "byte": {"pattern": "^[A-Za-z0-9_-]*={0,2}$"},
    "int64": {"pattern": "^-?[0-9]+$"},
    "uint64": {"pattern": "^[0-9]+$"},
    "uint32": {"minimum": 0},
}
_ROUTES = RouteTable(HANDLERS)


class Clock:
    """A clock that goes only when it is told to."""

    now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@cache
def validator(schema: str) -> jsonschema.Validator:
    """Turn one of the discovery document's schemas into a strict JSON Schema."""
    definitions = {name: _converted(about) for name, about in load_document()["schemas"].items()}
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": definitions})


def _converted(about: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in about:
        return {"$ref": f"#/$defs/{about['$ref']}"}
    if about["type"] == "array":
        # Gmail leaves a key out rather than give an empty list.
        return {"type": "array", "items": _converted(about["items"]), "minItems": 1}
    if about["type"] == "object":
        properties = {name: _converted(p) for name, p in about.get("properties", {}).items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    kept = {"type": about["type"], **_FORMATS.get(about.get("format", ""), {})}
    return {**kept, **({"enum": about["enum"]} if "enum" in about else {})}


class Google:
    """What a test says to the sandbox. Every 200 of Gmail's is checked against its schema."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http

    def person(self, email: str, *messages: bytes) -> str:
        """Make an account with some mail and give a token for all of it."""
        mailbox = self.sandbox.store.open_mailbox(email)
        for raw in messages:
            self.sandbox.store.put(mailbox, raw)
        return self.token(email, ALL)

    def token(self, email: str, *scopes: str) -> str:
        full = [s if s.startswith("https:") else SCOPE + s for s in scopes]
        return self.sandbox.identity.issue_token(email, full)

    async def ask(self, token: str, http_method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; a path without a slash in front is below /gmail/v1/users/me/."""
        whole = path if path.startswith("/") else f"/gmail/v1/users/me/{path}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        answer = await self.http.request(http_method, whole, headers=headers, **options)
        self._check(http_method, whole, answer)
        return answer

    async def get(self, token: str, path: str, **params: Any) -> dict[str, Any]:
        answer = await self.ask(token, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(self, token: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.ask(token, "POST", path, json=body if body is not None else {})
        assert answer.status_code in (200, 204), answer.text
        return dict(answer.json()) if answer.content else {}

    async def send(self, token: str, raw: bytes, **more: Any) -> dict[str, Any]:
        return await self.post(token, "messages/send", {"raw": b64(raw), **more})

    async def ids(self, token: str, q: str = "", **params: Any) -> list[str]:
        """Give the ids of the messages that a search finds, newest first."""
        found = await self.get(token, "messages", q=q, **params)
        return [message["id"] for message in found.get("messages", [])]

    async def raw(self, token: str, message_id: str) -> bytes:
        found = await self.get(token, f"messages/{message_id}", format="raw")
        return base64.urlsafe_b64decode(found["raw"])

    def _check(self, http_method: str, path: str, answer: httpx.Response) -> None:
        route = _ROUTES.find(http_method, httpx.URL(path).raw_path.decode().partition("?")[0])
        if route is None or answer.status_code >= 400:
            return
        if route.method.response_schema is None:
            assert (answer.status_code, answer.content) == (204, b"")
        elif "fields" not in str(answer.request.url):
            validator(route.method.response_schema).validate(answer.json())


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def reason(answer: httpx.Response) -> tuple[int, str, str]:
    """Give status, reason and message of a refusal, having checked its envelope."""
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    (entry,) = error["errors"]
    return error["code"], entry["reason"], error["message"]


def mail(subject: str = "Hello", body: str = "Some text.", **headers: str) -> bytes:
    """Write a plain message; `in_reply_to=` becomes In-Reply-To, `from_=` From."""
    fields = {"from_": "carol@example.org", "to": "alice@example.com", **headers}
    lines = [f"{name.strip('_').replace('_', '-').title()}: {v}" for name, v in fields.items()]
    text = "\r\n".join([*lines, f"Subject: {subject}"])
    kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8"
    return f"{text}\r\n{kind}\r\n\r\n{body}\r\n".encode()


@pytest.fixture
def write_mail() -> Callable[..., bytes]:
    return mail


@pytest.fixture
def refusal() -> Callable[[httpx.Response], tuple[int, str, str]]:
    return reason


@pytest.fixture
def sandbox_clock() -> Clock:
    return Clock()


@pytest.fixture
async def google(sandbox_clock: Clock) -> AsyncIterator[Google]:
    app = create_sandbox(seeded=False, clock=sandbox_clock)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9100") as http:
        yield Google(app, http)


class AnnouncedServer(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def listening(app: Sandbox) -> AsyncIterator[str]:
    """Serve an application by uvicorn on a free loopback port; give its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = AnnouncedServer(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.up.wait()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest.fixture
async def socketed(sandbox_clock: Clock) -> AsyncIterator[Google]:
    """The same sandbox behind a real socket, where connections can break."""
    app = create_sandbox(seeded=False, clock=sandbox_clock)
    async with listening(app) as url, httpx.AsyncClient(base_url=url) as http:
        yield Google(app, http)
