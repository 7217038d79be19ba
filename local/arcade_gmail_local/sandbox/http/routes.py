"""Route Gmail's HTTP endpoints: read the request within bounds and dispatch it."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.sandbox.google_error import too_large
from arcade_gmail_local.sandbox.http.batch import BatchDropped, BatchRunner
from arcade_gmail_local.sandbox.http.dispatch import JSON, Answer, Dispatcher, GmailRequest
from arcade_gmail_local.sandbox.http.methods import UPLOAD_PREFIX
from arcade_gmail_local.sandbox.http.middleware import DROP_CONNECTION, RECORD, raw_path_of

MAX_BODY_BYTES = 10 * 1024 * 1024
"""The largest body of a call that carries no mail."""

MAX_BATCH_BYTES = 64 * 1024 * 1024
_SLACK = 1024 * 1024
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class GmailEndpoints:
    def __init__(self, dispatcher: Dispatcher, batches: BatchRunner) -> None:
        self._dispatcher = dispatcher
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
        return _response(await self._dispatcher.answer(_gmail_request(request, body), record))

    async def batch(self, request: Request) -> Response:
        body = await _read(request, MAX_BATCH_BYTES)
        if body is None:
            refusal = too_large()
            return _response(Answer(refusal.code, refusal.body(), {"Content-Type": JSON}))
        try:
            return _response(await self._batches.answer(_gmail_request(request, body)))
        except BatchDropped:
            request.scope[DROP_CONNECTION] = True
            return Response()

    def _limit(self, request: Request) -> int:
        """Return the largest body allowed; base64 makes mail in JSON a third larger."""
        route = self._dispatcher.find(request.method, raw_path_of(request.scope))
        if route is None or route.method.max_upload is None:
            return MAX_BODY_BYTES
        is_upload = raw_path_of(request.scope).startswith(UPLOAD_PREFIX)
        max_mail = route.method.max_upload
        return (max_mail if is_upload else max_mail * 4 // 3) + _SLACK


async def _read(request: Request, limit: int) -> bytes | None:
    """Return the body, or None when it is longer than the limit."""
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
        # Half a body is no request, and there is no client left to answer.
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
