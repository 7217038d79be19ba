"""Tokens through every path of the token manager, on each store, with audit and rotation."""

from __future__ import annotations

import asyncio
import logging
import secrets
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from leak_search.canaries import Canaries, planted
from leak_search.postgresql import dump_of
from leak_search.raised import Raised
from leak_search.raw_log import RawLog
from redis.asyncio import Redis

from arcade_gmail_multiuser.errors import ConnectionFailed, TokenRejected, Unavailable
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog
from arcade_gmail_multiuser.security.keys import decode_key, new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens
from arcade_gmail_multiuser.security.tokens.store import open_token_store

CONTROL = "leak-hunt-control-0123456789"


@dataclass
class Answer:
    access_token: str
    refresh_token: str | None
    lifetime_s: float = 3600.0
    scopes: frozenset[str] | None = None


class Provider:
    """Issue canaries, and fail with whatever stands in `failures` first."""

    client_id = "client-1"

    def __init__(self, canaries: Canaries) -> None:
        self.canaries = canaries
        self.failures: list[Exception] = []

    def token(self, kind: str) -> str:
        made = f"ya29.{secrets.token_urlsafe(48)}"
        self.canaries.add(kind, made.removeprefix("ya29."))
        return made

    async def refresh(self, refresh_token: str) -> Answer:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return Answer(self.token("access_token"), self.token("refresh_token"))


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Lived:
    """A store that was lived in, and everything it left."""

    canaries: Canaries
    places: dict[str, bytes]
    modes: set[int]


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
async def lived(request: pytest.FixtureRequest, tmp_path: Path, exits: AsyncExitStack) -> Lived:
    kind = request.param
    if kind == "sqlite":
        url, name, dump = f"sqlite:///{tmp_path}/tokens/tokens.sqlite", "", None
    elif kind == "postgresql":
        url = str(request.getfixturevalue("database_url"))
        name, dump = await exits.enter_async_context(_schema(url))
    else:
        url = str(request.getfixturevalue("redis_url"))
        name, dump = await exits.enter_async_context(_prefix(url))
    canaries, raised = Canaries(), Raised([CONTROL], [CONTROL])
    exits.enter_context(_logging_everything(tmp_path / "raw.log"))
    asyncio.get_running_loop().set_debug(True)
    asyncio.get_running_loop().slow_callback_duration = 0.0
    logging.getLogger("leak_hunt").debug(CONTROL)
    await live(url, name, tmp_path, canaries, raised, exits)
    files = {f.name: f for f in tmp_path.rglob("*") if f.is_file()}  # noqa: ASYNC240 - nobody waits
    places = {name: file.read_bytes() for name, file in files.items()}
    places["exceptions"] = "\n".join([*raised.shown, *raised.variables]).encode()
    if dump is not None:
        places[kind] = await dump()
    del files["raw.log"]
    return Lived(canaries, places, {stat.S_IMODE(f.stat().st_mode) for f in files.values()})


@pytest.fixture
async def exits() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@contextmanager
def _logging_everything(path: Path) -> Iterator[None]:
    log, root = RawLog(path), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(log)
        root.setLevel(level)
        log.end()


Dump = Callable[[], Awaitable[bytes]]


@asynccontextmanager
async def _schema(url: str) -> AsyncIterator[tuple[str, Dump]]:
    name = f"leaks_{secrets.token_hex(8)}"
    db = await asyncpg.connect(url.partition("?")[0].replace("+asyncpg", ""))
    await db.execute(f"CREATE SCHEMA {name}")
    try:
        yield name, lambda: dump_of(db, name)
    finally:
        await db.execute(f"DROP SCHEMA {name} CASCADE")
        await db.close()


@asynccontextmanager
async def _prefix(url: str) -> AsyncIterator[tuple[str, Dump]]:
    name = f"leaks_{secrets.token_hex(8)}"
    client: Redis = Redis.from_url(url)
    try:
        yield name, lambda: _redis(client, name)
    finally:
        names = [key async for key in client.scan_iter(match=f"*{name}*", count=1000)]
        if names:
            await client.delete(*names)
        await client.aclose()


