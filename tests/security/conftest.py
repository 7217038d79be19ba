"""Databases of their own for each test, and processes that start a race together."""

from __future__ import annotations

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


@pytest.fixture
def prefix() -> str:
    """Begins the names of whatever a test makes in a service that others use too."""
    return f"t{uuid.uuid4().hex[:12]}_"


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A SQLite file of the test's own, and a real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite'}"
    return str(request.getfixturevalue("database_url"))


@pytest.fixture
async def database(sql_url: str, prefix: str) -> AsyncIterator[AsyncEngine]:
    """An engine; tables whose names begin with `prefix` are dropped at the end."""
    patience = {"timeout": 1.0} if sql_url.startswith("sqlite") else {}
    engine = create_async_engine(sql_url, hide_parameters=True, connect_args=patience)
    async with engine.connect() as db:
        if engine.dialect.name == "sqlite":
            await db.execute(text("PRAGMA journal_mode=WAL"))
    yield engine
    if engine.dialect.name == "postgresql":
        async with engine.begin() as db:
            found = text("SELECT tablename FROM pg_tables WHERE tablename LIKE :like")
            for name in (await db.scalars(found, {"like": f"{prefix}%"})).all():
                await db.execute(text(f'DROP TABLE "{name}"'))
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
