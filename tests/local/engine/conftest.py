"""The real engine on SQLite, a stand-in provider and a stand-in worker behind its one seam."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from engine_stack.facts import PROVIDER, VERIFIER, WORKER, Clock
from engine_stack.outbound import AsgiOutbound
from engine_stack.provider import FakeProvider
from engine_stack.stack import Stack, StackMaker, settings_for
from engine_stack.worker import FakeWorker
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_local.engine.app import create_engine_app


@pytest.fixture
async def make_stack(tmp_path: Path) -> AsyncIterator[StackMaker]:
    """Start engines with changed settings; every one of them ends with the test."""
    async with AsyncExitStack() as exits:

        async def make(database: Path | None = None, **changes: Any) -> Stack:
            clock = changes.pop("clock", None) or Clock()
            provider = changes.pop("provider_app", None) or FakeProvider(clock)
            worker = changes.pop("worker_app", None) or FakeWorker(clock)
            others = {origin: one.app() for origin, one in changes.pop("workers", {}).items()}
            path = database or tmp_path / "engine.db"
            settings = settings_for(path, **changes)
            outbound = AsgiOutbound({PROVIDER: provider.app(), WORKER: worker.app(), **others})
            app = create_engine_app(settings, http=outbound, clock=clock)
            await exits.enter_async_context(app.router.lifespan_context(app))
            return Stack(settings, clock, provider, worker, outbound, app, path, exits)

        yield make


@pytest.fixture
async def postgresql(database_url: str) -> AsyncIterator[str]:
    """An address of PostgreSQL with a schema that goes with the test."""
    name = f"engine_{secrets.token_hex(8)}"
    server = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    async with server.connect() as db:
        await db.execute(text(f"CREATE SCHEMA {name}"))
    yield f"{database_url}{'&' if '?' in database_url else '?'}search_path={name}"
    async with server.connect() as db:
        await db.execute(text(f"DROP SCHEMA {name} CASCADE"))
    await server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of each kind of database in turn."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'any.db'}"
    return str(request.getfixturevalue("postgresql"))


@pytest.fixture
async def any_stack(any_database: str, make_stack: StackMaker) -> Stack:
    """An engine on each kind of database in turn."""
    made: Stack = await make_stack(database_url=any_database)
    return made


@pytest.fixture
async def stack(make_stack: StackMaker) -> Stack:
    """An engine on loopback that confirms people on its own page."""
    made: Stack = await make_stack()
    return made


@pytest.fixture
async def verified(make_stack: StackMaker, tmp_path: Path) -> Stack:
    """An engine on https whose people are confirmed by the application."""
    made: Stack = await make_stack(
        tmp_path / "verified.db",
        public_url="https://engine.example.com",
        verifier_url=VERIFIER,
        next_uris=("https://app.example.com/done",),
    )
    return made
