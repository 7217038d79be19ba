"""What goes wrong during a refresh, in one process; see test_fleet_* for many."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    ConnectionFailed,
    RequestRefused,
    StorageError,
    StorageUnavailable,
    Unavailable,
)
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenKey

Connect = Callable[..., Any]
Make = Callable[..., SecureTokenManager]
ANN = TokenKey("p1", "ann", "google")


class FaultyStore:
    """Pass everything on, but fail the named method as often as is said, before or after it."""

    def __init__(self, store: Any, method: str, *, times: int, after: bool = False) -> None:
        self._store = store
        self._method = method
        self.left = times
        self._after = after

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._store, name)
        if name != self._method:
            return given

        async def failing(*args: Any, **kwargs: Any) -> Any:
            broken, self.left = self.left > 0, self.left - 1
            if broken and not self._after:
                raise StorageUnavailable("lost")
            found = await given(*args, **kwargs)
            if broken:
                raise StorageUnavailable("lost")
            return found

        return failing


async def test_030_many_callers_in_one_process_share_one_call(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    clock.now += 3600
    found = await asyncio.gather(*(manager.token_for("ann") for _ in range(100)))
    assert {str(one.access_token) for one in found} == {"canary-access-1"}
    assert len(provider.calls) == 1


async def test_030_many_managers_on_one_store_share_one_call(
    make_manager: Make, connect: Connect, clock: Any, provider: Any
) -> None:
    managers = [make_manager() for _ in range(16)]
    await connect(managers[0])
    clock.now += 3600
    found = await asyncio.gather(*(one.token_for("ann") for one in managers))
    assert {str(one.access_token) for one in found} == {"canary-access-1"}
    assert len(provider.calls) == 1


async def test_031_a_provider_slower_than_the_lease_is_still_asked_once(
    make_manager: Make, connect: Connect, clock: Any, provider: Any
) -> None:
    first, second = make_manager(policy={"lease_s": 0.3}), make_manager(policy={"lease_s": 0.3})
    await connect(first)
    clock.now += 3600
    provider.gate = asyncio.Event()
    refreshing = asyncio.create_task(first.token_for("ann"))
    await provider.asked.wait()
    waiting = asyncio.create_task(second.token_for("ann"))
    done, _ = await asyncio.wait({refreshing, waiting}, timeout=1.0)
    assert not done, "the lease has been renewed three times by now"
    provider.gate.set()
    assert (await refreshing).access_token == (await waiting).access_token == "canary-access-1"
    assert len(provider.calls) == 1


async def test_034_a_store_that_fails_for_a_moment_after_a_refresh_is_tried_again(
    make_manager: Make, store: Any, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(make_manager())
    clock.now += 3600
    manager = make_manager(store=FaultyStore(store, "put_if_generation", times=2))
    assert (await manager.token_for("ann")).access_token == "canary-access-1"
    assert (await make_manager().token_for("ann")).access_token == "canary-access-1"
    assert len(provider.calls) == 1


async def test_034_a_store_that_keeps_failing_fails_closed(
    make_manager: Make, store: Any, connect: Connect, clock: Any, provider: Any
) -> None:
    held = await connect(make_manager())
    clock.now += 3600
    manager = make_manager(
        store=FaultyStore(store, "put_if_generation", times=3), policy={"max_writes": 3}
    )
    with pytest.raises(StorageError):
        await manager.token_for("ann")
    assert await manager.connection("ann") == held
    assert await manager.get_user_context("ann") == {"needs_refresh": True}
    assert (await manager.token_for("ann")).access_token == "canary-access-2"


async def test_034_a_write_whose_answer_was_lost_is_recognised(
    make_manager: Make, store: Any, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(make_manager())
    clock.now += 3600
    manager = make_manager(store=FaultyStore(store, "put_if_generation", times=1, after=True))
    assert (await manager.token_for("ann")).access_token == "canary-access-1"
    assert (await make_manager().token_for("ann")).access_token == "canary-access-1"
    assert len(provider.calls) == 1


async def test_036_a_caller_that_gives_up_takes_the_refresh_from_nobody(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    callers = [asyncio.create_task(manager.token_for("ann")) for _ in range(5)]
    await provider.asked.wait()
    for caller in callers[:4]:
        caller.cancel()
    provider.gate.set()
    assert (await callers[4]).access_token == "canary-access-1"
    ended = await asyncio.gather(*callers[:4], return_exceptions=True)
    assert [type(one) for one in ended] == [asyncio.CancelledError] * 4, ended


async def test_036_when_every_caller_gives_up_the_refresh_is_kept_and_the_lease_freed(
    make_manager: Make, store: Any, connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager()
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    caller = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    provider.gate.set()
    assert (await make_manager().token_for("ann")).access_token == "canary-access-1"
    assert len(provider.calls) == 1
    await asyncio.gather(*manager._refresher._running.values())
    assert await store.acquire_lease(ANN, "next", 5.0) is None


async def test_036_a_cancelled_holder_frees_the_lease(
    make_manager: Make, store: Any, connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager(policy={"lease_s": 60.0})
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    caller = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    assert await store.acquire_lease(ANN, "next", 5.0) is not None
    await manager._refresher.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await store.acquire_lease(ANN, "next", 5.0) is None


async def test_036_a_waiter_cancelled_while_another_holds_the_lease_leaves_it_alone(
    make_manager: Make, store: Any, connect: Connect, clock: Any
) -> None:
    manager = make_manager()
    await connect(manager)
    clock.now += 3600
    await store.acquire_lease(ANN, "other", 30.0)
    caller = asyncio.create_task(manager.token_for("ann"))
    await asyncio.wait({caller}, timeout=0.1)
    await manager._refresher.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await store.acquire_lease(ANN, "next", 5.0) is not None


async def test_038_a_provider_that_hangs_is_given_up_and_left_alone_for_that_user_only(
    make_manager: Make, connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager(policy={"provider_timeout_s": 0.2})
    await connect(manager)
    await connect(manager, "bob", refresh_token="canary-refresh-bob")
    clock.now += 3600
    provider.gate = asyncio.Event()
    with pytest.raises(Unavailable) as given_up:
        await manager.token_for("ann")
    assert given_up.value.retry_after_ms
    for one in (manager, make_manager()):
        with pytest.raises(Unavailable):
            await one.token_for("ann")
    assert provider.calls == ["canary-refresh-0"]
    provider.gate.set()
    assert (await manager.token_for("bob")).access_token == "canary-access-2"


@pytest.mark.parametrize(
    "trouble",
    [
        Unavailable("503"),
        ConnectionFailed("reset", sent=True),
        RequestRefused("400"),
        ConfigurationError("invalid_client"),
    ],
)
async def test_025_026_a_provider_in_trouble_costs_no_connection(
    make_manager: Make, connect: Connect, clock: Any, provider: Any, trouble: Exception
) -> None:
    manager = make_manager(policy={"cooldown_s": 0.05})
    held = await connect(manager)
    clock.now += 3600
    provider.fails = trouble
    with pytest.raises((Unavailable, ConfigurationError)):
        await manager.token_for("ann")
    assert await manager.connection("ann") == held
    provider.fails = None
    async with asyncio.timeout(5):
        while True:
            try:
                token = await manager.token_for("ann")
                break
            except Unavailable:
                await asyncio.sleep(0.02)
    assert token.access_token == f"canary-access-{len(provider.calls)}"


async def test_038_a_token_that_still_works_is_served_while_the_provider_does_not(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    provider.fails = Unavailable("503")
    clock.now += 3500
    for _ in range(3):
        assert (await manager.token_for("ann")).access_token == "canary-access-0"
    assert len(provider.calls) == 1
    clock.now += 90
    with pytest.raises(Unavailable):
        await manager.token_for("ann")


async def test_057_what_cannot_be_audited_does_not_happen(
    manager: SecureTokenManager, connect: Connect, clock: Any, events: Any
) -> None:
    held = await connect(manager)
    clock.now += 3600
    events.broken = StorageError("the audit cannot be written")
    with pytest.raises(StorageError):
        await manager.token_for("ann")
    with pytest.raises(StorageError):
        await manager.disconnect("ann")
    with pytest.raises(StorageError):
        await connect(manager, "bob")
    assert await manager.connection("ann") == held
    assert await manager.connection("bob") is None


async def test_every_change_is_told_to_the_audit_without_a_secret(
    manager: SecureTokenManager, connect: Connect, clock: Any, events: Any, provider: Any
) -> None:
    await connect(manager)
    clock.now += 3600
    token = await manager.token_for("ann")
    await manager.mark_rejected("ann", token.access_token)
    await manager.disconnect("ann")
    assert events.names == [
        ("token.stored", "started"),
        ("token.refreshed", "succeeded"),
        ("token.rejected", "refused"),
        ("token.refreshed", "succeeded"),
        ("token.erased", "started"),
    ]
    assert "canary" not in str(list(events))


async def test_nothing_is_left_running_or_held_after_many_refreshes(
    manager: SecureTokenManager, connect: Connect, clock: Any
) -> None:
    users = [f"user {n}" for n in range(30)]
    for user in users:
        await connect(manager, user)
    clock.now += 3600
    await asyncio.gather(*(manager.token_for(user) for user in users))
    await manager.flush()
    gc.collect()
    assert manager._refresher._running == {}
    assert manager._uses._used == {}
