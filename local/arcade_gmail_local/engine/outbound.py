"""Send HTTP requests to workers and to the provider: the one seam to the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded, Unavailable

__all__ = ["AiohttpOutbound", "Outbound", "OutboundAnswer", "OutboundRequest"]


@dataclass(frozen=True, slots=True, repr=False)
class OutboundRequest:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 10.0
    max_answer_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class OutboundAnswer:
    status: int
    body: bytes


class Outbound(Protocol):
    """Carry one request; tests replace it."""

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send, and read the whole response. Redirects are never followed.

        Raises:
            ConnectionFailed: no response; `sent` says whether the other side may have acted.
            DeadlineExceeded: `timeout_s` ran out; the other side may have acted.
            Unavailable: the response is larger than `max_answer_bytes`.
        """
        ...

    async def close(self) -> None: ...


class AiohttpOutbound:
    """Carry requests over one aiohttp pool, without cookies, redirects or a proxy."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                # Idle connections close before uvicorn's 5 s do: a request on a connection that
                # the worker is just closing would end as "may have been sent".
                connector=aiohttp.TCPConnector(limit=512, keepalive_timeout=3.0),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        try:
            async with self._open_session().request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout_s, sock_connect=5.0),
            ) as response:
                return OutboundAnswer(
                    response.status, await _read(response, request.max_answer_bytes)
                )
        # Causes are cut off: they may show the request and its token.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise ConnectionFailed("The connection could not be made.", sent=False) from None
        except TimeoutError:
            raise DeadlineExceeded("No answer came in time.") from None
        except (aiohttp.ClientError, OSError):
            raise ConnectionFailed("The connection broke.", sent=True) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    chunks: list[bytes] = []
    length = 0
    async for chunk in response.content.iter_any():
        length += len(chunk)
        if length > limit:
            raise Unavailable("The answer is too large.")
        chunks.append(chunk)
    return b"".join(chunks)
