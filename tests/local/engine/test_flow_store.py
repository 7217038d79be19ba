"""Steps of a flow happen once, in order, and old flows do not pile up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from arcade_gmail_local.engine import tables
from arcade_gmail_local.engine.authorization.flows import FlowStore, digest
from arcade_gmail_local.engine.database import open_database, prepare_database
from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring


class Time:
    now = 1_000_000.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FlowStore]:
    engine = open_database(f"sqlite+aiosqlite:///{tmp_path / 'flows.db'}")
    await prepare_database(engine)
    Time.now = 1_000_000.0
    yield FlowStore(
        engine,
        Keyring(new_key()),
        project="p",
        clock=lambda: Time.now,
        flow_ttl_s=3600,
        state_ttl_s=600,
    )
    await engine.dispose()


async def test_s06_of_many_parallel_consumers_of_a_state_one_wins(store: FlowStore) -> None:
    flow = await store.open("alice", "google", ("a",), None)
    await store.begin(flow, state="s", cookie="c", verifier="v")
    attempt = await store.attempt(digest("s"))
    assert attempt is not None
    won = await asyncio.gather(*(store.consume(attempt) for _ in range(50)))
    assert sorted(won) == [False] * 49 + [True]


async def test_s07_a_state_that_expired_after_it_was_read_is_not_consumed(
    store: FlowStore,
) -> None:
    flow = await store.open("alice", "google", ("a",), None)
    await store.begin(flow, state="s", cookie="c", verifier="v")
    attempt = await store.attempt(digest("s"))
    assert attempt is not None
    Time.now += 600
    assert await store.attempt(digest("s")) is None
    assert not await store.consume(attempt)


async def test_a_code_is_claimed_once_and_no_step_is_skipped(store: FlowStore) -> None:
    flow = await store.open("alice", "google", ("a",), None)
    await store.begin(flow, state="s", cookie="c", verifier="v")
    attempt = await store.attempt(digest("s"))
    assert attempt is not None
    assert not await store.claim(flow)
    assert not await store.complete(flow)
    assert await store.hold(flow, attempt, "code")
    assert not await store.hold(flow, attempt, "another code")
    claimed = await asyncio.gather(*(store.claim(flow) for _ in range(20)))
    assert sorted(claimed) == [False] * 19 + [True]
    held = await store.by_id(flow.id)
    assert held is not None
    assert store.code_and_verifier(held, attempt) == ("code", "v")
    assert await store.complete(flow)
    assert not await store.fail(flow, "late")


async def test_s41_a_code_moved_to_another_flow_does_not_open(store: FlowStore) -> None:
    flows = []
    for user_id in ("alice", "mallory"):
        flow = await store.open(user_id, "google", ("a",), None)
        await store.begin(flow, state=user_id, cookie="c", verifier="v")
        attempt = await store.attempt(digest(user_id))
        assert attempt is not None
        await store.hold(flow, attempt, f"code of {user_id}")
        flows.append((await store.by_id(flow.id), attempt))
    (alice, _), (_, other) = flows
    assert alice is not None
    with pytest.raises(StorageError):
        store.code_and_verifier(alice, other)


async def test_the_same_wish_gets_the_same_flow_until_half_its_time_is_over(
    store: FlowStore,
) -> None:
    first = await store.open("alice", "google", ("a", "b"), None)
    assert (await store.open("alice", "google", ("b", "a"), None)).id == first.id
    for user_id, scopes, next_uri in (
        ("Alice", ("a", "b"), None),
        ("alice", ("a",), None),
        ("alice", ("a", "b"), "http://localhost/"),
    ):
        assert (await store.open(user_id, "google", scopes, next_uri)).id != first.id
    Time.now += 1801
    assert (await store.open("alice", "google", ("a", "b"), None)).id != first.id


async def test_flows_and_attempts_are_swept_a_day_after_their_end(store: FlowStore) -> None:
    for number in range(20):
        flow = await store.open(f"user{number}", "google", ("a",), None)
        await store.begin(flow, state=f"s{number}", cookie="c", verifier="v")
    Time.now += 3600 + 86_401
    await store.open("later", "google", ("a",), None)
    async with store._engine.connect() as db:
        counts = [
            (await db.execute(select(func.count()).select_from(table))).scalar()
            for table in (tables.flows, tables.attempts)
        ]
    assert counts == [1, 0]
