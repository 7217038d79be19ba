"""The door: which requests need an API key, and where it is written."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from arcade_gmail_local.engine.events import NOBODY, Events
from arcade_gmail_local.engine.http.answers import answer, storage_lost, typed_answer
from arcade_gmail_local.engine.http.callers import Caller, Callers
from arcade_gmail_multiuser.errors import GmailMultiuserError, RateLimited
from arcade_gmail_multiuser.security.masking import HiddenBytes
from arcade_gmail_multiuser.security.rate_limits.limiter import AttemptLimiter

UNKNOWN_ADDRESS = "unknown"
"""Counted as one address: what a socket without a peer comes from."""

__all__ = ["ApiKeyGuard", "peer_of"]


class ApiKeyGuard:
    """Let a request pass with an API key, or when its path is one that browsers open.

    The key comes as `Authorization: <key>` (arcadepy) or `Authorization: Bearer <key>`. It is
    checked before any of the body is read, and before a path is known to exist. Who called is
    then in the request's state. Wrong keys are counted by the socket's address, so that nobody
    guesses without end.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        callers: Callers,
        limiter: AttemptLimiter,
        events: Events,
        open_paths: frozenset[str],
    ) -> None:
        self._app = app
        self._callers = callers
        self._limiter = limiter
        self._events = events
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
        except SQLAlchemyError as problem:
            refusal = await storage_lost(Request(scope), problem)
            await refusal(scope, receive, send)
            return
        if caller is None:
            refusal = await self._refuse(Request(scope))
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _refuse(self, request: Request) -> Response:
        try:
            try:
                await self._limiter.admit_stranger(peer_of(request))
            except RateLimited:
                await self._tell("api_key.limited", request)
                raise
            await self._tell("api_key.refused", request)
        except GmailMultiuserError as problem:
            return typed_answer(problem)
        return answer(
            {"name": "unauthorized", "message": "A valid API key is required."},
            401,
            {"WWW-Authenticate": "Bearer"},
        )

    async def _tell(self, event: str, request: Request) -> None:
        address = peer_of(request)
        await self._events.tell_once_a_minute(
            event, "refused", about=(address,), actor=NOBODY, address=address
        )

    async def _caller(self, scope: Scope) -> Caller | None:
        key = _presented_key(Headers(scope=scope))
        return None if key is None else await self._callers.recognise(key)


def _presented_key(headers: Headers) -> HiddenBytes | None:
    given = headers.getlist("authorization")
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].partition(" ")
    key = rest.strip() if scheme.lower() == "bearer" and rest else given[0].strip()
    # ASGI reads header bytes as Latin-1, so this gives back the bytes that were sent.
    return HiddenBytes(key.encode("latin-1", errors="replace"))


def peer_of(request: Request) -> str:
    """Give the address at the other end of the socket, whatever X-Forwarded-For says."""
    return UNKNOWN_ADDRESS if request.client is None else request.client.host
