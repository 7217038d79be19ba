"""Google's sign-in by itself, over ASGI, with a clock that tests set."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from arcade_gmail_local.sandbox.oauth.identity import Identity
from arcade_gmail_local.sandbox.oauth.people import People, seeded_people
from arcade_gmail_local.sandbox.oauth.routes import oauth_routes


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identity(clock: Clock) -> Identity:
    return Identity(clock)


@pytest.fixture
def people() -> People:
    return seeded_people()


@pytest.fixture
async def http(identity: Identity, people: People) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=oauth_routes(identity, people))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9100") as client:
        yield client
