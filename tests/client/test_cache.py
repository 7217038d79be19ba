"""The cache of users' tools: exact, bounded, and one load for many who ask."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from typing import Any

import pytest
from arcadepy.types import ToolDefinition
from fake_engine import Clock, FakeEngine, definition, refused

from arcade_gmail_multiuser.client import UserContextCache
from arcade_gmail_multiuser.errors import EngineUnavailable, InvalidInput

ALICE, BOB = "alice@example.com", "bob@example.com"


def tool(name: str) -> ToolDefinition:
    return ToolDefinition.model_validate(definition(name))


def test_a_hundred_thousand_lookups_show_exact_lru() -> None:
    cache, model = UserContextCache(1000), OrderedDict[str, None]()
    draw = random.Random(7)
    hits = evictions = 0
    for _ in range(100_000):
        user = f"user{int(draw.triangular(0, 10_000, 0))}"
        expected = user in model
        assert (cache.get_cached_tools(user) is not None) == expected
        hits += expected
        if not expected:
            cache.set_cached_tools(user, ())
            if len(model) == 1000:
                model.popitem(last=False)
                evictions += 1
        model[user] = None
        model.move_to_end(user)
    stats = cache.stats
    assert (stats.hits, stats.misses) == (hits, 100_000 - hits)
    assert (stats.evictions, stats.size) == (evictions, 1000)
    assert stats.hit_rate == hits / 100_000
    assert 0 < hits < 100_000


def test_an_entry_lives_for_its_time_however_often_it_is_read(clock: Clock) -> None:
    cache = UserContextCache(ttl_ms=1000, clock=clock)
    cache.set_cached_tools(ALICE, [tool("A")])
    for _ in range(9):
        clock.now += 0.1
        assert cache.get_cached_tools(ALICE)
    clock.now += 0.2
    assert cache.get_cached_tools(ALICE) is None
    assert cache.stats.expirations == 1
    assert (cache.stats.size, cache.stats.bytes) == (0, 0)


def test_tools_in_another_form_are_kept_and_weighed_too() -> None:
    described: Any = [{"type": "function", "function": {"name": "GmailMultiuser_ListEmails"}}]
    cache = UserContextCache(max_bytes=1000)
    cache.set_cached_tools(ALICE, described)
    assert cache.get_cached_tools(ALICE) == described
    assert 50 < cache.stats.bytes < 200
    cache.set_cached_tools(BOB, described * 100)
    assert cache.get_cached_tools(BOB) is None


def test_bytes_are_bounded_and_count_what_is_kept(clock: Clock) -> None:
    size = len(tool("A").model_dump_json())
    cache = UserContextCache(max_bytes=3 * size, ttl_ms=1000, clock=clock)
    for number in range(5):
        cache.set_cached_tools(f"u{number}", [tool("A")])
    assert [n for n in range(5) if cache.get_cached_tools(f"u{n}")] == [2, 3, 4]
    assert cache.stats.bytes == 3 * size
    assert cache.stats.evictions == 2
    cache.set_cached_tools("u4", [])
    cache.invalidate("u3")
    assert cache.stats.bytes == size
    cache.set_cached_tools("u2", [tool("A")] * 4)
    assert (cache.stats.refused, cache.stats.bytes, cache.stats.size) == (1, 0, 1)


async def test_users_whose_lists_are_equal_share_one_and_a_different_one_is_not_mixed_up(
    engine: FakeEngine,
) -> None:
    plain, granted = engine.tools, [definition("ListEmails", scopes=("granted",))]

    def tools(asked: Any) -> Any:
        engine.tools = granted if asked.query["user_id"] == ALICE else plain
        return engine.page(asked)

    engine.on("/v1/tools", tools)
    cache, client = UserContextCache(), engine.arcade()
    report = await cache.warm_cache(client, [ALICE, *(f"user{n}" for n in range(50))])
    assert report.loaded == 51
    one, other, alice = (cache.get_cached_tools(user) or [] for user in ("user1", "user2", ALICE))
    assert one[0] is other[0]
    assert (len(one), len(alice)) == (len(plain), 1)
    assert cache.stats.bytes == sum(len(t.model_dump_json()) for t in [*one, *alice])
    for number in range(50):
        cache.invalidate(f"user{number}")
    assert cache.stats.bytes == len(alice[0].model_dump_json())
    cache.invalidate(ALICE)
    assert (cache.stats.bytes, cache._entries._shared) == (0, {})


@pytest.mark.parametrize("wrong", [{"max_cache_size": 0}, {"ttl_ms": 0}, {"max_bytes": 0}])
def test_a_cache_without_room_or_time_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        UserContextCache(**wrong)


def test_nobody_can_change_what_others_are_given() -> None:
    cache = UserContextCache()
    cache.set_cached_tools(ALICE, [tool("A")])
    given = cache.get_cached_tools(ALICE)
    assert given is not None
    given.clear()
    assert len(cache.get_cached_tools(ALICE) or ()) == 1


class Loader:
    """A load that a test holds up, and that counts itself."""

    def __init__(self, *tools: ToolDefinition) -> None:
        self.tools = tools
        self.loads = 0
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self) -> tuple[ToolDefinition, ...]:
        self.loads += 1
        self.begun.set()
        await self.go_on.wait()
        return self.tools


async def test_simultaneous_misses_of_one_user_load_once_and_of_two_users_twice() -> None:
    cache, load = UserContextCache(), Loader(tool("A"))
    load.go_on.set()
    asking = [cache.get_or_load(user, load) for user in (ALICE, BOB) for _ in range(50)]
    assert all(len(found) == 1 for found in await asyncio.gather(*asking))
    assert load.loads == 2


async def test_a_waiter_who_leaves_does_not_cost_the_others_their_load() -> None:
    cache, load = UserContextCache(), Loader(tool("A"))
    first, second = (asyncio.ensure_future(cache.get_or_load(ALICE, load)) for _ in range(2))
    await load.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    load.go_on.set()
    assert len(await second) == 1
    assert load.loads == 1


async def test_when_all_waiters_leave_the_load_ends_and_the_next_begins_anew() -> None:
    cache, load = UserContextCache(), Loader(tool("A"))
    before = asyncio.all_tasks()
    waiters = [asyncio.ensure_future(cache.get_or_load(ALICE, load)) for _ in range(2)]
    await load.begun.wait()
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert (cache._loading, cache._generations, len(cache._flights)) == ({}, {}, 0)
    load.go_on.set()
    assert len(await cache.get_or_load(ALICE, load)) == 1
    assert load.loads == 2


async def test_an_invalidation_during_a_load_wins() -> None:
    cache, stale, fresh = UserContextCache(), Loader(tool("Old")), Loader(tool("New"))
    loaders = iter([stale, fresh])

    async def load() -> Any:
        return await next(loaders)()

    waiting = asyncio.ensure_future(cache.get_or_load(ALICE, load))
    await stale.begun.wait()
    cache.invalidate(ALICE)
    stale.go_on.set()
    fresh.go_on.set()
    assert [one.name for one in await waiting] == ["New"]
    assert [one.name for one in cache.get_cached_tools(ALICE) or ()] == ["New"]
    assert (cache._loading, cache._generations) == ({}, {})


async def test_who_asks_after_an_invalidation_is_not_given_the_load_before_it() -> None:
    cache, stale, fresh = UserContextCache(), Loader(tool("Old")), Loader(tool("New"))
    early = asyncio.ensure_future(cache.get_or_load(ALICE, stale))
    await stale.begun.wait()
    cache.invalidate(ALICE)
    late = asyncio.ensure_future(cache.get_or_load(ALICE, fresh))
    await fresh.begun.wait()
    fresh.go_on.set()
    assert [one.name for one in await late] == ["New"]
    stale.go_on.set()
    assert [one.name for one in await early] == ["New"]
    assert [one.name for one in cache.get_cached_tools(ALICE) or ()] == ["New"]


async def test_a_failed_load_is_told_to_all_who_wait_and_not_kept() -> None:
    cache = UserContextCache()

    async def fail() -> Any:
        raise EngineUnavailable("away")

    asking = [cache.get_or_load(ALICE, fail) for _ in range(3)]
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in found] == [EngineUnavailable] * 3
    load = Loader(tool("A"))
    load.go_on.set()
    assert await cache.get_or_load(ALICE, load)


@pytest.mark.slow
async def test_a_warm_up_of_five_thousand_reports_the_one_percent_that_fail() -> None:
    engine = FakeEngine(tools=[definition("ListEmails"), definition("SendEmail")])
    unlucky = {f"user{n}" for n in range(0, 5000, 100)}

    def tools(asked: Any) -> Any:
        return refused(503) if asked.query["user_id"] in unlucky else engine.page(asked)

    engine.on("/v1/tools", tools)
    cache, progress = UserContextCache(5000), []
    client = engine.arcade(max_retries=0)
    report = await cache.warm_cache(
        client,
        (f"user{n}" for n in range(5000)),
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert set(report.failed) == unlucky
    assert all(isinstance(one, EngineUnavailable) for one in report.failed.values())
    assert (report.loaded, report.present, cache.stats.size) == (4950, 0, 4950)
    assert progress == [(n, 5000) for n in range(1, 5001)]
    assert [one.name for one in cache.get_cached_tools("user1") or ()] == [
        "ListEmails",
        "SendEmail",
    ]


async def test_a_warm_up_keeps_as_many_loads_under_way_as_it_was_told_and_no_more(
    engine: FakeEngine,
) -> None:
    eight, in_flight, most = asyncio.Barrier(8), 0, 0

    async def tools(asked: Any) -> Any:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await eight.wait()
        in_flight -= 1
        return engine.page(asked)

    engine.on("/v1/tools", tools)
    people = [f"user{n}" for n in range(40)]
    report = await UserContextCache().warm_cache(engine.arcade(), people, concurrency=8)
    assert (report.loaded, most) == (40, 8)


async def test_a_warm_up_reads_all_pages_asks_nobody_twice_and_reports_blank_ids(
    engine: FakeEngine,
) -> None:
    engine.tools = [definition(f"Get{n}") for n in range(230)]
    cache = UserContextCache()
    cache.set_cached_tools(BOB, [])
    report = await cache.warm_cache(engine.arcade(), [ALICE, BOB, ALICE, ""])
    assert (report.loaded, report.present, list(report.failed)) == (1, 1, [""])
    assert len(cache.get_cached_tools(ALICE) or ()) == 230
    assert [call.query["user_id"] for call in engine.asked] == [ALICE] * 3


async def test_pages_are_read_to_the_end_also_without_a_total_and_foreign_tools_left_out(
    engine: FakeEngine,
) -> None:
    engine.tools = [definition(f"Get{n}") for n in range(150)]
    engine.tools[3] = definition("Get3", toolkit="Slack")

    def page(asked: Any) -> Any:
        found = engine.page(asked)
        del found["total_count"]
        return found

    engine.on("/v1/tools", page)
    cache = UserContextCache()
    await cache.warm_cache(engine.arcade(), [ALICE])
    assert len(cache.get_cached_tools(ALICE) or ()) == 149


@pytest.mark.parametrize("page", [{"items": "x"}, {"items": [7]}, {"items": [{}]}, [], "x"])
async def test_a_list_of_tools_that_nobody_can_read_is_an_error(
    engine: FakeEngine, page: Any
) -> None:
    engine.on("/v1/tools", page)
    report = await UserContextCache().warm_cache(engine.arcade(), [ALICE])
    assert type(report.failed[ALICE]) is EngineUnavailable
