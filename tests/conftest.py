"""What every test may ask for."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from hypothesis import settings
from processes import announced
from world import World

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"
DATABASE_URL = "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
REDIS_URL = "redis://127.0.0.1:6379/0"

pytest_plugins = ["server_marker"]

# A busy machine is no counterexample; what must be fast is measured in `bench/`.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real mail beside the project; tests that need it skip without it."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real mail (../shared/corpus) is absent")
    return CORPUS


@pytest.fixture(scope="session")
def database_url(pytestconfig: pytest.Config) -> str:
    """An address of a real PostgreSQL; make a schema of your own in it and drop that again."""
    return _service(pytestconfig, "PostgreSQL", "TEST_DATABASE_URL", DATABASE_URL, 5432)


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """An address of a real Redis; use keys with a prefix of your own and delete those again."""
    return _service(pytestconfig, "Redis", "TEST_REDIS_URL", REDIS_URL, 6379)


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """The address of a sandbox without accounts, a process that all tests share."""
    with announced("sandbox", "--empty", "--port", "0", "--announce") as told:
        yield told["url"]


@pytest.fixture
async def sandbox(sandbox_url: str) -> AsyncIterator[World]:
    """The sandbox as if it had just started, but for the accounts of other tests."""
    # The sandbox closes what was idle for 5 s; a test that computes for so long sees it too late.
    connector = aiohttp.TCPConnector(keepalive_timeout=2)
    async with aiohttp.ClientSession(connector=connector) as http:
        world = World(sandbox_url, http)
        await world.mend()
        yield world


def _service(config: pytest.Config, name: str, variable: str, default: str, port: int) -> str:
    """Give a service's address. Without the service a test skips; where CI is set it fails."""
    if "not server" in config.option.markexpr:
        pytest.skip(f"needs {name}")
    url = os.environ.get(variable) or default
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or port), timeout=2).close()
    except OSError:
        missing = f"{name} does not answer; start it or set {variable}"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return url
