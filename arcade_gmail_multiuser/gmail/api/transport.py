"""How a request reaches Google and an answer comes back: the one seam that tests replace."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from yarl import URL

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
)
from arcade_gmail_multiuser.gmail.api.connections import Lost, Progress, close_pool, running_pool

__all__ = [
    "MAX_ANSWER_BYTES",
    "Answer",
    "Request",
    "Transport",
    "close_transport",
    "shared_transport",
]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Counted after decompression. The largest message, 35 MiB, comes as 47 MiB of base64."""

CONNECT_SECONDS = 10.0
"""One attempt to connect, TLS included; a host that does not answer is told from a slow one."""

SILENT_SECONDS = 25.0
"""A read that hears nothing for so long is given up, so that it can be repeated in time.
A write never is: it would be given up in doubt."""

LARGE_BODY = 1024 * 1024
"""aiohttp writes bytes in one piece and warns from here on; a stream it writes in pieces."""


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, signed. No repr: it holds the token, search text and mail."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """One HTTP answer, whole and decompressed. Header names are lower-case; no name comes twice."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Carries requests of any user. It keeps nothing of one request for another."""

    async def carry(
        self,
        request: Request,
        *,
        timeout: float,  # noqa: ASYNC109 - only carry knows what was sent
    ) -> Answer:
        """Send the request and return the whole answer, whatever its status; follow no redirect.

        Raises:
            ConnectionFailed: no whole answer came; `sent` is False only if not a byte was written.
            DeadlineExceeded: `timeout` seconds passed; `sent` as above.
            AnswerTooLarge: the answer is larger than MAX_ANSWER_BYTES.
        """


class _PooledTransport:
    """Carries over aiohttp, on the pool of whichever loop is running."""

    async def carry(
        self,
        request: Request,
        *,
        timeout: float,  # noqa: ASYNC109 - as above
    ) -> Answer:
        progress = Progress()
        failure: GmailMultiuserError
        try:
            async with asyncio.timeout(timeout):
                return await _exchange(request, progress)
        except (aiohttp.ClientError, OSError, ValueError) as caught:
            failure = _failure_of(caught, sent=progress.connected)
        # Raised out here, so that aiohttp's error, which knows the url, is not even its context.
        raise failure


async def _exchange(request: Request, progress: Progress) -> Answer:
    session = await running_pool()
    body = request.body
    async with session.request(
        request.method,
        URL(request.url, encoded=True),
        headers=request.headers,
        data=io.BytesIO(body) if body is not None and len(body) >= LARGE_BODY else body,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(
            sock_connect=CONNECT_SECONDS,
            sock_read=SILENT_SECONDS if request.method == "GET" else None,
        ),
        trace_request_ctx=progress,
    ) as response:
        headers: dict[str, str] = {}
        for name, value in response.headers.items():
            headers.setdefault(name.lower(), value)
        return Answer(response.status, headers, await _whole(response))


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            # Leaving the request's context closes the connection, with the rest unread.
            raise AnswerTooLarge(
                "Gmail's answer is larger than can be read at once. Ask for fewer items or less "
                "of each.",
                developer_message=f"over {MAX_ANSWER_BYTES} bytes",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _failure_of(caught: Exception, *, sent: bool) -> GmailMultiuserError:
    name = str(caught) if isinstance(caught, Lost) else type(caught).__name__
    # aiohttp's own timeouts are TimeoutErrors too; only the bare one is the call's deadline.
    if isinstance(caught, TimeoutError) and not isinstance(caught, aiohttp.ClientError):
        return DeadlineExceeded(
            "Gmail did not answer in time. Try again, or ask for less at once.",
            sent=sent,
            developer_message="deadline passed " + ("after" if sent else "before") + " connecting",
        )
    return ConnectionFailed(
        "The connection to Gmail broke before the whole answer came. Try again in a moment."
        if sent
        else "Gmail could not be reached. Try again in a moment.",
        sent=sent,
        developer_message=name,
    )


_SHARED = _PooledTransport()


def shared_transport() -> Transport:
    """Return the transport that all users share; its connections belong to the running loop."""
    return _SHARED


async def close_transport() -> None:
    """Close the connections of the running loop. The next request opens new ones."""
    await close_pool()
