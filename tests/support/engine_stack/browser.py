"""One person's browser, standing in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from engine_stack.facts import PROVIDER

if TYPE_CHECKING:
    from engine_stack.stack import Stack


class Browser:
    """One browser with its own cookies; it follows redirects between engine and provider."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client = httpx.AsyncClient(
            transport=_ByHost(
                {
                    urlsplit(stack.settings.origin).netloc: stack.app,
                    urlsplit(PROVIDER).netloc: stack.provider.app(),
                }
            )
        )

    async def get(self, url: str, **more: Any) -> httpx.Response:
        return await self.client.get(url, **more)

    async def leave(self, start_url: str) -> str:
        """Open the link; give the provider's address that it leads to."""
        reply = await self.get(start_url)
        assert reply.status_code == 303, reply.text
        return reply.headers["location"]

    async def callback_address(self, start_url: str) -> str:
        """Consent, but do not go back yet: give the callback's address."""
        reply = await self.get(await self.leave(start_url))
        assert reply.status_code == 303, reply.text
        return reply.headers["location"]

    async def consent(self, start_url: str) -> httpx.Response:
        """Consent and come back, to the confirmation page or the redirect to a verifier."""
        reply = await self.get(await self.callback_address(start_url))
        if reply.status_code == 303 and reply.headers["location"].startswith(
            self.stack.settings.origin
        ):
            reply = await self.get(reply.headers["location"])
        return reply

    async def answer(self, page: httpx.Response, decision: str, **more: str) -> httpx.Response:
        """Press a button of the confirmation page."""
        fields = dict(re.findall(r'name="(flow_id|csrf)" value="([^"]+)"', page.text))
        return await self.client.post(
            f"{self.stack.settings.origin}/v1/oauth/confirm",
            data={**fields, "decision": decision, **more},
        )


class _ByHost(httpx.AsyncBaseTransport):
    def __init__(self, apps: dict[str, Any]) -> None:
        self._by_host = {
            host: httpx.ASGITransport(app, raise_app_exceptions=False) for host, app in apps.items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.netloc.decode()
        return await self._by_host[host].handle_async_request(request)
