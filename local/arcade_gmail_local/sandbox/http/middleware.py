"""Guard, log, delay and fault-inject every request before the application sees it.

This wraps the whole application from outside, because a fault has to reach the server's own
`send`: only that leads to the socket.
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arcade_gmail_local.sandbox.control.fault_injection import Action, FaultInjector
from arcade_gmail_local.sandbox.control.request_log import RequestLog, RequestRecord
from arcade_gmail_local.sandbox.google_error import GoogleError, too_many_at_once
from arcade_gmail_local.sandbox.http.dispatch import Dispatcher
from arcade_gmail_local.sandbox.http.limits import Limits

CONTROL_PREFIX = "/_sandbox/"
BATCH_PATHS = frozenset({"/batch", "/batch/gmail/v1"})
OAUTH_PATHS = frozenset({"/o/oauth2/v2/auth", "/token", "/revoke"})
"""Endpoints whose errors are not Google's API envelope."""

RECORD = "sandbox.record"
"""The key of the request's record in the ASGI scope."""

DROP_CONNECTION = "sandbox.drop_connection"
"""Set in the ASGI scope by a batch when the fault of one part drops the connection."""

# The names Starlette's TestClient uses for itself and its server; DNS resolves neither.
_TEST_CLIENT = frozenset({"testclient", "testserver"})


class ConnectionDropped(Exception):
    """Raised where there is no socket to close: under a test client instead of a server."""


class SandboxMiddleware:
    """Admit loopback clients, log every request, and inject latency and faults."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        dispatcher: Dispatcher,
        request_log: RequestLog,
        faults: FaultInjector,
        limits: Limits,
        loopback_only: bool,
    ) -> None:
        self.latency_s = 0.0
        self._app = app
        self._dispatcher = dispatcher
        self._request_log = request_log
        self._faults = faults
        self._limits = limits
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._loopback_only and not is_local(scope):
            await _plain(send, 403, b"The sandbox answers only clients on its own machine.\n")
            return
        if scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        record = self._request_log.begin(
            self._dispatcher.record_of(
                scope["method"],
                raw_path_of(scope),
                scope["query_string"].decode("latin-1"),
                header(scope, b"authorization"),
            )
        )
        scope[RECORD] = record
        with self._request_log.in_progress(record.user):
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            action = self._faults.take(record) or Action()
            await self._respond(action, record, scope, receive, send)

    async def _respond(
        self, action: Action, record: RequestRecord, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if action.delay_ms:
            await asyncio.sleep(action.delay_ms / 1000)
        if action.drop == "before":
            await drop_connection(receive, send)
            return
        if self._is_over_the_limit(record):
            await _refuse(too_many_at_once(), record, send)
            return
        # Only what may have to be replaced, cut or dropped is buffered.
        if record.path not in BATCH_PATHS and not action.changes_the_answer:
            await self._app(scope, receive, _recording_status(record, send))
            return
        buffered: list[Message] = []

        async def buffer(message: Message) -> None:
            buffered.append(message)

        if action.status is not None:
            replacement = action if record.path in OAUTH_PATHS else action.with_google_body()
            await _plain(buffer, action.status, replacement.body or b"", replacement)
        else:
            await self._app(scope, receive, buffer)
        if action.drop == "after" or scope.get(DROP_CONNECTION):
            record.status = None
            await drop_connection(receive, send)
            return
        await _send_buffered(buffered, action.truncate, record, receive, send)

    def _is_over_the_limit(self, record: RequestRecord) -> bool:
        limit = self._limits.max_in_flight
        is_gmail = record.gmail_method is not None or record.path in BATCH_PATHS
        over = limit is not None and self._request_log.by_user[record.user or ""] > limit
        return bool(is_gmail and over)


async def _send_buffered(
    buffered: list[Message],
    truncate: int | None,
    record: RequestRecord,
    receive: Receive,
    send: Send,
) -> None:
    """Send a buffered answer, or only its beginning under the length of the whole."""
    start = next(m for m in buffered if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in buffered if m["type"] == "http.response.body")
    record.status = start["status"]
    cut = truncate is not None and truncate < len(body)
    if cut:
        kept = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
        start["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
    await send(start)
    await send(
        {
            "type": "http.response.body",
            "body": body[:truncate] if cut else body,
            "more_body": cut,
        }
    )
    if cut:
        await drop_connection(receive, send)


async def _plain(send: Send, status: int, body: bytes, action: Action | None = None) -> None:
    """Send an answer; its content type is guessed from the body unless the headers name one."""
    named = {name.lower(): value for name, value in (action.headers if action else {}).items()}
    guessed = "application/json; charset=UTF-8" if body[:1] in (b"{", b"[") else "text/plain"
    if body:
        named.setdefault("content-type", guessed)
    named["content-length"] = str(len(body))
    headers = [(name.encode("latin-1"), _latin(value)) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _latin(value: str) -> bytes:
    return value.encode("latin-1", "replace")


async def _refuse(refusal: GoogleError, record: RequestRecord, send: Send) -> None:
    record.status = refusal.code
    await _plain(send, refusal.code, refusal.body())


def _recording_status(record: RequestRecord, send: Send) -> Send:
    async def recorded(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
        await send(message)

    return recorded


async def drop_connection(receive: Receive, send: Send) -> None:
    """Close the client's connection now, which ASGI has no message for; bytes already sent arrive.

    `send` has to be the server's own, not one that middleware has wrapped. Raises
    ConnectionDropped when it leads to no socket.
    """
    # Uvicorn's send is a method of the object that holds the transport. Merely returning without
    # an answer would make it send a 500 of its own.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionDropped("a fault dropped this connection")
    transport.close()
    # Returning before the server has noticed would count as an error of this application.
    while (await receive())["type"] != "http.disconnect":
        pass


# Reading the scope


def header(scope: Scope, name: bytes) -> str:
    """Return the first header of that lower-case name, or ""."""
    for key, value in scope["headers"]:
        if key.lower() == name:
            return str(value.decode("latin-1"))
    return ""


def raw_path_of(scope: Scope) -> str:
    """Return the path, still percent-encoded and without its query."""
    raw = scope.get("raw_path") or scope["path"].encode()
    return str(raw.decode("latin-1").partition("?")[0])


def is_local(scope: Scope) -> bool:
    """Return whether a request comes from this machine and names it as its host.

    The Host header counts too, against DNS rebinding: a web page may point its name at 127.0.0.1.
    """
    client = scope.get("client")
    if client is not None and not _is_loopback(client[0]):
        return False
    host = header(scope, b"host")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    return not host or _is_loopback(name.strip("[]"))


@lru_cache(maxsize=1024)
def _is_loopback(name: str) -> bool:
    if name.lower() in _TEST_CLIENT or name.lower() == "localhost":
        return True
    with suppress(ValueError):
        address = ipaddress.ip_address(name)
        mapped = getattr(address, "ipv4_mapped", None)
        return bool((mapped or address).is_loopback)
    return False
