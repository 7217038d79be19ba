"""One person's line to Google: signs a request, waits for its turn, and has it carried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from google.auth.aio.credentials import StaticCredentials

from arcade_gmail_multiuser.errors import MissingToken, TokenRejected
from arcade_gmail_multiuser.gmail.api.deadline import Deadline
from arcade_gmail_multiuser.gmail.api.endpoint import gmail_endpoint
from arcade_gmail_multiuser.gmail.api.errors import read_answer
from arcade_gmail_multiuser.gmail.api.quota import Quota, units_of
from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy
from arcade_gmail_multiuser.gmail.api.transport import Answer, Request, Transport

__all__ = ["Line", "read_aside"]

T = TypeVar("T")

OFF_LOOP_BYTES = 1024 * 1024
"""Larger answers are read in a thread: as much JSON as Gmail sends for one message takes 0.1 s."""


class Line:
    """Makes single attempts in one person's name. It repeats nothing.

    The token lives in google-auth's credentials only, whose repr does not show it.
    """

    __slots__ = ("_credentials", "_person", "_quota", "_transport", "deadline", "policy")

    def __init__(
        self,
        token: str,
        user_id: str,
        *,
        transport: Transport,
        quota: Quota,
        policy: RetryPolicy,
        deadline_s: float,
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
        self._credentials = StaticCredentials(token)  # type: ignore[no-untyped-call]
        # All the callers without a name are not one person; each mailbox counts by itself.
        self._person: Hashable = user_id if user_id.strip() else object()
        self._transport = transport
        self._quota = quota
        self.policy = policy
        self.deadline = Deadline(deadline_s, policy.clock)

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
        return await read_aside(answer, lambda: read_answer(answer, request, now=now))

    async def ask(
        self,
        http_method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        units: int,
    ) -> Answer:
        """Send one request, once, and return the answer of whatever status."""
        signed = dict(headers)
        await self._credentials.before_request(None, http_method, url, signed)
        request = Request(http_method, url, signed, body)
        del signed  # a traceback that shows variables would show the token
        async with self._quota.admit(
            self._person, units, deadline=self.deadline, sleep=self.policy.sleep
        ):
            self.deadline.check()
            return await self._transport.carry(request, timeout=self.deadline.remaining())


async def read_aside(answer: Answer, read: Callable[[], T]) -> T:
    """Read a large answer in a thread, so that nobody else's call waits for it."""
    if len(answer.body) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(read)
    return read()
