"""Which connections are open: one pool a running event loop, shared by all users."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from types import SimpleNamespace
from weakref import WeakKeyDictionary

import aiohttp

__all__ = ["Lost", "Progress", "close_pool", "open_pools", "running_pool"]

CONNECTIONS = 500
"""Of one process, below the usual limit of 1,024 open files. Further requests wait in line."""

KEEP_ALIVE_SECONDS = 60.0
"""Shorter than Google's own four minutes, so that it is we who close an idle connection: one that
the other side closes just as a message is sent on it leaves the outcome unknown."""


@dataclass(slots=True)
class Progress:
    """How far one request came. Pass it as aiohttp's `trace_request_ctx`."""

    connected: bool = False
    """A connection is at hand: from here on bytes may have been written."""


class Lost(aiohttp.ClientError):
    """A connection that broke under a request; not of the kinds that aiohttp repeats by itself.

    Its text is the name of aiohttp's own error, and nothing else.
    """


@dataclass(slots=True)
class _Pool:
    session: aiohttp.ClientSession
    lifetime: AsyncGenerator[None, None]


_lock = threading.Lock()
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()


async def running_pool() -> aiohttp.ClientSession:
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


async def close_pool() -> None:
    """Close the running loop's pool, if it has one."""
    with _lock:
        pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.lifetime.aclose()


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
    """Let go of pools whose loop was closed without a word; their sockets can only be dropped.

    asyncio's transports warn when they are collected unclosed, and nothing can close them any
    more. The collection is provoked here, where the warning can be kept from whoever comes later.
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
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # neither a proxy nor a netrc that the environment names sees a token
        middlewares=(_never_repeated,),
        trace_configs=[],
    )
    # Whoever instruments aiohttp for telemetry adds itself here, and writes whole urls, search
    # text included, into spans that leave the process.
    session.trace_configs[:] = [_progress_tracing()]
    return session


def _progress_tracing() -> aiohttp.TraceConfig:
    async def connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        progress = context.trace_request_ctx
        if isinstance(progress, Progress):
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
    raise Lost(lost)
