"""Run batches: up to a hundred calls in one multipart request, answered part by part."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from arcade_gmail_local.sandbox.control.fault_injection import Action, FaultInjector
from arcade_gmail_local.sandbox.control.request_log import RequestLog
from arcade_gmail_local.sandbox.google_error import GoogleError, invalid
from arcade_gmail_local.sandbox.http.dispatch import JSON, Answer, Dispatcher, GmailRequest
from arcade_gmail_local.sandbox.http.multipart import (
    Part,
    media_type,
    split_head,
    split_multipart,
)

MAX_PARTS = 100


class BatchDropped(Exception):
    """Raised when the fault of one part drops the whole connection."""


@dataclass(frozen=True, slots=True, repr=False)
class Inner:
    """One call of a batch; `content_id` as it came, with its brackets."""

    content_id: str
    request: GmailRequest


class BatchRunner:
    def __init__(
        self, dispatcher: Dispatcher, request_log: RequestLog, faults: FaultInjector
    ) -> None:
        self._dispatcher = dispatcher
        self._request_log = request_log
        self._faults = faults

    async def answer(self, outer: GmailRequest) -> Answer:
        """Run the calls of a batch in turn; one that fails leaves the others alone.

        Raises BatchDropped when a fault of one part is to drop the connection.
        """
        try:
            calls = read_calls(outer)
        except GoogleError as refusal:
            return Answer(refusal.code, refusal.body(), {"Content-Type": JSON})
        boundary = f"batch_{secrets.token_urlsafe(24)}"
        written: list[bytes] = []
        for call in calls:
            answer = await self._one(call.request)
            written += [b"--", boundary.encode(), b"\r\n", _written(call.content_id, answer)]
            # Yield between calls, or one person's batch would block everybody else.
            await asyncio.sleep(0)
        written += [b"--", boundary.encode(), b"--\r\n"]
        kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return Answer(200, b"".join(written), kind)

    async def _one(self, request: GmailRequest) -> Answer:
        authorization = request.headers.get("authorization", "")
        record = self._request_log.begin(
            self._dispatcher.record_of(
                request.http_method,
                request.raw_path,
                request.query_string,
                authorization,
                in_batch=True,
            )
        )
        action = self._faults.take(record) or Action()
        if action.delay_ms:
            await asyncio.sleep(action.delay_ms / 1000)
        if action.drop == "before":
            raise BatchDropped
        if action.status is not None:
            record.status = action.status
            replacement = action.with_google_body()
            headers = {"Content-Type": JSON, **replacement.headers}
            answer = Answer(action.status, replacement.body or b"", headers)
        else:
            answer = await self._dispatcher.answer(request, record)
        if action.drop == "after":
            raise BatchDropped
        if action.truncate is not None:
            return Answer(answer.status, answer.body[: action.truncate], answer.headers)
        return answer


def read_calls(outer: GmailRequest) -> list[Inner]:
    """Read the calls of a batch; outer headers and query apply unless a call has its own."""
    content_type = outer.headers.get("content-type", "")
    try:
        parts = split_multipart(outer.body, content_type)
    except ValueError as problem:
        raise invalid(f"Failed to parse batch request, error: {problem}", "badRequest") from None
    if not parts:
        raise invalid(
            "Failed to parse batch request, error: 0 items. Received batch body: (empty)",
            "badRequest",
        )
    if len(parts) > MAX_PARTS:
        raise invalid(
            f"Inner request count exceeds the limit. Received: {len(parts)}, Limit: {MAX_PARTS}",
            "badRequest",
        )
    shared = {k: v for k, v in outer.headers.items() if not k.startswith("content-")}
    return [_read_call(part, shared, outer.query_string) for part in parts]


def _read_call(part: Part, shared: Mapping[str, str], shared_query: str) -> Inner:
    given = part.body.lstrip(b"\r\n")
    line, _, rest = given.partition(b"\n")
    words = line.decode("latin-1").split()
    if media_type(part.headers.get("content-type", "")) != "application/http" or len(words) < 2:
        raise invalid("Failed to parse batch request, error: malformed part", "badRequest")
    path, _, query = words[1].partition("?")
    # A call's own query parameter replaces the outer one of that name.
    queries = "&".join(q for q in (_without(shared_query, query), query) if q)
    inner = split_head(rest)
    return Inner(
        part.headers.get("content-id", ""),
        GmailRequest(words[0].upper(), path, queries, {**shared, **inner.headers}, _body(inner)),
    )


def _without(shared_query: str, query: str) -> str:
    own = {pair.partition("=")[0] for pair in query.split("&")}
    return "&".join(p for p in shared_query.split("&") if p.partition("=")[0] not in own)


def _body(inner: Part) -> bytes:
    length = inner.headers.get("content-length", "")
    return inner.body[: int(length)] if length.isdecimal() else inner.body


def _written(content_id: str, answer: Answer) -> bytes:
    head = ["Content-Type: application/http"]
    if content_id:
        inside = content_id.removeprefix("<").removesuffix(">")
        head.append(f"Content-ID: <response-{inside}>")
    reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    head += ["", f"HTTP/1.1 {answer.status} {reason}".rstrip()]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    head += [f"Content-Length: {len(answer.body)}", "", ""]
    return "\r\n".join(head).encode("latin-1", "replace") + answer.body + b"\r\n"
