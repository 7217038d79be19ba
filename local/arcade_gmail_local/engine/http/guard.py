"""Let only requests with an API key pass, and those to paths that browsers open."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from arcade_gmail_local.engine.events import ANONYMOUS
from arcade_gmail_local.engine.http.responses import error_response, json_response, storage_lost
from arcade_gmail_local.engine.services import services_of
from arcade_gmail_multiuser.errors import GmailMultiuserError, RateLimited
from arcade_gmail_multiuser.security.masking import HiddenBytes

__all__ = ["ApiKeyGuard", "peer_of"]

UNKNOWN_ADDRESS = "unknown"
"""The one address that requests from sockets without a peer are counted under."""


class ApiKeyGuard:
    """Check the API key before the body is read and before the path is looked up.

    The key comes as `Authorization: <key>` (arcadepy) or `Authorization: Bearer <key>`. The caller
    is then in the request's state. Wrong keys are counted by the socket's address, which limits
    guessing.
    """

    def __init__(self, app: ASGIApp, *, open_paths: frozenset[str]) -> None:
        self._app = app
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        key = _presented_key(request.headers)
        try:
            caller = await services_of(request).callers.recognise(key) if key is not None else None
        except SQLAlchemyError as problem:
            response = await storage_lost(request, problem)
        else:
            if caller is not None:
                scope.setdefault("state", {})["caller"] = caller
                await self._app(scope, receive, send)
                return
            response = await _refuse(request)
        await response(scope, receive, send)


async def _refuse(request: Request) -> Response:
    try:
        try:
            await services_of(request).limiter.admit_stranger(peer_of(request))
        except RateLimited:
            await _record("api_key.limited", request)
            raise
        await _record("api_key.refused", request)
    except GmailMultiuserError as problem:
        return error_response(problem)
    return json_response(
        {"name": "unauthorized", "message": "A valid API key is required."},
        401,
        {"WWW-Authenticate": "Bearer"},
    )


async def _record(event: str, request: Request) -> None:
    address = peer_of(request)
    await services_of(request).events.record_once_a_minute(
        event, "refused", about=(address,), actor=ANONYMOUS, address=address
    )


def _presented_key(headers: Headers) -> HiddenBytes | None:
    given = headers.getlist("authorization")
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].partition(" ")
    key = rest.strip() if scheme.lower() == "bearer" and rest else given[0].strip()
    # ASGI decodes header bytes as Latin-1, so this restores the bytes that were sent.
    return HiddenBytes(key.encode("latin-1", errors="replace"))


def peer_of(request: Request) -> str:
    """Return the address at the other end of the socket, whatever X-Forwarded-For says."""
    return UNKNOWN_ADDRESS if request.client is None else request.client.host
