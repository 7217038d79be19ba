"""Five attempts per person in a quarter of an hour, wherever they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from arcade_gmail_multiuser.errors import ConfigurationError, RateLimited, StorageError
from arcade_gmail_multiuser.security.config.boundaries import RateBoundary
from arcade_gmail_multiuser.security.rate_limits.limiter import (
    AttemptLimiter,
    AttemptStore,
    MemoryAttemptStore,
    open_limiter,
    weigh_attempt,
)
from arcade_gmail_multiuser.security.rate_limits.redis_store import RedisAttemptStore
from arcade_gmail_multiuser.security.rate_limits.sql_store import SqlAttemptStore
from arcade_gmail_multiuser.security.rate_limits.tables import attempts

MINUTE = 60.0
Race = Callable[..., list[list[int]]]


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def redis_place(redis_url: str, prefix: str) -> AsyncIterator[str]:
    """A real Redis, cleaned of this test's keys afterwards."""
    yield redis_url
    redis = Redis.from_url(redis_url)
    async for key in redis.scan_iter(f"{prefix}*"):
        await redis.delete(key)
    await redis.aclose()


@pytest.fixture(params=["memory", "sqlite", "postgresql", "redis"])
async def store(request: pytest.FixtureRequest, prefix: str) -> AsyncIterator[AttemptStore]:
    """Every store there is; they all have to do the same."""
    if request.param == "memory":
        yield MemoryAttemptStore()
        return
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        redis = RedisAttemptStore(url, prefix=prefix)
        yield redis
        await redis.close()
        cleaner = Redis.from_url(url)
        async for key in cleaner.scan_iter(f"{prefix}*"):
            await cleaner.delete(key)
        await cleaner.aclose()
        return
    url = (
        f"sqlite+aiosqlite:///{request.getfixturevalue('tmp_path') / 'a.sqlite'}"
        if request.param == "sqlite"
        else request.getfixturevalue("database_url")
    )
    async with request.getfixturevalue("open_own_database")(url) as engine:
        sql = SqlAttemptStore(engine)
        await sql.prepare()
        yield sql


@pytest.fixture
async def limiter(store: AttemptStore, clock: Clock) -> AttemptLimiter:
    limiter = AttemptLimiter(store, clock=clock)
    await limiter.prepare()
    return limiter


async def admitted(limiter: AttemptLimiter, times: int, *who: str) -> int:
    count = 0
    for _ in range(times):
        try:
            await limiter.admit(*(who or ("p", "alice")))
            count += 1
        except RateLimited:
            pass
    return count


async def test_s52_exactly_five_attempts_are_let_in(limiter: AttemptLimiter) -> None:
    assert await admitted(limiter, 20) == 5


async def test_s52_the_window_slides_with_each_attempt(
    limiter: AttemptLimiter, clock: Clock
) -> None:
    assert await admitted(limiter, 3) == 3
    clock.now += 10 * MINUTE
    assert await admitted(limiter, 9) == 2
    clock.now += 5 * MINUTE
    # A fixed window would now let five in, ten within a minute.
    assert await admitted(limiter, 9) == 3
    clock.now += 10 * MINUTE
    assert await admitted(limiter, 9) == 2


async def test_s53_the_wait_that_is_told_is_enough_and_not_too_long(
    limiter: AttemptLimiter, clock: Clock
) -> None:
    await limiter.admit("p", "alice")
    clock.now += 4 * MINUTE
    await admitted(limiter, 4)
    with pytest.raises(RateLimited) as caught:
        await limiter.admit("p", "alice")
    assert caught.value.retry_after_ms == 11 * 60_000
    assert "11 minutes" in caught.value.message
    clock.now += 11 * MINUTE - 0.001
    assert await admitted(limiter, 1) == 0
    clock.now += 0.002
    assert await admitted(limiter, 1) == 1


async def test_trying_on_does_not_prolong_the_wait(limiter: AttemptLimiter, clock: Clock) -> None:
    await admitted(limiter, 5)
    for _ in range(14):
        clock.now += MINUTE
        assert await admitted(limiter, 5) == 0
    clock.now += MINUTE
    assert await admitted(limiter, 9) == 5


