"""One person's mailbox, for the length of one call of a tool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from arcade_gmail_multiuser.errors import (
    AccessDenied,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    InvalidInput,
    NotFound,
    RateLimited,
    RequestRefused,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.batch import Outcome, make_all
from arcade_gmail_multiuser.gmail.api.endpoint import userinfo_url
from arcade_gmail_multiuser.gmail.api.errors import USERINFO, error_of, read_json
from arcade_gmail_multiuser.gmail.api.line import Line
from arcade_gmail_multiuser.gmail.api.quota import Quota, shared_quota
from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest, build
from arcade_gmail_multiuser.gmail.api.retry import Kind, RetryPolicy, kind_of, persist
from arcade_gmail_multiuser.gmail.api.transport import Transport, shared_transport
from arcade_gmail_multiuser.gmail.api.upload import build_with_mail

__all__ = ["GmailClient", "together", "unless_unavailable"]

T = TypeVar("T")


class GmailClient:
    """Calls Gmail in one person's name. Make one for each call of a tool: its time begins here.

    Several at once are safe, of one person or of many: they share connections and nothing else.

    Args:
        token: the person's access token.
        user_id: who it is, for that person's share of Gmail's quota. All mailboxes with the same
            one share it, whatever the token; one that is blank counts as a person of its own.
        deadline_s: seconds from now in which everything asked of this mailbox has to be done,
            waits and repetitions included.
        transport, retry, quota: the seams that tests replace.

    Raises:
        MissingToken: the token is blank. No request is made.
        TokenRejected: the token holds characters that no token has. No request is made.
    """

    __slots__ = ("_line", "user_id")

    def __init__(
        self,
        token: str,
        user_id: str,
        *,
        transport: Transport | None = None,
        deadline_s: float = 50.0,
        retry: RetryPolicy | None = None,
        quota: Quota | None = None,
    ) -> None:
        self.user_id = user_id
        self._line = Line(
            token,
            user_id,
            transport=shared_transport() if transport is None else transport,
            quota=shared_quota() if quota is None else quota,
            policy=RetryPolicy() if retry is None else retry,
            deadline_s=deadline_s,
        )

    def __repr__(self) -> str:
        return "<GmailClient>"

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of Gmail's, such as "users.messages.get", and return its resource.

        `params` have Gmail's names; `userId="me"` is added. Where Gmail answers with nothing, {}.
        Reads, and writes that may be done twice, are repeated inside the deadline. A message,
        draft or label is never made twice: what cannot be known ends as OutcomeUnknown.

        Raises:
            GmailMultiuserError: one of its refinements for whatever else happens.
        """
        return await self._persist(_own(method, params))

    async def upload(
        self, method: str, mime: bytes, *, thread_id: str = "", **params: Any
    ) -> dict[str, Any]:
        """Call a method that brings a whole mail, such as "users.drafts.create"; else as `call`.

        Args:
            mime: the mail as RFC 5322 has it; large ones go to Gmail's upload address, byte by
                byte as they are.
            thread_id: the conversation that the mail joins; "" begins a new one.

        Raises:
            InvalidInput: the method takes no mail.
            GmailMultiuserError: as for `call`.
        """
        _refuse_others(params)
        own = {**params, "userId": "me"}
        return await self._persist(build_with_mail(method, mime, thread_id=thread_id, **own))

    async def _persist(self, request: BuiltRequest) -> dict[str, Any]:
        line = self._line
        return await persist(
            lambda: line.attempt(request),
            method=request.method,
            kind=kind_of(request.method),
            policy=line.policy,
            deadline=line.deadline,
        )

    async def call_each(self, method: str, each: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Make the same call with each of the parameters; result i belongs to each[i].

        An error is a value in the result, so that one bad id does not cost the others. Parts of a
        batch that fail for the moment are repeated by themselves.

        Raises:
            TokenRejected: Google does not accept the token.
            InvalidInput: there is no such method, or it may not be repeated (such as a send).
        """
        kind = kind_of(method)
        if kind is Kind.ONCE:
            raise InvalidInput(f"{method} cannot be called for many at once.")
        results: list[Outcome | None] = [None] * len(each)
        requests: dict[int, BuiltRequest] = {}
        for place, params in enumerate(each):
            try:
                requests[place] = _own(method, params)
            except InvalidInput as error:
                results[place] = error
        made = await make_all(self._line, list(requests.values()), kind=kind)
        for place, outcome in zip(requests, made, strict=True):
            results[place] = outcome
        return [result for result in results if result is not None]

    async def userinfo(self) -> dict[str, Any]:
        """Return who the token belongs to: id, email, verified_email, name, picture and so on.

        Raises:
            MissingScope: the token grants neither userinfo.email nor userinfo.profile.
            GmailMultiuserError: as for `call`.
        """
        line = self._line

        async def attempt() -> dict[str, Any]:
            headers = {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "user-agent": "(gzip)",
            }
            answer = await line.ask("GET", userinfo_url(), headers, units=0)
            if not 200 <= answer.status < 300:
                raise error_of(answer, USERINFO, now=line.policy.wall_clock())
            return read_json(answer, USERINFO)

        return await persist(
            attempt, method=USERINFO, kind=Kind.READ, policy=line.policy, deadline=line.deadline
        )


def _own(method: str, params: Mapping[str, Any]) -> BuiltRequest:
    _refuse_others(params)
    return build(method, **{**params, "userId": "me"})


def _refuse_others(params: Mapping[str, Any]) -> None:
    if params.get("userId", "me") != "me":
        raise InvalidInput("Only the mailbox of the connected person can be used.")


OUTAGES = (ConnectionFailed, DeadlineExceeded, RateLimited, Unavailable)


async def unless_unavailable(asked: Awaitable[T]) -> T | GmailMultiuserError:
    """Wait for what the answer can do without; a token or scope that is refused still raises."""
    try:
        return await asked
    except (*OUTAGES, AccessDenied, NotFound, RequestRefused) as failure:
        return failure


async def together(*asked: Awaitable[Any]) -> list[Any]:
    """Wait for all of them, and leave none running when one fails."""
    tasks = [asyncio.ensure_future(each) for each in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
