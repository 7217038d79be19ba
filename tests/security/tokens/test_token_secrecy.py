"""What stored tokens are worth to somebody who reads or changes the store."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.store import Reseal

Connect = Callable[..., Any]
Make = Callable[..., SecureTokenManager]


async def change(store: Any, manager: SecureTokenManager, user: str, **fields: Any) -> None:
    """Write other sealed bytes into a user's record, as somebody with the database could."""
    held = await manager.connection(user)
    assert held is not None
    await store.reseal([Reseal(held, replace(held, **fields))])
    changed = await manager.connection(user)
    assert changed is not None
    assert all(getattr(changed, name) == value for name, value in fields.items())


async def test_041_rows_of_two_users_that_were_swapped_do_not_open(
    manager: SecureTokenManager, connect: Connect, store: Any
) -> None:
    ann, bob = await connect(manager, "ann"), await connect(manager, "bob")
    for user, other in (("ann", bob), ("bob", ann)):
        await change(
            store,
            manager,
            user,
            sealed_access=other.sealed_access,
            sealed_refresh=other.sealed_refresh,
        )
    for user in ("ann", "bob"):
        with pytest.raises(StorageError):
            await manager.token_for(user)


async def test_041_a_refresh_token_does_not_open_as_an_access_token(
    manager: SecureTokenManager, connect: Connect, store: Any
) -> None:
    held = await connect(manager)
    await change(store, manager, "ann", sealed_access=held.sealed_refresh)
    with pytest.raises(StorageError):
        await manager.get_user_context("ann")


async def test_041_another_projects_row_does_not_open(
    manager: SecureTokenManager, make_manager: Make, connect: Connect, store: Any
) -> None:
    await connect(manager)
    other = await connect(make_manager(project="p2"))
    await change(store, manager, "ann", sealed_access=other.sealed_access)
    with pytest.raises(StorageError):
        await manager.token_for("ann")


