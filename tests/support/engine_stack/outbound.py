"""The seam to the network, led to applications of this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette

from arcade_gmail_local.engine.outbound import OutboundAnswer, OutboundRequest
from arcade_gmail_multiuser.errors import ConnectionFailed, GmailMultiuserError


class AsgiOutbound:
    """Carry the engine's calls to applications in this process, by origin; or fail as told."""

    def __init__(self, apps: dict[str, Starlette]) -> None:
        self._clients = {
            origin: httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=origin)
            for origin, app in apps.items()
        }
        self.fail_with: dict[str, GmailMultiuserError] = {}
        self.send_instead: dict[str, Callable[[OutboundRequest], Awaitable[OutboundAnswer]]] = {}

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        parts = urlsplit(request.url)
        failure = self.fail_with.get(parts.path)
        if failure is not None:
            raise failure
        if parts.path in self.send_instead:
            return await self.send_instead[parts.path](request)
        client = self._clients.get(f"{parts.scheme}://{parts.netloc}")
        if client is None:
            raise ConnectionFailed("Nobody listens there.", sent=False)
        reply = await client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )
        return OutboundAnswer(reply.status_code, reply.content)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
