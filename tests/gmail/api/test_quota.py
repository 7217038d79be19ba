from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import DeadlineExceeded, RateLimited
from arcade_gmail_multiuser.gmail.api import quota as quota_module
from arcade_gmail_multiuser.gmail.api.quota import Deadline, Quota, units_of
from arcade_gmail_multiuser.gmail.api.requests import described_methods


@pytest.fixture
def quota(fake_time: Any) -> Quota:
    return Quota(in_flight=2, units_per_minute=60, users=3, clock=fake_time.clock)


@pytest.fixture
def soon(fake_time: Any) -> Deadline:
    return Deadline(50, fake_time.clock)


class Crowd:
    """People who take a place, each in a task of its own, and keep it until they are told."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def hold(self, quota: Quota, person: str, deadline: Deadline) -> asyncio.Event:
        release = asyncio.Event()

        async def occupy() -> None:
            async with quota.admit(person, 0, deadline=deadline):
                self.entered.append(person)
                await release.wait()

        self.tasks.append(asyncio.create_task(occupy()))
        await settle()
        return release


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    crowd = Crowd()
    yield crowd
    for task in crowd.tasks:
        task.cancel()
    await asyncio.gather(*crowd.tasks, return_exceptions=True)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_person_has_so_many_places_and_the_rest_wait_their_turn(
    crowd: Crowd, quota: Quota, soon: Deadline
) -> None:
    first = await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    assert len(crowd.entered) == 2
    first.set()
    await settle()
    assert len(crowd.entered) == 3


async def test_one_persons_crowd_never_delays_another(
    crowd: Crowd, quota: Quota, soon: Deadline
) -> None:
    for _ in range(20):
        await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "bob", soon)
    assert crowd.entered == ["alice", "alice", "bob"]


async def test_a_cancelled_holder_gives_its_place_back(
    crowd: Crowd, quota: Quota, soon: Deadline
) -> None:
    for _ in range(3):
        await crowd.hold(quota, "alice", soon)
    crowd.tasks[0].cancel()
    await settle()
    assert len(crowd.entered) == 3


async def test_a_cancelled_waiter_leaves_the_line(
    crowd: Crowd, quota: Quota, soon: Deadline
) -> None:
    first = await crowd.hold(quota, "alice", soon)
    second = await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    crowd.tasks[2].cancel()
    await settle()
    first.set()
    second.set()
    await settle()
    await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    assert len(crowd.entered) == 4


async def test_a_waiter_cancelled_just_as_its_turn_comes_passes_the_place_on(
    crowd: Crowd, quota: Quota, soon: Deadline
) -> None:
    first = await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    await crowd.hold(quota, "alice", soon)
    first.set()
    await asyncio.sleep(0)  # the holder has left, the third has not woken up yet
    crowd.tasks[2].cancel()
    await settle()
    assert len(crowd.entered) == 3


async def test_waiting_for_a_place_ends_at_the_deadline_with_nothing_sent(
    crowd: Crowd, quota: Quota
) -> None:
    loop_time = asyncio.get_running_loop().time
    long = Deadline(50, loop_time)
    await crowd.hold(quota, "alice", long)
    await crowd.hold(quota, "alice", long)
    with pytest.raises(DeadlineExceeded) as late:
        async with quota.admit("alice", 0, deadline=Deadline(0.02, loop_time)):
            pytest.fail("there was no place")
    assert late.value.sent is False


async def test_a_budget_is_spent_and_refills(quota: Quota, soon: Deadline, fake_time: Any) -> None:
    async def spend(units: int) -> None:
        async with quota.admit("alice", units, deadline=soon, sleep=fake_time.sleep):
            pass

    await spend(60)
    assert fake_time.slept == []
    await spend(5)  # one unit a second
    assert fake_time.slept == [pytest.approx(5)]
    fake_time.now += 20
    await spend(20)
    assert len(fake_time.slept) == 1


async def test_a_budget_that_cannot_suffice_in_time_says_how_long_to_wait(
    quota: Quota, fake_time: Any
) -> None:
    async with quota.admit("alice", 60, deadline=Deadline(1, fake_time.clock)):
        pass
    with pytest.raises(RateLimited) as slow:
        async with quota.admit("alice", 30, deadline=Deadline(10, fake_time.clock)):
            pytest.fail("there was no budget")
    assert slow.value.retry_after_ms == pytest.approx(30_000, abs=2)
    # What was refused is not charged.
    fake_time.now += 30
    async with quota.admit("alice", 30, deadline=Deadline(1, fake_time.clock)):
        pass


async def test_whoever_gives_up_waiting_for_budget_gets_it_back(
    quota: Quota, soon: Deadline, fake_time: Any
) -> None:
    async def cancelled(_: float) -> None:
        raise asyncio.CancelledError

    async with quota.admit("alice", 60, deadline=soon):
        pass
    with pytest.raises(asyncio.CancelledError):
        async with quota.admit("alice", 40, deadline=soon, sleep=cancelled):
            pytest.fail("it was cancelled")
    async with quota.admit("alice", 1, deadline=soon, sleep=fake_time.sleep):
        pass
    assert fake_time.slept == [pytest.approx(1)]


async def test_another_persons_budget_is_untouched(
    quota: Quota, soon: Deadline, fake_time: Any
) -> None:
    for person in ("alice", "bob"):
        async with quota.admit(person, 60, deadline=soon, sleep=fake_time.sleep):
            pass
    assert fake_time.slept == []


async def test_only_so_many_people_are_remembered_the_latest_ones(
    quota: Quota, soon: Deadline, fake_time: Any
) -> None:
    for person in ("alice", "bob", "carol", "dave"):
        async with quota.admit(person, 60, deadline=soon, sleep=fake_time.sleep):
            pass
    assert len(quota) == 3
    async with quota.admit("dave", 1, deadline=soon, sleep=fake_time.sleep):
        pass
    assert len(fake_time.slept) == 1  # dave is remembered,
    async with quota.admit("alice", 1, deadline=soon, sleep=fake_time.sleep):
        pass
    assert len(fake_time.slept) == 1  # alice was forgotten and begins anew


async def test_a_person_at_work_is_never_forgotten(
    crowd: Crowd, quota: Quota, soon: Deadline
) -> None:
    for person in ("alice", "alice", "bob", "carol", "dave", "erin"):
        await crowd.hold(quota, person, soon)
    await crowd.hold(quota, "alice", soon)
    assert crowd.entered.count("alice") == 2
    assert len(quota) == 5


def test_places_are_shared_by_all_loops_and_threads() -> None:
    quota = Quota(in_flight=1)
    inside = 0
    most = 0
    lock = threading.Lock()

    async def enter() -> None:
        nonlocal inside, most
        deadline = Deadline(30, asyncio.get_running_loop().time)
        for _ in range(50):
            async with quota.admit("alice", 0, deadline=deadline):
                with lock:
                    inside += 1
                    most = max(most, inside)
                await asyncio.sleep(0)
                with lock:
                    inside -= 1

    async def several() -> None:
        await asyncio.gather(enter(), enter())

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert (most, inside) == (1, 0)


def test_a_waiter_whose_loop_is_gone_does_not_keep_its_place() -> None:
    quota = Quota(in_flight=1)
    abandoned = asyncio.new_event_loop()

    async def enter() -> None:
        async with quota.admit("alice", 0, deadline=Deadline(30, lambda: 0.0)):
            pass

    async def scene() -> None:
        async with quota.admit("alice", 0, deadline=Deadline(30, lambda: 0.0)):
            waiting = abandoned.create_task(enter())
            for _ in range(3):
                await asyncio.to_thread(abandoned.run_until_complete, asyncio.sleep(0))
            abandoned.call_soon(waiting.cancel)
            await asyncio.to_thread(
                abandoned.run_until_complete, asyncio.gather(waiting, return_exceptions=True)
            )
            abandoned.close()
        await enter()

    asyncio.run(scene())


@pytest.mark.parametrize("method", sorted(described_methods()))
def test_every_method_costs_something(method: str) -> None:
    assert 1 <= units_of(method) <= 100


def test_the_table_knows_only_methods_that_exist() -> None:
    assert quota_module._UNITS.keys() <= described_methods().keys()


def test_the_costs_of_may_2026_are_used() -> None:
    assert (units_of("users.messages.get"), units_of("users.threads.get")) == (20, 40)
    assert units_of("users.messages.send") == 100
