"""An engine that runs, and how a test talks to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from arcadepy import AsyncArcade
from starlette.applications import Starlette

from arcade_gmail_local.engine.settings import (
    EngineSettings,
    ProviderSettings,
    WorkerSettings,
)
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy
from engine_stack.browser import Browser
from engine_stack.facts import (
    API_KEY,
    CLIENT_SECRET,
    ENGINE,
    PROVIDER,
    READ,
    SEND,
    WORKER,
    WORKER_SECRET,
    Clock,
)
from engine_stack.outbound import AsgiOutbound
from engine_stack.provider import FakeProvider
from engine_stack.worker import FakeWorker, definition


@dataclass
class Stack:
    """An engine that runs, and everything around it."""

    settings: EngineSettings
    clock: Clock
    provider: FakeProvider
    worker: FakeWorker
    outbound: AsgiOutbound
    app: Starlette
    database: Path
    exits: AsyncExitStack
    kept: dict[str, Any] = field(default_factory=dict)
    """What a test puts aside."""

    READ = READ
    SEND = SEND
    API_KEY = API_KEY
    WORKER_SECRET = WORKER_SECRET
    CLIENT_SECRET = CLIENT_SECRET
    definition = staticmethod(definition)

    @staticmethod
    def flow_id_of(url: str) -> str:
        return parse_qs(urlsplit(url).query)["flow_id"][0]

    async def confirm(self, flow_id: str, user_id: str, **more: Any) -> httpx.Response:
        """Confirm as the application's server does."""
        body = {"flow_id": flow_id, "user_id": user_id}
        return await self.http(**more).post("/v1/auth/confirm_user", json=body)

    def http(self, *, key: str | None = API_KEY) -> httpx.AsyncClient:
        """A client of the API. It keeps no cookies of note and follows nothing."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=self.settings.origin,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
        )

    def arcade(self, *, max_retries: int = 0) -> AsyncArcade:
        return AsyncArcade(
            api_key=API_KEY,
            base_url=self.settings.origin,
            http_client=self.http(key=None),
            max_retries=max_retries,
        )

    def browser(self) -> Browser:
        return Browser(self)

    async def start(self, user_id: str, scopes: list[str], **more: Any) -> dict[str, Any]:
        """Ask for an authorization; give the engine's answer."""
        body = {
            "user_id": user_id,
            "auth_requirement": {"provider_id": "google", "oauth2": {"scopes": scopes}},
            **more,
        }
        reply = await self.http().post("/v1/auth/authorize", json=body)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    async def connect(self, user_id: str, scopes: list[str], account: str | None = None) -> None:
        """Take a user through the whole flow, on the engine's own confirmation page."""
        self.provider.account = account or f"{user_id}@example.com"
        started = await self.start(user_id, scopes)
        if started["status"] != "completed":
            browser = self.browser()
            page = await browser.consent(started["url"])
            done = await browser.answer(page, "confirm")
            assert done.status_code in (200, 303), done.text

    async def status(self, auth_id: str, **params: Any) -> dict[str, Any]:
        reply = await self.http().get("/v1/auth/status", params={"id": auth_id, **params})
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    async def execute(self, tool: str, user_id: str, **more: Any) -> httpx.Response:
        body = {"tool_name": tool, "user_id": user_id, "input": {}, **more}
        return await self.http().post("/v1/tools/execute", json=body)

    def stored_bytes(self) -> bytes:
        """Every byte of the database, its WAL and its index."""
        files = sorted(self.database.parent.glob(f"{self.database.name}*"))
        assert files
        return b"".join(path.read_bytes() for path in files)


def settings_for(database: Path, **changes: Any) -> EngineSettings:
    base = EngineSettings(
        api_key=API_KEY,
        encryption_keys=(new_key(),),
        public_url=ENGINE,
        worker=WorkerSettings(url=WORKER, secret=WORKER_SECRET),
        provider=ProviderSettings.at(PROVIDER, client_id="client-1", client_secret=CLIENT_SECRET),
        database_url=f"sqlite+aiosqlite:///{database}",
        # The cool-down runs by the store's clock, which a test does not move.
        refresh=RefreshPolicy(cooldown_s=0.0),
    )
    return replace(base, **changes)


StackMaker = Callable[..., Awaitable[Stack]]
