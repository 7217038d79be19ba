"""The HTTP endpoints of Gmail: read the request within bounds, hand it on, write the answer."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.sandbox.wire.batch import BatchDropped, BatchRunner
from arcade_gmail_local.sandbox.wire.front_door import HANG_UP, RECORD, raw_path_of
from arcade_gmail_local.sandbox.wire.gateway import JSON, Answer, Gateway, GmailRequest
from arcade_gmail_local.sandbox.wire.google_error import too_large
from arcade_gmail_local.sandbox.wire.methods import UPLOAD_PREFIX

MAX_BODY_BYTES = 10 * 1024 * 1024
"""For calls that bring no mail."""

MAX_BATCH_BYTES = 64 * 1024 * 1024
_SLACK = 1024 * 1024
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class GmailEndpoints:
    def __init__(self, gateway: Gateway, batches: BatchRunner) -> None:
        self._gateway = gateway
        self._batches = batches

    def routes(self) -> list[Route]:
        return [
            Route("/batch", self.batch, methods=["POST"]),
            Route("/batch/gmail/v1", self.batch, methods=["POST"]),
            Route("/gmail/v1/{rest:path}", self.gmail, methods=_METHODS),
            Route("/upload/gmail/v1/{rest:path}", self.gmail, methods=_METHODS),
        ]

    async def gmail(self, request: Request) -> Response:
        body = await _read(request, self._limit(request))
        if body is None:
            refusal = too_large()
            return _response(Answer(refusal.code, refusal.body(), {"Content-Type": JSON}))
        record = request.scope[RECORD]
        return _response(await self._gateway.answer(_gmail_request(request, body), record))

    async def batch(self, request: Request) -> Response:
        body = await _read(request, MAX_BATCH_BYTES)
        if body is None:
            refusal = too_large()
            return _response(Answer(refusal.code, refusal.body(), {"Content-Type": JSON}))
        try:
            return _response(await self._batches.answer(_gmail_request(request, body)))
        except BatchDropped:
            request.scope[HANG_UP] = True
            return Response()

    def _limit(self, request: Request) -> int:
        """Say how large a body may be: mail in JSON is a third larger than mail."""
        route = self._gateway.find(request.method, raw_path_of(request.scope))
        if route is None or route.method.max_upload is None:
            return MAX_BODY_BYTES
        is_upload = raw_path_of(request.scope).startswith(UPLOAD_PREFIX)
        largest = route.method.max_upload
        return (largest if is_upload else largest * 4 // 3) + _SLACK


async def _read(request: Request, limit: int) -> bytes | None:
    """Give the body; None when it is longer than the limit, of which no more is kept."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        return None
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
    except ClientDisconnect:
        # Half a body is no request: nothing is done and nobody is left to tell.
        return None
    return b"".join(chunks)


def _gmail_request(request: Request, body: bytes) -> GmailRequest:
    return GmailRequest(
        http_method=request.method,
        raw_path=raw_path_of(request.scope),
        query_string=request.scope["query_string"].decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _response(answer: Answer) -> Response:
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