async def test_042_whatever_is_wrong_gives_one_error_and_an_audit_event(
    manager: SecureTokenManager, keyring: Keyring, connect: Connect, store: Any, events: Any
) -> None:
    held = await connect(manager)
    sealed = held.sealed_access
    binding = ("p1", "ann", "google", "access_token", "1")
    stranger = Keyring(new_key())
    strange = stranger.seal(b"canary-access-0", bound_to=binding)
    wrong = {
        "flipped": sealed[:-3] + bytes([sealed[-3] ^ 1]) + sealed[-2:],
        "cut": sealed[: len(sealed) // 2],
        "only a header": sealed[:5],
        "plain text": b"canary-access-0",
        "unknown key": strange,
        "wrong key": strange.replace(stranger.newest_id.encode(), keyring.newest_id.encode()),
        "other fields": keyring.seal(b"canary-access-0", bound_to=(*binding[:3], "refresh", "1")),
    }
    messages = set()
    for value in wrong.values():
        await change(store, manager, "ann", sealed_access=value)
        events.clear()
        with pytest.raises(StorageError) as failed:
            await manager.token_for("ann")
        messages.add(str(failed.value))
        assert failed.value.__cause__ is None
        assert events.names == [("token.unreadable", "failed")]
    assert messages == {"A stored secret cannot be read."}


async def test_042_an_unreadable_refresh_token_asks_nobody_and_keeps_the_connection(
    manager: SecureTokenManager,
    connect: Connect,
    store: Any,
    clock: Any,
    provider: Any,
    events: Any,
) -> None:
    await connect(manager)
    await change(store, manager, "ann", sealed_refresh=b"rubbish")
    clock.now += 3600
    with pytest.raises(StorageError):
        await manager.token_for("ann")
    assert provider.calls == []
    assert ("token.unreadable", "failed") in events.names
    record = await manager.connection("ann")
    assert record is not None
    assert record.usable


@pytest.mark.parametrize("real_place", ["sqlite", "redis"], indirect=True)
async def test_042_a_broken_record_is_unreadable_and_not_absent(
    real_place: Any, owner: SecureTokenManager, connect: Connect
) -> None:
    await connect(owner)
    await spoil(real_place)
    with pytest.raises(StorageError):
        await owner.get_user_context("ann")


async def test_045_no_canary_is_in_what_the_store_wrote(
    real_place: Any, owner: SecureTokenManager, connect: Connect
) -> None:
    for n in range(40):
        await connect(owner, f"user{n}")
        await connect(owner, f"user{n}", access_token=f"canary-access-{n}")
        if n % 3 == 0:
            await owner.disconnect(f"user{n}")
    await owner.token_for("user1")
    await owner.flush()
    written = await everything_in(real_place)
    assert b"user1@example.com" in written, "the search finds what is there"
    assert b"canary" not in written
    assert b"canary".hex().encode() not in written
    assert b"Y2FuYXJ5" not in written, "nor in base64"


async def test_045_what_was_erased_is_not_in_the_database_any_more(
    real_place: Any, owner: SecureTokenManager, connect: Connect
) -> None:
    held = await connect(owner, "erased-user")
    await owner.disconnect("erased-user")
    if real_place.name == "sqlite":
        await checkpoint(real_place)
    written = await everything_in(real_place)
    assert held.sealed_access not in written
    assert b"erased-user" not in written


async def test_045_the_database_file_and_its_companions_are_private(
    sqlite: Any, keyring: Keyring, provider: Any, connect: Connect
) -> None:
    manager = SecureTokenManager(
        sqlite.open(), keyring, project="p1", providers={"google": provider}
    )
    await manager.prepare()
    await connect(manager)
    files = list(folder_of(sqlite).iterdir())
    assert {file.suffix for file in files} == {".sqlite", ".sqlite-wal", ".sqlite-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    await manager.close()


async def test_046_logs_at_debug_hold_no_token_and_no_user(
    owner: SecureTokenManager, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await connect(owner, "secret-person")
        await owner.token_for("secret-person")
        await owner.disconnect("secret-person")
        with pytest.raises(Exception, match="connect"):
            await owner.token_for("secret-person")
    assert "canary" not in caplog.text
    assert "secret-person" not in caplog.text


def folder_of(place: Any) -> Path:
    return Path(place.url.removeprefix("sqlite+aiosqlite:///")).parent


async def everything_in(place: Any) -> bytes:
    """Give every byte that a store wrote, as its backend gives it back."""
    if place.name == "sqlite":
        return b"".join(file.read_bytes() for file in folder_of(place).iterdir())
    if place.name == "redis":
        client: Redis = Redis.from_url(place.url)
        found = [b""]
        async for name in client.scan_iter(match=f"{{{place.schema}}}:*", count=1000):
            found.append(name)
            kind = await client.type(name)
            if kind == b"hash":
                fields: Any = await client.hgetall(name)  # type: ignore[misc]
                found += [*fields, *fields.values()]
            elif kind == b"set":
                found += await client.smembers(name)  # type: ignore[misc]
            elif kind == b"zset":
                found += await client.zrange(name, 0, -1)
            else:
                found.append(await client.get(name))
        await client.aclose()
        return b"\n".join(found)
    engine = create_async_engine(place.url)
    found = []
    async with engine.connect() as db:
        for table in ("user_tokens", "token_leases"):
            rows = await db.execute(text(f"SELECT * FROM {place.schema}.{table}"))
            found += [v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row]
    await engine.dispose()
    return b"\n".join(found)


async def checkpoint(place: Any) -> None:
    engine = create_async_engine(place.url)
    async with engine.connect() as db:
        await db.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    await engine.dispose()


async def spoil(place: Any) -> None:
    """Break what a record is made of, beside its tokens; PostgreSQL's types do not let one."""
    if place.name == "redis":
        client: Redis = Redis.from_url(place.url)
        async for name in client.scan_iter(match=f"{{{place.schema}}}:token:*"):
            await client.hset(name, "m", "{broken")  # type: ignore[misc]
        await client.aclose()
        return
    engine = create_async_engine(place.url)
    async with engine.begin() as db:
        await db.execute(text("UPDATE user_tokens SET expires_at = 'soon'"))
    await engine.dispose()
