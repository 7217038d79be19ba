"""An engine that answers as told, and a real one with all that is behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from arcadepy import AsyncArcade
from fake_engine import Clock, FakeEngine
from processes import running_stack

from arcade_gmail_multiuser.client import MultiUserGmailManager

PEOPLE = 27


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def manager(engine: FakeEngine) -> MultiUserGmailManager:
    return engine.manager()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def running() -> Iterator[dict[str, str]]:
    """Keep sandbox, worker and engine running, with Alice, Bob and some more people."""
    with running_stack("--users", str(PEOPLE)) as told:
        yield told


@pytest.fixture
async def real(running: dict[str, str]) -> AsyncIterator[MultiUserGmailManager]:
    """Give a manager over the real arcadepy and the real engine."""
    async with AsyncArcade(api_key=running["api_key"], base_url=running["engine"]) as client:
        yield MultiUserGmailManager(client)
