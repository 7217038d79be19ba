"""What the tests of the mailbox client share: a scripted transport, a clock, a server of bytes."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy
from arcade_gmail_multiuser.gmail.api.transport import Answer, Request, close_transport


def answer_of(status: int, body: Any = None, **headers: str) -> Answer:
    """Build an answer; `retry_after="3"` becomes the header retry-after."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw)


def refusal(status: int, message: str, reason: str = "", state: str = "", **headers: str) -> Answer:
    """Build an answer in the form of Google's errors."""
    entry = {"message": message, "domain": "global", "reason": reason}
    error = {"code": status, "message": message, "errors": [entry], "status": state}
    return answer_of(status, {"error": error}, **headers)


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass(repr=False)
class FakeTransport:
    """Answers from a script, or by a function; keeps what it was asked."""

    script: deque[Any] = field(default_factory=deque)
    respond: Callable[[Request], Any] | None = None
    requests: list[Request] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def will(self, *steps: Any) -> None:
        self.script.extend(steps)

    async def carry(
        self,
        request: Request,
        *,
        timeout: float,  # noqa: ASYNC109 - the seam's own signature
    ) -> Answer:
        self.requests.append(request)
        self.timeouts.append(timeout)
        await asyncio.sleep(0)
        step = self.script.popleft() if self.script else self.respond
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step = step(request)
        if isinstance(step, Awaitable):
            step = await step
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, Answer), "an unexpected request"
        return step


@pytest.fixture
def reply() -> SimpleNamespace:
    return SimpleNamespace(of=answer_of, refusal=refusal)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def policy(fake_time: FakeTime) -> RetryPolicy:
    """Retries without waiting; chance is always 1, so every pause is its longest."""
    return RetryPolicy(
        clock=fake_time.clock,
        wall_clock=lambda: 1_790_000_000.0 + fake_time.now,
        sleep=fake_time.sleep,
        random=lambda: 1.0,
    )


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def mailbox_for(
    transport: FakeTransport, policy: RetryPolicy, fake_time: FakeTime
) -> Callable[..., GmailClient]:
    quota = Quota(clock=fake_time.clock)

    def make(user_id: str = "alice", token: str = "token-of-alice", **more: Any) -> GmailClient:
        options = {"transport": transport, "retry": policy, "quota": quota, **more}
        return GmailClient(token, user_id, **options)

    return make


@pytest.fixture
def mailbox(mailbox_for: Callable[..., GmailClient]) -> GmailClient:
    return mailbox_for()


@dataclass
class RawRequest:
    line: str
    headers: dict[str, str]
    body: bytes
    on_connection: int
    """How many requests this connection has carried, this one included."""


Handler = Callable[[RawRequest, asyncio.StreamWriter], Awaitable[bool]]


@dataclass
class RawServer:
    """An HTTP server of bytes on loopback. Its handler writes what it likes, and returns whether
    the connection stays open."""

    handler: Handler
    url: str = ""
    connections: int = 0
    requests: list[RawRequest] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        carried = 0
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *rest = head.rstrip().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (h.partition(":") for h in rest)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                carried += 1
                request = RawRequest(line, headers, body, carried)
                self.requests.append(request)
                if not await self.handler(request, writer):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def raw_server() -> AsyncIterator[Callable[..., Awaitable[RawServer]]]:
    async with AsyncExitStack() as stack:

        async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> RawServer:
            served = RawServer(handler)
            server = await asyncio.start_server(served.serve, "127.0.0.1", 0, ssl=tls)
            await stack.enter_async_context(server)
            scheme = "http" if tls is None else "https"
            served.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return served

        yield start
        # First our ends, so that the server's connections see their end and finish.
        await close_transport()
        await asyncio.sleep(0)
