"""How fast tokens of 100,000 people are looked up and rotated, on each real store.

Run: python -m bench.tokens [--users 100000] [--seconds 5]

Memory is that of this process alone. A lookup opens the token; users are drawn at random.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import secrets
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis
from sqlalchemy import insert, text

from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.consent import Consent, merge_consent
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.provider import RefreshAnswer
from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord
from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens
from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore, columns_of
from arcade_gmail_multiuser.security.tokens.store import TokenStore, open_token_store
from arcade_gmail_multiuser.security.tokens.tables import tokens
from arcade_gmail_multiuser.security.tokens.token_sealer import TokenSealer

DATABASE_URL = os.environ.get(
    "TEST_DATABASE_URL", "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
)
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
K1, K2 = new_key(), new_key()
BATCH = 1000


class Nobody:
    """A provider that nothing here should ask."""

    client_id = "bench"

    async def refresh(self, refresh_token: str) -> RefreshAnswer:
        raise AssertionError(f"a lookup must not refresh {len(refresh_token)}")


def records(count: int) -> list[TokenRecord]:
    sealer = TokenSealer(Keyring(K1))
    now = time.time()
    made = []
    for n in range(count):
        consent = Consent(
            access_token="ya29." + secrets.token_urlsafe(160),
            refresh_token="1//" + secrets.token_urlsafe(75),
            lifetime_s=86_400.0,
            scopes=frozenset({"https://www.googleapis.com/auth/gmail.readonly"}),
            subject=str(n),
            email=f"user{n}@example.com",
            client_id="bench",
        )
        made.append(
            merge_consent(None, TokenKey("bench", f"user{n}", "google"), consent, sealer, now)
        )
    return made


async def fill(store: TokenStore, made: Sequence[TokenRecord]) -> None:
    if isinstance(store, SqlTokenStore):
        for first in range(0, len(made), BATCH):
            async with store.engine.begin() as db:
                await db.execute(
                    insert(tokens), [columns_of(one) for one in made[first : first + BATCH]]
                )
        return
    for first in range(0, len(made), 100):
        await asyncio.gather(
            *(store.put_if_generation(one, expected=None) for one in made[first : first + 100])
        )


async def look_up(manager: SecureTokenManager, users: int, seconds: float, at_once: int) -> str:
    took: list[float] = []
    ends = time.perf_counter() + seconds

    async def one_after_another() -> None:
        while (began := time.perf_counter()) < ends:
            await manager.token_for(f"user{random.randrange(users)}")
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    percentiles = statistics.quantiles(took, n=100)
    return (
        f"{len(took) / seconds:7.0f}/s  p50 {percentiles[49] * 1000:5.2f} ms"
        f"  p99 {percentiles[98] * 1000:5.2f} ms"
    )


async def measure(name: str, store: TokenStore, users: int, seconds: float) -> None:
    await store.prepare()
    await fill(store, records(users))
    manager = SecureTokenManager(
        store, Keyring([K2, K1]), project="bench", providers={"google": Nobody()}
    )
    await look_up(manager, users, 0.5, 1)
    for at_once in (1, 2, 8):
        found = await look_up(manager, users, seconds, at_once)
        print(f"{name:<11} lookups, {at_once} at once: {found}")
    began = time.perf_counter()
    done = await rotate_tokens(store, Keyring([K2, K1]))
    took = time.perf_counter() - began
    assert done.complete
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<11} rotation of {done.resealed}: {took:.1f} s; peak memory {peak_mb:.0f} MB")
    await manager.close()


async def in_sqlite(users: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tokens.sqlite"
        await measure("SQLite", open_token_store(f"sqlite:///{file}"), users, seconds)
        print(f"{'SQLite':<11} file: {file.stat().st_size / 2**20:.0f} MB")


async def in_postgresql(users: int, seconds: float) -> None:
    schema = f"bench_{secrets.token_hex(4)}"
    store = open_token_store(DATABASE_URL, schema=schema)
    assert isinstance(store, SqlTokenStore)
    async with store.engine.begin() as db:
        await db.execute(text(f"CREATE SCHEMA {schema}"))
    try:
        await measure("PostgreSQL", store, users, seconds)
    finally:
        async with store.engine.begin() as db:
            await db.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        await store.engine.dispose()


async def in_redis(users: int, seconds: float) -> None:
    prefix = f"bench_{secrets.token_hex(4)}"
    client: Redis = Redis.from_url(REDIS_URL)
    before = (await client.info("memory"))["used_memory"]
    try:
        await measure("Redis", open_token_store(REDIS_URL, schema=prefix), users, seconds)
        used = (await client.info("memory"))["used_memory"] - before
        print(f"{'Redis':<11} memory of the server: {used / 2**20:.0f} MB")
    finally:
        names = [name async for name in client.scan_iter(match=f"{{{prefix}}}:*", count=5000)]
        for first in range(0, len(names), 5000):
            await client.delete(*names[first : first + 5000])
        await client.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", choices=["sqlite", "postgresql", "redis"])
    given = parser.parse_args()
    stores = {"sqlite": in_sqlite, "postgresql": in_postgresql, "redis": in_redis}
    load = os.getloadavg()[0]
    print(f"{given.users} users, {os.cpu_count()} cores, load average {load:.1f} before")
    for name, run in stores.items():
        if given.only in (None, name):
            asyncio.run(run(given.users, given.seconds))


if __name__ == "__main__":
    main()
