"""A running stack and a real Chromium, for tests that see pages as people do."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from arcadepy import AsyncArcade
from chromium import ARGUMENTS, EXECUTABLE, Person, somebody
from playwright.async_api import Browser, async_playwright
from processes import running_stack

NewPerson = Callable[..., Awaitable[Person]]


@pytest.fixture(scope="session")
def executable() -> Path:
    """The Chromium of the system. Without it a test skips; where CI is set it fails."""
    if not EXECUTABLE.exists():
        missing = "Chromium is absent; install Debian's package chromium, or set TEST_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return EXECUTABLE


@pytest.fixture(scope="session")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; look at them after a change of a page."""
    return tmp_path_factory.mktemp("screens")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(executable: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=executable, args=list(ARGUMENTS), chromium_sandbox=False
        )
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def new_person(browser: Browser, screens: Path) -> AsyncIterator[NewPerson]:
    """Seat somebody at a profile of their own; at the end nobody's page has complained."""
    people: list[Person] = []

    async def make(**options: Any) -> Person:
        people.append(await somebody(browser, screens, **options))
        return people[-1]

    yield make
    for person in people:
        await person.context.close()
    assert [person.complaints for person in people] == [[] for _ in people]


@pytest.fixture(scope="session")
def running(executable: Path) -> Iterator[dict[str, str]]:
    """Keep sandbox, worker and engine running, three processes on free ports."""
    with running_stack("--users", "4") as told:
        yield told


@pytest_asyncio.fixture(loop_scope="module")
async def arcade(running: dict[str, str]) -> AsyncIterator[AsyncArcade]:
    """Open the client with which an application talks to the engine."""
    async with AsyncArcade(
        api_key=running["api_key"], base_url=running["engine"], max_retries=0
    ) as client:
        yield client
