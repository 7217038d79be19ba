"""39: the database goes away in the middle of work."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from arcade_gmail_multiuser.errors import StorageError, StorageUnavailable
from arcade_gmail_multiuser.security import database as token_database
from arcade_gmail_multiuser.security.database import open_token_database
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenKey
from arcade_gmail_multiuser.security.tokens.redis_store import RedisTokenStore
from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore
from arcade_gmail_multiuser.security.tokens.store import TokenStore

Connect = Callable[..., Any]
Make = Callable[..., SecureTokenManager]
PATIENCE_S = 0.5
ENDING_S = 4.0
"""SQLAlchemy gives a lost connection two seconds to end in peace."""


class Line:
    """A line to a server that can be cut (connections end) or jammed (nothing moves any more)."""

    def __init__(self, host: str, port: int) -> None:
        self._far_end = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._flows = asyncio.Event()
        self.port = 0

    async def open(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writers.clear()

    def jam(self) -> None:
        self._flows.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._far_end)
        self._writers += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._flows.wait()
                sink.write(data)
        except ConnectionError:
            pass
        finally:
            sink.close()


@pytest.fixture(params=["postgresql", "redis"])
def far_place(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def line(far_place: Any) -> AsyncIterator[Line]:
    parts = urlsplit(far_place.url)
    made = Line(parts.hostname or "", parts.port or 0)
    await made.open()
    yield made
    await made.cut()


@pytest.fixture
async def store(far_place: Any, line: Line) -> AsyncIterator[TokenStore]:
    place = far_place
    parts = urlsplit(place.url)
    user = f"{parts.username}@" if parts.username else ""
    url = urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{line.port}"))
    made: TokenStore
    if place.name == "redis":
        made = RedisTokenStore(url, prefix=place.schema, timeout_s=PATIENCE_S)
    else:
        engine = open_token_database(url, schema=place.schema)
        made = SqlTokenStore(engine, owns_engine=True, timeout_s=PATIENCE_S)
    await made.prepare()
    yield made
    await made.close()


async def everything_fails_closed(manager: SecureTokenManager, connect: Connect) -> None:
    loop = asyncio.get_running_loop()
    attempts: list[Callable[[], Any]] = [
        lambda: manager.get_user_context("ann"),
        lambda: manager.token_for("ann"),
        lambda: manager.disconnect("ann"),
        lambda: connect(manager, "bob"),
    ]
    for attempt in attempts:
        began = loop.time()
        with pytest.raises(StorageUnavailable) as failed:
            await attempt()
        assert loop.time() - began < PATIENCE_S + ENDING_S
        assert failed.value.__cause__ is None
        assert failed.value.can_retry


async def test_039_a_backend_that_is_cut_off_fails_closed_and_works_again_when_it_is_back(
    line: Line, manager: SecureTokenManager, connect: Connect
) -> None:
    await connect(manager)
    await manager.token_for("ann")
    await line.cut()
    await everything_fails_closed(manager, connect)
    await line.open()
    assert (await manager.token_for("ann")).access_token == "canary-access-0"
    assert await manager.connection("bob") is None


async def test_039_a_backend_that_answers_nothing_fails_closed_in_bounded_time(
    line: Line, manager: SecureTokenManager, connect: Connect
) -> None:
    await connect(manager)
    line.jam()
    await everything_fails_closed(manager, connect)


async def test_034_039_tokens_refreshed_while_the_backend_is_lost_are_served_to_nobody(
    line: Line, make_manager: Make, connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager(policy={"max_writes": 2, "lease_s": 0.5})
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    refreshing = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    await line.cut()
    provider.gate.set()
    with pytest.raises(StorageError):
        await refreshing
    with pytest.raises(StorageError):
        await manager.token_for("ann")
    await line.open()
    assert (await manager.token_for("ann")).access_token == "canary-access-2"


async def test_039_a_sqlite_file_that_another_locks_for_good_fails_closed(
    sqlite: Any,
    keyring: Keyring,
    connect: Connect,
    clock: Any,
    provider: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # SQLite's own patience: a thread that waits for the lock cannot be called back.
    monkeypatch.setattr(token_database, "_ANSWER_WITHIN_S", 0.3)
    store = SqlTokenStore(open_token_database(sqlite.url), owns_engine=True)
    await store.prepare()
    manager = SecureTokenManager(
        store, keyring, project="p1", providers={"google": provider}, clock=clock
    )
    await connect(manager)
    clock.now += 3600
    with sqlite3.connect(sqlite.url.removeprefix("sqlite+aiosqlite:///")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError):
            await manager.token_for("ann")
        other.rollback()
    other.close()
    assert provider.calls == [], "without a lease nobody asks the provider"
    await manager.close()


async def test_039_a_store_that_cannot_be_opened_never_becomes_another_one(tmp_path: Path) -> None:
    here = tmp_path / "gone.sqlite"
    store = SqlTokenStore(open_token_database(f"sqlite:///{here}"), owns_engine=True)
    here.unlink()
    here.mkdir()
    with pytest.raises(StorageUnavailable):
        await store.prepare()
    with pytest.raises(StorageUnavailable):
        await store.get(TokenKey("p1", "ann", "google"))
    await store.close()
    for thread in threading.enumerate():
        # aiosqlite tells a loop of a failed connection's end, and the loop may be closed by then.
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5.0)