@pytest.mark.parametrize(
    "other",
    [
        ("p", "Alice"),
        ("p", "alice "),
        ("pa", "lice"),
        ("q", "alice"),
        ("p", "аlice"),
        ("palice", ""),
    ],
)
async def test_s18_people_with_similar_names_are_counted_apart(
    limiter: AttemptLimiter, other: tuple[str, str]
) -> None:
    assert await admitted(limiter, 6) == 5
    assert await admitted(limiter, 6, *other) == 5


async def test_s54_strangers_without_a_key_cannot_use_up_a_victims_attempts(
    limiter: AttemptLimiter,
) -> None:
    turned_away = 0
    for _ in range(60):
        try:
            await limiter.admit_stranger("203.0.113.9")
        except RateLimited:
            turned_away += 1
    assert turned_away == 10
    # Neither the victim, nor anybody at the same address with a key, notices.
    assert await admitted(limiter, 5, "p", "203.0.113.9") == 5
    assert await admitted(limiter, 5) == 5
    await limiter.admit_stranger("203.0.113.10")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("192.0.2.1, 10.0.0.1", "not an address", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
async def test_s54_an_address_counts_once_however_it_is_written(
    clock: Clock, one: str, other: str, same: bool
) -> None:
    limiter = AttemptLimiter(MemoryAttemptStore(), max_attempts=1, clock=clock)
    for _ in range(10):
        await limiter.admit_stranger(one)
    if not same:
        await limiter.admit_stranger(other)
        return
    with pytest.raises(RateLimited):
        await limiter.admit_stranger(other)


async def test_s37_a_clock_that_is_five_minutes_ahead_keeps_the_rule(
    store: AttemptStore, clock: Clock
) -> None:
    ahead = Clock()
    ahead.now += 5 * MINUTE
    here, there = AttemptLimiter(store, clock=clock), AttemptLimiter(store, clock=ahead)
    await here.prepare()
    assert await admitted(there, 3) + await admitted(here, 9) == 5
    with pytest.raises(RateLimited) as caught:
        await here.admit("p", "alice")
    assert 0 < (caught.value.retry_after_ms or 0) <= 15 * 60_000


async def test_s37_a_clock_that_jumped_a_year_locks_nobody_out(
    store: AttemptStore, clock: Clock
) -> None:
    wrong = Clock()
    wrong.now += 365 * 24 * 60 * MINUTE
    limiter, strange = AttemptLimiter(store, clock=clock), AttemptLimiter(store, clock=wrong)
    await limiter.prepare()
    assert await admitted(strange, 5) == 5
    assert await admitted(limiter, 9) == 5


async def test_a_limiter_that_is_off_lets_everything_in_and_asks_no_store(clock: Clock) -> None:
    class Unreachable(MemoryAttemptStore):
        async def admit(self, key: str, *, limit: int, window_ms: int, now_ms: int) -> int:
            raise AssertionError

    assert await admitted(AttemptLimiter(Unreachable(), enabled=False, clock=clock), 50) == 50


@pytest.mark.parametrize("attempts", [1, 3, 17])
async def test_the_configured_number_is_what_is_let_in(store: AttemptStore, attempts: int) -> None:
    limiter = AttemptLimiter(store, max_attempts=attempts, clock=Clock())
    await limiter.prepare()
    assert await admitted(limiter, attempts + 5, f"p{attempts}", "alice") == attempts


@pytest.mark.parametrize(
    "place",
    [
        "redis://127.0.0.1:1/0",
        "postgresql+asyncpg://postgres@127.0.0.1:1/test",
        "sqlite+aiosqlite:///{}/damaged.sqlite",
    ],
)
async def test_s39_a_lost_backend_lets_nobody_in_and_hides_where_it_was(
    place: str, tmp_path: Path
) -> None:
    (tmp_path / "damaged.sqlite").write_bytes(b"no database" * 1000)
    place = place.format(tmp_path)
    engine: AsyncEngine | None = None
    if place.startswith("redis"):
        limiter = open_limiter(boundary("redis", place), None)
    else:
        engine = create_async_engine(place)
        limiter = open_limiter(boundary("database"), engine)
    for attempt in (limiter.prepare(), limiter.admit("p", "a"), limiter.admit_stranger("::1")):
        with pytest.raises(StorageError) as caught:
            await attempt
        told = f"{caught.value} {caught.value.developer_message} {caught.value.__cause__}"
        assert "127.0.0.1" not in told
        assert "damaged" not in told
    await limiter.close()
    if engine is not None:
        await engine.dispose()


def boundary(backend: str, redis_url: str | None = None) -> RateBoundary:
    return RateBoundary(True, 5, 900.0, backend, redis_url)  # type: ignore[arg-type]


def test_a_database_is_not_replaced_by_memory_when_there_is_none() -> None:
    with pytest.raises(ConfigurationError):
        open_limiter(boundary("database"), None)


async def test_memory_is_bounded_and_forgets_the_longest_unused_key(clock: Clock) -> None:
    store = MemoryAttemptStore(max_keys=10)
    limiter = AttemptLimiter(store, clock=clock)
    for number in range(50):
        await limiter.admit("p", f"user-{number}")
    assert len(store._kept) == 10
    assert await admitted(limiter, 9, "p", "user-49") == 4
    assert await admitted(limiter, 9, "p", "user-0") == 5


async def test_rows_whose_attempts_no_longer_count_are_swept_away(
    database: AsyncEngine, clock: Clock
) -> None:
    store = SqlAttemptStore(database)
    limiter = AttemptLimiter(store, clock=clock)
    await limiter.prepare()
    for number in range(20):
        await limiter.admit("p", f"user-{number}")
    clock.now += 31 * MINUTE
    await limiter.admit("p", "late")
    async with database.connect() as db:
        assert await db.scalar(select(func.count()).select_from(attempts)) == 1


async def test_a_redis_key_does_not_outlive_its_attempts(
    redis_place: str, prefix: str, clock: Clock
) -> None:
    store = RedisAttemptStore(redis_place, prefix=prefix)
    await AttemptLimiter(store, clock=clock).admit("p", "alice@example.com")
    redis = Redis.from_url(redis_place)
    keys = [key async for key in redis.scan_iter(f"{prefix}*")]
    assert len(keys) == 1
    assert b"alice" not in keys[0]
    assert 0 < await redis.pttl(keys[0]) <= 30 * 60_000
    await redis.aclose()
    await store.close()


async def test_s52_of_100_attempts_from_8_processes_five_are_let_in_by_sql(
    race: Race, sql_url: str, database: AsyncEngine, prefix: str
) -> None:
    found = [one for each in race(8, "attempts-sql", sql_url, prefix, "-", "13") for one in each]
    assert len(found) == 104
    assert found.count(0) == 5
    assert all(0 < wait <= 900_000 for wait in found if wait)


def test_s52_of_100_attempts_from_8_processes_five_are_let_in_by_redis(
    race: Race, redis_place: str, prefix: str
) -> None:
    waits = race(8, "attempts-redis", redis_place, prefix, "-", "13")
    found = [one for each in waits for one in each]
    assert len(found) == 104
    assert found.count(0) == 5


@given(
    steps=st.lists(st.integers(0, 400), max_size=40),
    limit=st.integers(1, 6),
    window=st.integers(1, 1000),
)
def test_no_window_ever_holds_more_than_the_limit(
    steps: list[int], limit: int, window: int
) -> None:
    now, kept, let_in = 10_000, list[int](), list[int]()
    for step in steps:
        now += step
        kept, wait = weigh_attempt(kept, limit=limit, window_ms=window, now_ms=now)
        if wait == 0:
            let_in.append(now)
        assert len(kept) <= limit
        assert sum(now - window < at <= now for at in let_in) <= limit
