"""Make many calls in one request, and repeat only those of them that failed."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING, Any

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    GmailMultiuserError,
    NotFound,
    TokenRejected,
)
from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest
from arcade_gmail_multiuser.gmail.api.retry import Kind, in_doubt, kind_of, with_advice
from arcade_gmail_multiuser.gmail.api.transport import Answer

if TYPE_CHECKING:
    from arcade_gmail_multiuser.gmail.api.client import GmailClient

__all__ = [
    "BATCH_PATH",
    "BATCH_SIZE",
    "MAX_CALLS",
    "Envelope",
    "Outcome",
    "call_in_batches",
    "decode",
    "encode",
]

Outcome = dict[str, Any] | GmailMultiuserError

BATCH_PATH = "/batch/gmail/v1"


MAX_CALLS = 50
"""Google takes 100, and advises against more than this."""

BATCH_SIZE = 25
"""Half of `MAX_CALLS`: as fast as 50 where Google works on the parts at once, faster where it does
not, and less likely to be its own rate limit."""

MIN_BATCH_SIZE = 5
"""Parts that failed come back in batches of half the size, for a batch can be its own rate limit
("Too many concurrent requests for user"), but not in smaller ones than this."""


class _Call:
    """One of the calls, and what became of it so far."""

    __slots__ = ("doubt", "outcome", "request")

    def __init__(self, request: BuiltRequest) -> None:
        self.request = request
        self.outcome: Outcome | None = None
        self.doubt = False


async def call_in_batches(
    client: GmailClient, requests: Sequence[BuiltRequest], *, size: int = BATCH_SIZE
) -> list[Outcome]:
    """Make the calls, none of which may be of kind ONCE; outcome i belongs to request i.

    Raises:
        TokenRejected: of a whole request, be it a batch or a call by itself. All other errors, and
            a 401 of some parts of a batch only, are outcomes.
    """
    calls = [_Call(request) for request in requests]
    try:
        async with asyncio.TaskGroup() as tasks:
            for group in _split(calls, size):
                tasks.create_task(_settle(client, group))
    except BaseExceptionGroup as several:
        first = _innermost(several)
    else:
        return [_settled(call) for call in calls]
    raise first


def _settled(call: _Call) -> Outcome:
    if call.outcome is None:  # cannot be: _settle leaves nothing open
        raise RuntimeError("a call was left without an outcome")
    return call.outcome


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _split(calls: list[_Call], size: int) -> list[list[_Call]]:
    """Part the calls into as few groups as the size allows, and those as equal as can be."""
    groups = -(-len(calls) // size)
    return [calls[n::groups] for n in range(groups)]


async def _settle(client: GmailClient, calls: list[_Call]) -> None:
    failures = 0
    size = len(calls)
    while calls:
        for group in _split(calls, size):
            await _attempt(client, group)
        failures += 1
        waits: list[float] = []
        again: list[_Call] = []
        for call in calls:
            wait = _wait_for(client, call, failures)
            if wait is not None:
                waits.append(wait)
                again.append(call)
        if again:
            await client.policy.sleep(max(waits))
        calls = again
        size = max(MIN_BATCH_SIZE, size // 2)


def _wait_for(client: GmailClient, call: _Call, failures: int) -> float | None:
    """Return seconds until the call may be repeated; None if its outcome stands."""
    error = call.outcome
    if not isinstance(error, GmailMultiuserError):
        return None
    gone = call.doubt and isinstance(error, NotFound)
    if gone and kind_of(call.request.method) is Kind.DELETE:
        call.outcome = {}
        return None
    call.doubt = call.doubt or in_doubt(error)
    pause = client.policy.pause(failures, error)
    if pause is None or pause >= client.deadline.remaining():
        call.outcome = with_advice(error, client.policy, failures)
        return None
    return pause


async def _attempt(client: GmailClient, calls: list[_Call]) -> None:
    """Make the calls once, and note what became of each."""
    try:
        if len(calls) == 1:
            calls[0].outcome = await client.attempt(calls[0].request)
            return
        outcomes = await client.attempt_batch([call.request for call in calls])
    except TokenRejected:
        raise
    except GmailMultiuserError as error:
        if isinstance(error, AnswerTooLarge) and len(calls) > 1:
            middle = len(calls) // 2
            await _attempt(client, calls[:middle])
            await _attempt(client, calls[middle:])
            return
        for call in calls:
            call.outcome = error
        return
    for call, outcome in zip(calls, outcomes, strict=True):
        call.outcome = outcome
    first = calls[0].outcome
    if isinstance(first, TokenRejected) and all(
        isinstance(call.outcome, TokenRejected) for call in calls
    ):
        raise first


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """A batch, written out but not signed. No repr: its parts hold what their calls hold."""

    content_type: str
    body: bytes


def encode(requests: Sequence[BuiltRequest]) -> Envelope:
    """Write the calls as parts of one request.

    No part is signed: the Authorization of the request that carries the batch counts for all.
    """
    if not 1 <= len(requests) <= MAX_CALLS:
        raise ValueError(f"a batch holds 1 to {MAX_CALLS} calls")
    boundary = f"batch_{secrets.token_hex(16)}"
    parts = [
        b"--%s\r\n%s\r\n" % (boundary.encode("ascii"), _part(place, request))
        for place, request in enumerate(requests)
    ]
    return Envelope(
        content_type=f'multipart/mixed; boundary="{boundary}"',
        body=b"".join(parts) + b"--%s--\r\n" % boundary.encode("ascii"),
    )


def _part(place: int, request: BuiltRequest) -> bytes:
    head = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: <item-{place}>",
        "",
        f"{request.http_method} {request.path} HTTP/1.1",
        f"Accept: {request.headers.get('accept', 'application/json')}",
    ]
    body = request.body or b""
    if request.body is not None:
        head.append(f"Content-Type: {request.headers.get('content-type', 'application/json')}")
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def decode(answer: Answer, count: int) -> list[Answer | None]:
    """Return the answer to each of the `count` calls, whatever the order they came in.

    None stands for an answer that is missing, cut off, unreadable, or there twice, in which case
    neither can be believed.
    """
    found: list[Answer | None] = [None] * count
    seen: set[int] = set()
    for raw in _raw_parts(answer):
        place, part = _read_part(raw)
        if place is None or place >= count:
            continue
        found[place] = None if place in seen else part
        seen.add(place)
    return found


def _raw_parts(answer: Answer) -> list[bytes]:
    declared = Message()
    # Through get_param, for quotes and further parameters.
    declared["content-type"] = answer.headers.get("content-type", "").replace("\n", " ")
    boundary = declared.get_param("boundary")
    if declared.get_content_maintype() != "multipart" or not isinstance(boundary, str):
        return []
    line = re.escape(boundary.encode("utf-8", "replace"))
    # What stands before the first and after the last boundary is no part: an epilogue, or the
    # beginning of a part that was cut off.
    return re.split(rb"(?:\A|\r?\n)--%s(?:--)?[ \t]*(?=\r?\n|\Z)" % line, answer.body)[1:-1]


_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


_ITEM = re.compile(r"<?(?:response-)?item-(\d{1,3})>?")


_STATUS = re.compile(rb"\s*HTTP/\d(?:\.\d)? (\d{3})\b")


def _read_part(raw: bytes) -> tuple[int | None, Answer | None]:
    head, inner = _parted(raw)
    item = _ITEM.fullmatch(_headers(head).get("content-id", ""))
    if item is None:
        return None, None
    place = int(item[1])
    head, body = _parted(inner)
    status = _STATUS.match(head)
    if status is None:
        return place, None
    headers = _headers(head)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > len(body):
        return place, None
    return place, Answer(int(status[1]), headers, body)


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    blank = _BLANK_LINE.search(raw)
    return (raw, b"") if blank is None else (raw[: blank.start()], raw[blank.end() :])


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers
