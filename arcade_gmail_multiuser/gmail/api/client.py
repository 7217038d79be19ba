"""Call Gmail in one person's name, for the length of one call of a tool."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar

from google.auth.aio.credentials import StaticCredentials

from arcade_gmail_multiuser.errors import (
    AccessDenied,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    InvalidInput,
    MissingToken,
    NotFound,
    RateLimited,
    RequestRefused,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.batch import (
    BATCH_PATH,
    Outcome,
    call_in_batches,
    decode,
    encode,
)
from arcade_gmail_multiuser.gmail.api.error_mapping import (
    USERINFO,
    error_of,
    missing_part,
    unreadable,
)
from arcade_gmail_multiuser.gmail.api.google_error import parsed_object
from arcade_gmail_multiuser.gmail.api.quota import Deadline, Quota, shared_quota, units_of
from arcade_gmail_multiuser.gmail.api.requests import (
    BuiltRequest,
    build,
    build_with_mail,
    gmail_endpoint,
    http_method,
    userinfo_url,
)
from arcade_gmail_multiuser.gmail.api.retry import (
    Kind,
    RetryPolicy,
    in_doubt,
    kind_of,
    verdict,
    with_advice,
)
from arcade_gmail_multiuser.gmail.api.transport import (
    Answer,
    Request,
    Transport,
    shared_transport,
)

__all__ = ["GmailClient", "call_with_retry", "off_loop", "together", "unless_unavailable"]

T = TypeVar("T")

_OUTAGES = (ConnectionFailed, DeadlineExceeded, RateLimited, Unavailable)

MAX_ON_LOOP = 30_000
"""Bytes or characters that are read or written on the event loop; more goes to a thread.

Low, because a page has a hundred messages: 100 newsletters take half a second to read.
"""

MAX_ALONE = 8
"""So few calls go side by side as requests of their own: they all fit into a person's places, and
a batch gains nothing. Of 100 reads at 50 ms, batches were 5 to 7 times as fast as side by side;
twice, if each part costs Google another 10 ms, but then 16 to 25 reads lost a third
(bench/read_many.py, on two busy cores)."""


class GmailClient:
    """Calls Gmail in one person's name. Make one for each call of a tool: its time begins here.

    Several at once are safe, of one person or of many: they share connections and nothing else.
    The token lives in google-auth's credentials only, whose repr does not show it.

    Args:
        token: the person's access token.
        user_id: who it is, for that person's share of Gmail's quota. All clients with the same
            one share it, whatever the token; one that is blank counts as a person of its own.
        deadline_s: seconds from now in which everything asked of this client has to be done,
            waits and retries included.
        transport, retry, quota: the seams that tests replace.

    Raises:
        MissingToken: the token is blank. No request is made.
        TokenRejected: the token holds characters that no token has. No request is made.
    """

    __slots__ = ("_credentials", "_person", "_quota", "_transport", "deadline", "policy", "user_id")

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
        if not token or not token.strip():
            raise MissingToken(
                "There is no authorization for this person. They have to connect Gmail first."
            )
        if not (token.isascii() and token.isprintable() and " " not in token):
            # It could not even be written into a header, or would break out of it.
            raise TokenRejected(
                "This person's authorization is damaged. They have to connect Gmail again.",
                developer_message="the token holds characters that no token has",
            )
        self.user_id = user_id
        self.policy = RetryPolicy() if retry is None else retry
        self.deadline = Deadline(deadline_s, self.policy.clock)
        self._credentials = StaticCredentials(token)  # type: ignore[no-untyped-call]
        # Callers without a name are not one person; each client counts by itself.
        self._person: Hashable = user_id if user_id.strip() else object()
        self._transport = shared_transport() if transport is None else transport
        self._quota = shared_quota() if quota is None else quota

    def __repr__(self) -> str:
        return "<GmailClient>"

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of Gmail's, such as "users.messages.get", and return its resource.

        `params` have Gmail's names; `userId="me"` is added. Where Gmail answers with nothing, {}.
        Reads, and writes that may be done twice, are repeated inside the deadline. A message,
        draft or label is never made twice: what cannot be known ends as OutcomeUnknown.

        Raises:
            GmailMultiuserError: one of its refinements for all else.
        """
        return await self._with_retry(_own(method, params))

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
        return await self._with_retry(build_with_mail(method, mime, thread_id=thread_id, **own))

    async def call_each(self, method: str, each: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Make the same call with each of the parameters; result i belongs to each[i].

        An error is a value in the result, so that one bad id does not cost the others. Parts of a
        batch that fail for the moment are repeated by themselves.

        Raises:
            TokenRejected: Google does not accept the token.
            InvalidInput: there is no such method, or it may not be repeated (such as a send).
        """
        if http_method(method) != "GET" and kind_of(method) is Kind.ONCE:
            raise InvalidInput(f"{method} cannot be called for many at once.")
        results: dict[int, Outcome] = {}
        requests: dict[int, BuiltRequest] = {}
        for place, params in enumerate(each):
            try:
                requests[place] = _own(method, params)
            except InvalidInput as error:
                results[place] = error
        if len(requests) <= MAX_ALONE:
            made = await together(*(self._outcome(request) for request in requests.values()))
        else:
            made = await call_in_batches(self, list(requests.values()))
        results |= zip(requests, made, strict=True)
        return [results[place] for place in range(len(each))]

    async def userinfo(self) -> dict[str, Any]:
        """Return who the token belongs to: id, email, verified_email, name, picture and so on.

        Raises:
            MissingScope: the token grants neither userinfo.email nor userinfo.profile.
            GmailMultiuserError: as for `call`.
        """

        async def attempt() -> dict[str, Any]:
            headers = {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "user-agent": "(gzip)",
            }
            answer = await self.ask("GET", userinfo_url(), headers, units=0)
            if not 200 <= answer.status < 300:
                raise error_of(answer, USERINFO, now=self.policy.wall_clock())
            return read_json(answer, USERINFO)

        return await call_with_retry(
            attempt, method=USERINFO, policy=self.policy, deadline=self.deadline
        )

    async def attempt(self, request: BuiltRequest) -> dict[str, Any]:
        """Make one call of Gmail's, once, and return the resource."""
        answer = await self.ask(
            request.http_method,
            gmail_endpoint() + request.path,
            request.headers,
            request.body,
            units=units_of(request.method),
        )
        now = self.policy.wall_clock()
        return await off_loop(len(answer.body), lambda: read_answer(answer, request, now=now))

    async def attempt_batch(self, requests: Sequence[BuiltRequest]) -> list[Outcome]:
        """Make calls in one batch, once; an error of one of them is its outcome."""
        envelope = encode(requests)
        common = requests[0].headers
        headers = {
            name: common[name]
            for name in ("accept-encoding", "user-agent", "x-goog-api-client")
            if name in common
        }
        headers["content-type"] = envelope.content_type
        answer = await self.ask(
            "POST",
            gmail_endpoint() + BATCH_PATH,
            headers,
            envelope.body,
            units=sum(units_of(request.method) for request in requests),
        )
        now = self.policy.wall_clock()
        if not 200 <= answer.status < 300:
            raise error_of(answer, requests[0].method, now=now)
        return await off_loop(len(answer.body), lambda: _read_parts(answer, requests, now))

    async def ask(
        self,
        http_method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        units: int,
    ) -> Answer:
        """Send one signed request, once, and return the answer, whatever its status."""
        signed = dict(headers)
        await self._credentials.before_request(None, http_method, url, signed)
        request = Request(http_method, url, signed, body)
        del signed  # a traceback that shows variables would show the token
        async with self._quota.admit(
            self._person, units, deadline=self.deadline, sleep=self.policy.sleep
        ):
            self.deadline.check()
            return await self._transport.carry(request, timeout=self.deadline.remaining())

    async def _with_retry(self, request: BuiltRequest) -> dict[str, Any]:
        return await call_with_retry(
            lambda: self.attempt(request),
            method=request.method,
            policy=self.policy,
            deadline=self.deadline,
        )

    async def _outcome(self, request: BuiltRequest) -> Outcome:
        try:
            return await self._with_retry(request)
        except TokenRejected:
            raise
        except GmailMultiuserError as error:
            return error


def _own(method: str, params: Mapping[str, Any]) -> BuiltRequest:
    _refuse_others(params)
    return build(method, **{**params, "userId": "me"})


def _refuse_others(params: Mapping[str, Any]) -> None:
    if params.get("userId", "me") != "me":
        raise InvalidInput("Only the mailbox of the connected person can be used.")


async def call_with_retry(
    attempt: Callable[[], Awaitable[dict[str, Any]]],
    *,
    method: str,
    policy: RetryPolicy,
    deadline: Deadline,
) -> dict[str, Any]:
    """Await the attempt until it succeeds, may not be repeated, or its time would run out.

    A wait that would pass the deadline is not begun: the last error is raised at once, and a
    RateLimited says how long to wait.
    """
    deadline.check()
    failures = 0
    doubt = False
    while True:
        try:
            return await attempt()
        except GmailMultiuserError as caught:
            error = caught
        if doubt and isinstance(error, NotFound) and kind_of(method) is Kind.DELETE:
            return {}
        doubt = doubt or in_doubt(error)
        error = verdict(method, error)
        failures += 1
        pause = policy.pause(failures, error)
        if pause is None or pause >= deadline.remaining():
            break
        await policy.sleep(pause)
    raise with_advice(error, policy, failures)


def read_answer(answer: Answer, request: BuiltRequest, *, now: float) -> dict[str, Any]:
    """Return the resource in the answer, {} where Gmail answers with nothing.

    Args:
        now: epoch seconds, against which a time to retry after is measured.

    Raises:
        GmailMultiuserError: what the answer says instead.
    """
    if not 200 <= answer.status < 300:
        raise error_of(answer, request.method, now=now)
    if answer.status == 204 or (not answer.body.strip() and not request.answers):
        return {}
    if not request.answers:
        return read_json(answer, request.method) or {}
    parsed = None
    with contextlib.suppress(ValueError, RecursionError):
        parsed = request.postproc(SimpleNamespace(status=answer.status), answer.body)
    # An answer that is cut off comes back from postproc as the text it was.
    if not isinstance(parsed, dict):
        raise unreadable(answer, request.method)
    return parsed


def _read_parts(answer: Answer, requests: Sequence[BuiltRequest], now: float) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for request, part in zip(requests, decode(answer, len(requests)), strict=True):
        try:
            outcomes.append(
                read_answer(part, request, now=now) if part else missing_part(request.method)
            )
        except GmailMultiuserError as error:
            outcomes.append(error)
    return outcomes


def read_json(answer: Answer, method: str) -> dict[str, Any]:
    """Return the object that a 2xx answer holds.

    Raises:
        Unavailable: it holds none, or half of one.
    """
    parsed = parsed_object(answer.body)
    if parsed is None:
        raise unreadable(answer, method)
    return parsed


async def off_loop(size: int, read: Callable[[], T]) -> T:
    """Run `read` in a thread if it handles more than `MAX_ON_LOOP` bytes or characters.

    On the event loop everybody else's calls would wait for it.
    """
    return await asyncio.to_thread(read) if size > MAX_ON_LOOP else read()


async def unless_unavailable(asked: Awaitable[T]) -> T | GmailMultiuserError:
    """Wait for what the answer can do without; a token or scope that is refused still raises."""
    try:
        return await asked
    except (*_OUTAGES, AccessDenied, NotFound, RequestRefused) as failure:
        return failure


async def together(*asked: Awaitable[Any]) -> list[Any]:
    """Wait for all of them, and leave none running when one fails."""
    tasks = [asyncio.ensure_future(each) for each in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
