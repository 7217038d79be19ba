"""An engine that answers as told, and a real one with all that is behind it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from arcadepy import AsyncArcade
from fake_engine import Clock, FakeEngine

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
    command = [
        sys.executable, "-m", "arcade_gmail_multiuser", "up", "--json", "--users", str(PEOPLE)
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            assert said, "the stack did not start"
            yield json.loads(said)
        finally:
            process.send_signal(signal.SIGINT)


@pytest.fixture
async def real(running: dict[str, str]) -> AsyncIterator[MultiUserGmailManager]:
    """Give a manager over the real arcadepy and the real engine."""
    async with AsyncArcade(api_key=running["api_key"], base_url=running["engine"]) as client:
        yield MultiUserGmailManager(client)
