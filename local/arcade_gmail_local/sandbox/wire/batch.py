"""Batches: up to a hundred calls in one multipart request, answered part by part."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from arcade_gmail_local.sandbox.control.faults import Action, FaultTable
from arcade_gmail_local.sandbox.control.traffic import (
    Record,
    TrafficLog,
    bearer,
    fingerprint,
    shown_query,
)
from arcade_gmail_local.sandbox.wire.gateway import JSON, Answer, Gateway, GmailRequest, Grants
from arcade_gmail_local.sandbox.wire.google_error import GoogleError, invalid
from arcade_gmail_local.sandbox.wire.multipart import (
    Part,
    media_type,
    split_head,
    split_multipart,
)

MAX_PARTS = 100


class BatchDropped(Exception):
    """One part's fault takes the whole connection down."""


@dataclass(frozen=True, slots=True, repr=False)
class Inner:
    """One call of a batch; `content_id` as it came, with its brackets."""

    content_id: str
    request: GmailRequest


class BatchRunner:
    def __init__(
        self,
        gateway: Gateway,
        grants: Grants,
        traffic: TrafficLog,
        faults: FaultTable,
        clock: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._grants = grants
        self._traffic = traffic
        self._faults = faults
        self._clock = clock

    async def answer(self, outer: GmailRequest) -> Answer:
        """Run a batch's calls in turn; a call that fails fails alone.

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
            # Fifty calls are fifty turns: one person's batch does not hold the others up.
            await asyncio.sleep(0)
        written += [b"--", boundary.encode(), b"--\r\n"]
        kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return Answer(200, b"".join(written), kind)

    async def _one(self, request: GmailRequest) -> Answer:
        record = self._traffic.begin(self._record(request))
        action = self._faults.take(record) or Action()
        if action.delay_ms:
            await asyncio.sleep(action.delay_ms / 1000)
        if action.drop == "before":
            raise BatchDropped
        if action.status is not None:
            record.status = action.status
            ordered = action.worded()
            kind = {"Content-Type": JSON, **ordered.headers}
            answer = Answer(action.status, ordered.body or b"", kind)
        else:
            answer = await self._gateway.answer(request, record)
        if action.drop == "after":
            raise BatchDropped
        if action.truncate is not None:
            return Answer(answer.status, answer.body[: action.truncate], answer.headers)
        return answer

    def _record(self, request: GmailRequest) -> Record:
        token = bearer(request.headers.get("authorization", ""))
        grant = self._grants.grant_of(token) if token else None
        route = self._gateway.find(request.http_method, request.raw_path)
        return Record(
            method=request.http_method,
            path=request.raw_path,
            query=shown_query(request.query_string),
            user=grant.email if grant else None,
            token=fingerprint(token),
            gmail_method=route.method.name if route else None,
            accepted_scopes=tuple(sorted(route.method.scopes)) if route else (),
            in_batch=True,
            started=self._clock(),
        )


def read_calls(outer: GmailRequest) -> list[Inner]:
    """Read a batch's calls; the outer headers and query hold for each unless it has its own."""
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
    # An own query parameter comes later than the outer one of its name, and the later one counts.
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
