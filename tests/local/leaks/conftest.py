"""The hunts, each run once: all the tests look at what it left."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import asyncpg
import pytest
from leak_hunt.hunt import Evidence, hunt


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What every path through the stack left, with the engine's own SQLite file."""
    return hunt(tmp_path_factory.mktemp("hunt"))


@pytest.fixture(scope="session")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> Iterator[Evidence]:
    """What the paths that store something left, with PostgreSQL."""
    schema = f"leaks_{secrets.token_hex(8)}"
    address = database_url.replace("+asyncpg", "")
    asyncio.run(_execute(address, f"CREATE SCHEMA {schema}"))
    url = f"{database_url}{'&' if '?' in database_url else '?'}search_path={schema}"
    try:
        yield hunt(tmp_path_factory.mktemp("hunt"), database_url=url, schema=schema)
    finally:
        asyncio.run(_execute(address, f"DROP SCHEMA {schema} CASCADE"))


async def _execute(address: str, statement: str) -> None:
    db = await asyncpg.connect(address)
    await db.execute(statement)
    await db.close()


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """Each hunt in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Evidence)
    return found