async def live(
    url: str,
    name: str,
    folder: Path,
    canaries: Canaries,
    raised: Raised,
    exits: AsyncExitStack,
) -> None:
    """Take every path of the manager; the store stays open, so its WAL is there to be read."""
    first, second = new_key(), new_key()
    for key in (first, second):
        canaries.add("encryption_key", key, decode_key(key))
    provider, clock = Provider(canaries), Clock()
    store = open_token_store(url, schema=name or None)
    exits.push_async_callback(store.close)
    audit = AuditLog(FileAuditStore(folder / "audit.jsonl"), AuditKeys(first), name_users=True)
    await audit.prepare()

    def manager_with(*keys: str) -> SecureTokenManager:
        made = SecureTokenManager(
            store,
            Keyring(keys),
            project="p1",
            providers={"google": provider},
            audit=audit,
            clock=clock,
        )
        # Closing one closes the store as well, which may be done twice.
        exits.push_async_callback(made.close)
        return made

    manager = manager_with(first)
    await manager.prepare()
    users = [CONTROL, "ann", "ben", "cat"]
    for user in users:
        raised.shown.append(repr(await store_new(manager, provider, user)))
    clock.now += 3600
    raised.shown.append(repr([await manager.token_for(user) for user in users]))
    raised.shown.append(repr(await manager.get_user_context("ann")))
    await failing(manager, provider, clock, raised)
    await manager.mark_rejected("ben", (await manager.token_for("ben")).access_token)
    rotating = Keyring([second, first])
    await rotate_tokens(store, rotating)
    raised.shown.append(f"{manager!r} {rotating!r} {vars(manager)!r}")
    for bad in (manager, manager_with(new_key())):
        with raised.keeping():
            await bad.token_for("ben")
    await manager.disconnect("cat")
    await manager.flush()
    await audit.close()


async def store_new(manager: SecureTokenManager, provider: Provider, user: str) -> Any:
    return await manager.store_user_token(
        user,
        access_token=provider.token("access_token"),
        refresh_token=provider.token("refresh_token"),
        expires_in=3600,
        subject=f"sub-{user}",
        email=f"{user}@example.com",
    )


async def failing(
    manager: SecureTokenManager, provider: Provider, clock: Clock, raised: Raised
) -> None:
    words = planted("upstream")
    provider.canaries.add("upstream_text", words)
    for failure in (
        Unavailable("The provider is away."),
        ConnectionFailed("broke", sent=True),
        RuntimeError(words),
        TokenRejected("withdrawn"),
    ):
        clock.now += 36_000
        provider.failures = [failure]
        with raised.keeping() if not isinstance(failure, RuntimeError) else unforeseen():
            await manager.token_for("ann")
        provider.failures.clear()
    with raised.keeping():
        await manager.store_user_token("dan", access_token=provider.token("access_token") + "\n")
    with raised.keeping():
        await manager.store_user_token(
            "ben", access_token=provider.token("access_token"), subject="another"
        )


def unforeseen() -> Any:
    """A bug in a provider: what it says is its own, and must not go further than this."""
    return pytest.raises(Exception)  # noqa: PT011


async def _redis(client: Redis, prefix: str) -> bytes:
    """Give every key and value, as Redis answers them and as it would write them to disk."""
    found = [b""]
    async for key in client.scan_iter(match=f"*{prefix}*", count=1000):
        found += [key, await client.dump(key) or b""]
        kind = await client.type(key)
        if kind == b"hash":
            fields: Any = await client.hgetall(key)  # type: ignore[misc]
            found += [*fields, *fields.values()]
        elif kind == b"set":
            found += await client.smembers(key)  # type: ignore[misc]
        elif kind == b"zset":
            found += await client.zrange(key, 0, -1)
        else:
            found.append(await client.get(key) or b"")
    return b"\n".join(found)


async def test_045_046_no_token_or_key_is_in_stores_audit_logs_or_exceptions(lived: Lived) -> None:
    assert lived.canaries.count("access_token") > 10
    assert lived.canaries.count("encryption_key") == 4
    blind = {n for n, c in lived.places.items() if CONTROL.encode() not in c}
    assert blind <= {"audit.jsonl.head", "audit.jsonl.lock", "tokens.sqlite-shm", "tokens.sqlite"}
    found = {name: lived.canaries.search(content) for name, content in lived.places.items()}
    assert {name: hits for name, hits in found.items() if hits} == {}


async def test_045_what_is_written_is_its_owners_alone(lived: Lived) -> None:
    assert lived.modes == {0o600}
