"""How many calls are made together: in batches, repeating only the parts that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    GmailMultiuserError,
    NotFound,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.batch_encoding import BATCH_PATH, decode, encode
from arcade_gmail_multiuser.gmail.api.endpoint import gmail_endpoint
from arcade_gmail_multiuser.gmail.api.errors import error_of, read_answer
from arcade_gmail_multiuser.gmail.api.line import Line, read_aside
from arcade_gmail_multiuser.gmail.api.quota import units_of
from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest
from arcade_gmail_multiuser.gmail.api.retry import Kind, in_doubt, with_advice
from arcade_gmail_multiuser.gmail.api.transport import Answer

__all__ = ["ALONE_UP_TO", "BATCH_SIZE", "Outcome", "make_all"]

Outcome = dict[str, Any] | GmailMultiuserError

ALONE_UP_TO = 8
"""So few calls go side by side as requests of their own: they all fit into a person's places, and
a batch gains nothing. Of 100 reads at 50 ms, batches were 5 to 7 times as fast as side by side;
twice, if each part costs Google another 10 ms, but then 16 to 25 reads lost a third
(bench/read_many.py, on two busy cores)."""

BATCH_SIZE = 25
"""Half of what Google advises as the most: as fast as 50 where Google works on the parts at once,
faster where it does not, and less likely to be its own rate limit."""

NARROWEST = 5
"""Parts that failed come back in batches of half the size, for a batch can be its own rate limit
("Too many concurrent requests for user"), but not in smaller ones than this."""


class _Call:
    """One of the calls, and what became of it so far."""

    __slots__ = ("doubt", "outcome", "request")

    def __init__(self, request: BuiltRequest) -> None:
        self.request = request
        self.outcome: Outcome | None = None
        self.doubt = False


async def make_all(
    line: Line,
    requests: Sequence[BuiltRequest],
    *,
    kind: Kind,
    size: int = BATCH_SIZE,
    alone_up_to: int = ALONE_UP_TO,
) -> list[Outcome]:
    """Make the calls, none of which may be of kind ONCE; outcome i belongs to request i.

    Raises:
        TokenRejected: of a whole request, be it a batch or a call by itself. All other errors, and
            a 401 of some parts of a batch only, are outcomes.
    """
    calls = [_Call(request) for request in requests]
    groups = [[call] for call in calls] if len(calls) <= alone_up_to else _split(calls, size)
    try:
        async with asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(_settle(line, group, kind))
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


async def _settle(line: Line, calls: list[_Call], kind: Kind) -> None:
    failures = 0
    size = len(calls)
    while calls:
        for group in _split(calls, size):
            await _attempt(line, group)
        failures += 1
        waits: list[float] = []
        again: list[_Call] = []
        for call in calls:
            wait = _wait_for(line, call, kind, failures)
            if wait is not None:
                waits.append(wait)
                again.append(call)
        if again:
            await line.policy.sleep(max(waits))
        calls = again
        size = max(NARROWEST, size // 2)


def _wait_for(line: Line, call: _Call, kind: Kind, failures: int) -> float | None:
    """Return seconds until the call may be repeated; None if its outcome stands."""
    error = call.outcome
    if not isinstance(error, GmailMultiuserError):
        return None
    if kind is Kind.DELETE and call.doubt and isinstance(error, NotFound):
        call.outcome = {}
        return None
    call.doubt = call.doubt or in_doubt(error)
    pause = line.policy.pause(failures, error)
    if pause is None or pause >= line.deadline.remaining():
        call.outcome = with_advice(error, line.policy, failures)
        return None
    return pause


async def _attempt(line: Line, calls: list[_Call]) -> None:
    """Make the calls once, and note what became of each."""
    if len(calls) == 1:
        await _attempt_alone(line, calls[0])
        return
    try:
        outcomes = await _ask_together(line, [call.request for call in calls])
    except TokenRejected:
        raise
    except AnswerTooLarge:
        outcomes = None
    except GmailMultiuserError as error:
        for call in calls:
            call.outcome = error
        return
    if outcomes is None:
        middle = len(calls) // 2
        await _attempt(line, calls[:middle])
        await _attempt(line, calls[middle:])
        return
    for call, outcome in zip(calls, outcomes, strict=True):
        call.outcome = outcome
    first = calls[0].outcome
    if isinstance(first, TokenRejected) and all(
        isinstance(call.outcome, TokenRejected) for call in calls
    ):
        raise first


async def _attempt_alone(line: Line, call: _Call) -> None:
    try:
        call.outcome = await line.attempt(call.request)
    except TokenRejected:
        raise
    except GmailMultiuserError as error:
        call.outcome = error


async def _ask_together(line: Line, requests: list[BuiltRequest]) -> list[Outcome]:
    envelope = encode(requests)
    common = requests[0].headers
    headers = {
        name: common[name]
        for name in ("accept-encoding", "user-agent", "x-goog-api-client")
        if name in common
    }
    headers["content-type"] = envelope.content_type
    answer = await line.ask(
        "POST",
        gmail_endpoint() + BATCH_PATH,
        headers,
        envelope.body,
        units=sum(units_of(request.method) for request in requests),
    )
    now = line.policy.wall_clock()
    if not 200 <= answer.status < 300:
        raise error_of(answer, requests[0].method, now=now)
    return await read_aside(answer, lambda: _read_parts(answer, requests, now))


def _read_parts(answer: Answer, requests: list[BuiltRequest], now: float) -> list[Outcome]:
    parts = decode(answer, len(requests))
    return [_read(request, part, now) for request, part in zip(requests, parts, strict=True)]


def _read(request: BuiltRequest, part: Answer | None, now: float) -> Outcome:
    if part is None:
        return Unavailable(
            "Gmail's answer to this one was lost. Try again in a moment.",
            developer_message=f"{request.method}: missing or unreadable in the batch's answer",
        )
    try:
        return read_answer(part, request, now=now)
    except GmailMultiuserError as error:
        return error
