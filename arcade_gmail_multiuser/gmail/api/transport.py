"""Carry a request to Google and bring its answer back: the one seam that tests replace.

Each running event loop has one pool of connections, which all users share.
"""

from __future__ import annotations

import asyncio
import gc
import io
import threading
import warnings
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Protocol
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
)

__all__ = [
    "MAX_ANSWER_BYTES",
    "Answer",
    "Request",
    "Transport",
    "close_transport",
    "open_pools",
    "shared_transport",
]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Counted after decompression. The largest message, 35 MiB, comes as 47 MiB of base64."""

CONNECT_S = 10.0
"""One attempt to connect, TLS included; a host that does not answer is told from a slow one."""

MAX_SILENCE_S = 25.0
"""A read that hears nothing for so long is given up, so that it can be repeated in time.
A write never is: it would be given up in doubt."""

MAX_WHOLE_BODY = 1024 * 1024
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
        progress = _Progress()
        failure: GmailMultiuserError
        try:
            async with asyncio.timeout(timeout):
                return await _exchange(request, progress)
        except (aiohttp.ClientError, OSError, ValueError) as caught:
            failure = _failure_of(caught, sent=progress.connected)
        # Raised out here, so that aiohttp's error, which knows the url, is not even its context.
        raise failure


async def _exchange(request: Request, progress: _Progress) -> Answer:
    session = await _running_pool()
    body = request.body
    async with session.request(
        request.method,
        URL(request.url, encoded=True),
        headers=request.headers,
        data=io.BytesIO(body) if body is not None and len(body) >= MAX_WHOLE_BODY else body,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(
            sock_connect=CONNECT_S,
            sock_read=MAX_SILENCE_S if request.method == "GET" else None,
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
    name = str(caught) if isinstance(caught, _Lost) else type(caught).__name__
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
    with _lock:
        pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.lifetime.aclose()


# --- the pool of connections ---------------------------------------------------------------------

MAX_CONNECTIONS = 500
"""Of one process, below the usual limit of 1,024 open files. Further requests wait in line."""


KEEP_ALIVE_S = 60.0
"""Shorter than Google's own four minutes, so that it is we who close an idle connection: one that
the other side closes just as a message is sent on it leaves the outcome unknown."""


@dataclass(slots=True)
class _Progress:
    """How far one request came. Pass it as aiohttp's `trace_request_ctx`."""

    connected: bool = False
    """A connection is at hand: from here on bytes may have been written."""


class _Lost(aiohttp.ClientError):
    """A connection that broke under a request; not of the kinds that aiohttp repeats by itself.

    Its text is the name of aiohttp's own error, and nothing else.
    """


@dataclass(slots=True)
class _Pool:
    session: aiohttp.ClientSession
    lifetime: AsyncGenerator[None, None]


_lock = threading.Lock()


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()


async def _running_pool() -> aiohttp.ClientSession:
    """Return the running loop's pool; make it if there is none."""
    loop = asyncio.get_running_loop()
    with _lock:
        pool = _pools.get(loop)
    if pool is not None and not pool.session.closed:
        return pool.session
    session = _new_session()
    lifetime = _closed_with_the_loop(session)
    await anext(lifetime)  # does not suspend, so no other task can have made a pool meanwhile
    with _lock:
        _pools[loop] = _Pool(session, lifetime)
        abandoned = [_pools.pop(other) for other in list(_pools) if other.is_closed()]
    if abandoned:
        _bury(abandoned)
    return session


def open_pools() -> int:
    """Count the pools held, those of loops that were closed since the last request included."""
    with _lock:
        return len(_pools)


async def _closed_with_the_loop(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Close the session when the loop shuts its generators down, as asyncio.run() does at its end.

    That is the only moment at which a loop tells anyone that it is about to close.
    """
    try:
        yield
    finally:
        await session.close()


def _bury(abandoned: list[_Pool]) -> None:
    """Release pools whose loop was closed without a word; their sockets can only be dropped.

    asyncio's transports warn when they are collected unclosed, and nothing can close them any
    more. The collection is provoked here, where the warning can be kept from later callers.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        while abandoned:
            closing = abandoned.pop().session.close()
            try:
                closing.send(None)  # on a closed loop it has nothing to wait for
            except StopIteration:
                pass
            finally:
                closing.close()
        gc.collect()


def _new_session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # neither a proxy nor a netrc that the environment names sees a token
        middlewares=(_never_repeated,),
        trace_configs=[],
    )
    # Telemetry that instruments aiohttp adds itself here, and writes whole urls, search
    # text included, into spans that leave the process.
    session.trace_configs[:] = [_progress_tracing()]
    return session


def _progress_tracing() -> aiohttp.TraceConfig:
    async def connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        progress = context.trace_request_ctx
        if isinstance(progress, _Progress):
            progress.connected = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(connected)
    tracing.on_connection_reuseconn.append(connected)
    tracing.freeze()
    return tracing


async def _never_repeated(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating PUT and DELETE on a second connection: that is ours to decide."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as caught:
        lost = type(caught).__name__
    raise _Lost(lost)
