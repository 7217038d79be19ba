"""What every request passes first: the guard, the record, the latency and the faults.

This wraps the whole application from outside, because a fault has to reach the server's own
`send`: only that leads to the socket.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arcade_gmail_local.sandbox.control.faults import Action, FaultTable
from arcade_gmail_local.sandbox.control.traffic import (
    Record,
    TrafficLog,
    bearer,
    fingerprint,
    shown_query,
)
from arcade_gmail_local.sandbox.wire.call import Limits
from arcade_gmail_local.sandbox.wire.connection import hang_up
from arcade_gmail_local.sandbox.wire.gateway import Gateway, Grants
from arcade_gmail_local.sandbox.wire.google_error import GoogleError, too_many_at_once

CONTROL_PREFIX = "/_sandbox/"
BATCH_PATHS = frozenset({"/batch", "/batch/gmail/v1"})
OAUTH_PATHS = frozenset({"/o/oauth2/v2/auth", "/token", "/revoke"})
"""Their errors have another shape than those of Google's APIs."""

RECORD = "sandbox.record"
"""Where in the ASGI scope the request's record is."""

HANG_UP = "sandbox.hang_up"
"""Set in the scope by a batch one of whose parts has to take the connection down."""

# What Starlette's TestClient calls itself and its server; no name that DNS would resolve.
_TEST_CLIENT = frozenset({"testclient", "testserver"})


class FrontDoor:
    """Let loopback in, write every request down, and do the damage that was ordered."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        gateway: Gateway,
        grants: Grants,
        traffic: TrafficLog,
        faults: FaultTable,
        limits: Limits,
        clock: Callable[[], float],
        loopback_only: bool,
    ) -> None:
        self.latency_s = 0.0
        self._app = app
        self._gateway = gateway
        self._grants = grants
        self._traffic = traffic
        self._faults = faults
        self._limits = limits
        self._clock = clock
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._loopback_only and not is_local(scope):
            await _plain(send, 403, b"The sandbox answers its own machine only.\n")
            return
        if scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        record = self._traffic.begin(self._record(scope))
        scope[RECORD] = record
        with self._traffic.under_way(record.user):
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            action = self._faults.take(record) or Action()
            await self._act(action, record, scope, receive, send)

    def _record(self, scope: Scope) -> Record:
        raw_path = raw_path_of(scope)
        token = bearer(header(scope, b"authorization"))
        grant = self._grants.grant_of(token) if token else None
        route = self._gateway.find(scope["method"], raw_path)
        return Record(
            method=scope["method"],
            path=raw_path,
            query=shown_query(scope["query_string"].decode("latin-1")),
            user=grant.email if grant else None,
            token=fingerprint(token),
            gmail_method=route.method.name if route else None,
            accepted_scopes=tuple(sorted(route.method.scopes)) if route else (),
            started=self._clock(),
        )

    async def _act(
        self, action: Action, record: Record, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if action.delay_ms:
            await asyncio.sleep(action.delay_ms / 1000)
        if action.drop == "before":
            await hang_up(receive, send)
            return
        if self._is_over_the_limit(record):
            await _refuse(too_many_at_once(), record, send)
            return
        is_batch = record.path in BATCH_PATHS
        if not is_batch and action.drop is None and action.truncate is None and not action.status:
            await self._app(scope, receive, _noting(record, send))
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        if action.status is not None:
            ordered = action if record.path in OAUTH_PATHS else action.worded()
            await _plain(hold, action.status, ordered.body or b"", ordered)
        else:
            await self._app(scope, receive, hold)
        if action.drop == "after" or scope.get(HANG_UP):
            record.status = None
            await hang_up(receive, send)
            return
        await _let_go(held, action.truncate, record, receive, send)

    def _is_over_the_limit(self, record: Record) -> bool:
        limit = self._limits.max_in_flight
        is_gmail = record.gmail_method is not None or record.path in BATCH_PATHS
        over = limit is not None and self._traffic.by_user[record.user or ""] > limit
        return bool(is_gmail and over)


async def _let_go(
    held: list[Message], truncate: int | None, record: Record, receive: Receive, send: Send
) -> None:
    """Send an answer that was held back, or its beginning under a length that promises it all."""
    start = next(m for m in held if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in held if m["type"] == "http.response.body")
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
        await hang_up(receive, send)


async def _plain(send: Send, status: int, body: bytes, action: Action | None = None) -> None:
    """Send an answer as it is; JSON unless its headers say otherwise."""
    named = {name.lower(): value for name, value in (action.headers if action else {}).items()}
    kind = "application/json; charset=UTF-8" if body[:1] in (b"{", b"[") else "text/plain"
    if body:
        named.setdefault("content-type", kind)
    named["content-length"] = str(len(body))
    headers = [(name.encode("latin-1"), _latin(value)) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _latin(value: str) -> bytes:
    return value.encode("latin-1", "replace")


async def _refuse(refusal: GoogleError, record: Record, send: Send) -> None:
    record.status = refusal.code
    await _plain(send, refusal.code, refusal.body())


def _noting(record: Record, send: Send) -> Send:
    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
        await send(message)

    return noted


# Reading the scope


def header(scope: Scope, name: bytes) -> str:
    """Give the first header of that lower-case name; "" without it."""
    for key, value in scope["headers"]:
        if key.lower() == name:
            return str(value.decode("latin-1"))
    return ""


def raw_path_of(scope: Scope) -> str:
    """Give the path still percent-encoded, without its query."""
    raw = scope.get("raw_path") or scope["path"].encode()
    return str(raw.decode("latin-1").partition("?")[0])


def is_local(scope: Scope) -> bool:
    """Say whether a request comes from this machine and was meant for it.

    The Host header counts too: a page on the web may point its own name at 127.0.0.1.
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
