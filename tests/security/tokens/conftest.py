"""Every store on a real backend, with a provider and a clock that tests move."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy
from arcade_gmail_multiuser.security.tokens.store import TokenStore, open_token_store

K1, K2 = new_key(), new_key()
REAL = ("sqlite", "postgresql", "redis")


@dataclass(frozen=True)
class Place:
    """Where one test keeps its tokens, as a child process would be told."""

    name: str
    url: str
    schema: str | None = None

    def open(self) -> TokenStore:
        return open_token_store(self.url, schema=self.schema)


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    return Place("sqlite", f"sqlite+aiosqlite:///{tmp_path / 'tokens.sqlite'}")


@pytest.fixture
async def postgresql(database_url: str) -> AsyncIterator[Place]:
    schema = f"tokens_{secrets.token_hex(8)}"
    engine = create_async_engine(database_url)
    async with engine.begin() as db:
        await db.execute(text(f"CREATE SCHEMA {schema}"))
    yield Place("postgresql", database_url, schema)
    async with engine.begin() as db:
        await db.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    await engine.dispose()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Place]:
    prefix = f"tokens_{secrets.token_hex(8)}"
    yield Place("redis", redis_url, prefix)
    client: Redis = Redis.from_url(redis_url)
    names = [name async for name in client.scan_iter(match=f"{{{prefix}}}:*", count=1000)]
    if names:
        await client.delete(*names)
    await client.aclose()


@pytest.fixture
def memory() -> Place:
    return Place("memory", "memory:")


@pytest.fixture(params=["memory", *REAL])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of store in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=REAL)
def real_place(request: pytest.FixtureRequest) -> Place:
    """Each kind of store that processes can share."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def store(place: Place) -> AsyncIterator[TokenStore]:
    opened = place.open()
    await opened.prepare()
    yield opened
    await opened.close()


class Clock:
    """The time, which passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Answer:
    access_token: str
    refresh_token: str | None = None
    lifetime_s: Any = 3600.0
    scopes: frozenset[str] | None = None


@dataclass
class FakeProvider:
    """Count refreshes; `gate` holds them back, `fails` makes them fail, `answer` changes them."""

    client_id: str = "client-1"
    calls: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    fails: Exception | None = None
    answer: dict[str, Any] = field(default_factory=dict)

    async def refresh(self, refresh_token: str) -> Answer:
        self.calls.append(str(refresh_token))
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        return Answer(**{"access_token": f"canary-access-{len(self.calls)}", **self.answer})


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


class Events(list[tuple[str, str, dict[str, Any]]]):
    """What the audit was told; `broken` makes it refuse."""

    broken: Exception | None = None

    async def record(self, event: str, *, outcome: str, **more: Any) -> None:
        if self.broken is not None:
            raise self.broken
        self.append((event, outcome, more))

    @property
    def names(self) -> list[tuple[str, str]]:
        return [(event, outcome) for event, outcome, _ in self]


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(K1)


@pytest.fixture
def keyrings() -> dict[str, Keyring]:
    """The four rings of a rotation, by name."""
    return {
        "k1": Keyring(K1),
        "k1+k2": Keyring([K1, K2]),
        "k2+k1": Keyring([K2, K1]),
        "k2": Keyring(K2),
    }


@pytest.fixture
async def make_manager(
    store: TokenStore, keyring: Keyring, provider: FakeProvider, clock: Clock, events: Events
) -> AsyncIterator[Callable[..., SecureTokenManager]]:
    """Make managers that stand for processes: each has its own tasks, all share one store."""
    made: list[SecureTokenManager] = []

    def make(**changes: Any) -> SecureTokenManager:
        policy = {"lease_s": 5.0, "cooldown_s": 30.0, "wait_s": 5.0, **changes.pop("policy", {})}
        settings: dict[str, Any] = {
            "project": "p1",
            "providers": {"google": provider},
            "audit": events,
            "clock": clock,
            **changes,
        }
        manager = SecureTokenManager(
            settings.pop("store", store),
            settings.pop("keyring", keyring),
            policy=RefreshPolicy(**policy),
            **settings,
        )
        made.append(manager)
        return manager

    yield make
    for manager in made:
        await manager._refresher.close()
        await manager._uses.close()


@pytest.fixture
def manager(make_manager: Callable[..., SecureTokenManager]) -> SecureTokenManager:
    return make_manager()


@pytest.fixture
def connect() -> Callable[..., Any]:
    """Store a connection whose tokens are canaries."""

    async def connect(manager: SecureTokenManager, user_id: str = "ann", **changes: Any) -> Any:
        given = {
            "access_token": "canary-access-0",
            "refresh_token": "canary-refresh-0",
            "expires_in": 3600,
            "scopes": ("read",),
            "subject": f"sub-of-{user_id}",
            "email": f"{user_id}@example.com",
            **changes,
        }
        return await manager.store_user_token(user_id, "google", **given)

    return connect


class CountingProvider:
    """A provider on loopback for many processes: counts calls, numbers its tokens."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.delay_s = 0.0
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refresh_token = (await reader.readline()).decode().strip()
        if refresh_token:
            self.calls.append(refresh_token)
            tokens = {"access_token": f"canary-access-{len(self.calls)}", "lifetime_s": 3600}
            await asyncio.sleep(self.delay_s)
            writer.write(json.dumps(tokens).encode() + b"\n")
        writer.close()


@pytest.fixture
async def counting_provider() -> AsyncIterator[CountingProvider]:
    provider = CountingProvider()
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    provider.port = server.sockets[0].getsockname()[1]
    yield provider
    server.close()


class Fleet:
    """Processes that share one place, made by fleet.py."""

    def __init__(self, place: Place, provider: CountingProvider) -> None:
        self.place = place
        self.provider = provider
        self.started: list[asyncio.subprocess.Process] = []

    async def start(self, **order: Any) -> asyncio.subprocess.Process:
        keys = {"k1": K1, "k2": K2}
        wanted = order.pop("keys", ["k1"])
        order = {
            "url": self.place.url,
            "schema": self.place.schema,
            "keys": [keys[name] for name in wanted],
            "port": self.provider.port,
            "processes": 1,
            "job": "refresh",
            "user": "ann",
            **order,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("fleet.py")),
            json.dumps(order),
            stdout=asyncio.subprocess.PIPE,
        )
        self.started.append(process)
        return process

    async def result(self, process: asyncio.subprocess.Process) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            out, _ = await process.communicate()
        assert process.returncode == 0
        return [json.loads(line) for line in out.splitlines()]

    async def run(self, **order: Any) -> list[dict[str, Any]]:
        return await self.result(await self.start(**order))


@pytest.fixture
async def fleet(real_place: Place, counting_provider: CountingProvider) -> AsyncIterator[Fleet]:
    made = Fleet(real_place, counting_provider)
    yield made
    for process in made.started:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def owner(real_place: Place, keyring: Keyring) -> AsyncIterator[SecureTokenManager]:
    """A manager in the test's own process, on the place that a fleet shares, with a real clock."""
    manager = SecureTokenManager(
        real_place.open(),
        keyring,
        project="p1",
        providers={"google": FakeProvider()},
    )
    await manager.prepare()
    yield manager
    await manager.close()
