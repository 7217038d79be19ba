"""Databases of their own for each test, and processes that start a race together."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

RACER = Path(__file__).with_name("racer.py")
PATIENCE_S = 18.0

Race = Callable[..., list[Any]]
OpenDatabase = Callable[[str], contextlib.AbstractAsyncContextManager[AsyncEngine]]


@pytest.fixture
def prefix() -> str:
    """Name what a test makes in a service that others use too: a schema, or a prefix of keys."""
    return f"t{uuid.uuid4().hex[:12]}_"


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A SQLite file of the test's own, and a real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite'}"
    return str(request.getfixturevalue("database_url"))


@pytest.fixture
async def database(sql_url: str, prefix: str) -> AsyncIterator[AsyncEngine]:
    """An engine on tables of the test's own."""
    async with open_database(sql_url, prefix) as engine:
        yield engine


@pytest.fixture
def open_own_database(prefix: str) -> OpenDatabase:
    """Open an engine on tables of the test's own."""
    return lambda url: open_database(url, prefix)


@contextlib.asynccontextmanager
async def open_database(url: str, schema: str) -> AsyncIterator[AsyncEngine]:
    if url.startswith("sqlite"):
        engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": 1.0})
        async with engine.connect() as db:
            await db.execute(text("PRAGMA journal_mode=WAL"))
        yield engine
        await engine.dispose()
        return
    search_path = {"server_settings": {"search_path": schema}}
    engine = create_async_engine(url, hide_parameters=True, connect_args=search_path)
    async with engine.begin() as db:
        await db.execute(text(f'CREATE SCHEMA "{schema}"'))
    yield engine
    async with engine.begin() as db:
        await db.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
    await engine.dispose()


@pytest.fixture
def race() -> Race:
    """Let N processes go at the same moment, and give what each has to tell."""

    def run(processes: int, *arguments: str) -> list[Any]:
        done = subprocess.run(
            [sys.executable, str(RACER), str(processes), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(found) == processes
        return found

    return run
