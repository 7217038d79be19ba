"""Refuse requests before arcade-serve reads them: unsigned ones and endless ones."""

from __future__ import annotations

import time

import jwt
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["INVALID_PARAMS", "BoundedBody", "SignedCallsOnly"]

MAX_TOKEN_AGE_S = 3_600
"""How far ahead a token may expire; an engine signs one for each call."""
MAX_BODY_BYTES = 64 * 1024 * 1024
"""A message of 25 MB as base64 in JSON, and room."""

INVALID_PARAMS = -32602
"""JSON-RPC's number, because arcade-serve's own errors have it."""
OPEN_PATHS = frozenset({"/worker/health"})


class SignedCallsOnly:
    """Let through only calls whose token is signed, meant for this worker and short-lived.

    arcade-serve checks again after this, but accepts a token that never expires.
    """

    def __init__(self, app: ASGIApp, *, secret: str) -> None:
        self._app = app
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "http" and scope["path"] not in OPEN_PATHS
        if guarded and not self._admits(_authorization(scope)):
            answer = JSONResponse(
                {"detail": "The call needs a valid token that expires soon."},
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            claims = jwt.decode(
                token.strip(),
                self._secret,
                algorithms=["HS256"],
                audience="worker",
                options={"require": ["exp", "aud"]},
            )
            ahead = int(claims["exp"]) - time.time()
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            return False
        return claims.get("ver") == "1" and ahead <= MAX_TOKEN_AGE_S


def _authorization(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    return values[0].decode("latin-1") if len(values) == 1 else ""


class _BodyTooLarge(Exception):
    pass


class BoundedBody:
    """Answer 413 instead of holding a body of any size in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise _BodyTooLarge
            return message

        try:
            await self._app(scope, counted, send)
        except _BodyTooLarge:
            answer = JSONResponse(
                {"code": INVALID_PARAMS, "message": "The request is too large."}, status_code=413
            )
            await answer(scope, receive, send)
