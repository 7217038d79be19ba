"""43: from one key to the next, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import ConfigurationError, StorageError
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens

Connect = Callable[..., Any]
Make = Callable[..., SecureTokenManager]
Rings = dict[str, Keyring]


async def test_043_from_k1_over_both_to_k2_nothing_is_lost(
    make_manager: Make, connect: Connect, keyrings: Rings, store: Any
) -> None:
    users = [f"user {n}" for n in range(60)]
    for user in users:
        refresh_token = None if user == "user 7" else f"canary-refresh-of-{user}"
        await connect(
            make_manager(keyring=keyrings["k1"]),
            user,
            access_token=f"canary-{user.replace(' ', '-')}",
            refresh_token=refresh_token and refresh_token.replace(" ", "-"),
        )
    before = {user: await make_manager().connection(user) for user in users}
    done = await rotate_tokens(store, keyrings["k2+k1"], batch=8)
    assert (done.complete, done.unreadable, done.resealed >= 60) == (True, 0, True)
    after = make_manager(keyring=keyrings["k2"])
    await after.prepare()
    for user in users:
        token = await after.token_for(user)
        assert token.access_token == f"canary-{user.replace(' ', '-')}"
        old = before[user]
        assert old is not None
        assert token.record.generation == old.generation
        assert (token.record.sealed_refresh is None) == (user == "user 7")


async def test_043_a_second_run_has_nothing_to_do(
    manager: SecureTokenManager, connect: Connect, keyrings: Rings, store: Any
) -> None:
    await connect(manager)
    await rotate_tokens(store, keyrings["k2+k1"])
    again = await rotate_tokens(store, keyrings["k2+k1"])
    assert (again.resealed, again.complete) == (0, True)


async def test_043_a_start_is_refused_when_a_needed_key_is_gone(
    make_manager: Make, connect: Connect, keyrings: Rings
) -> None:
    await connect(make_manager(keyring=keyrings["k1"]))
    with pytest.raises(ConfigurationError, match=keyrings["k1"].newest_id):
        await make_manager(keyring=keyrings["k2"]).prepare()
    await make_manager(keyring=keyrings["k2+k1"]).prepare()


async def test_043_both_keys_are_needed_while_both_are_in_use(
    make_manager: Make, connect: Connect, keyrings: Rings
) -> None:
    manager = make_manager(keyring=keyrings["k1"])
    await connect(manager)
    await connect(make_manager(keyring=keyrings["k2+k1"]), "bob")
    assert await manager.needed_key_ids() == keyrings["k1+k2"].key_ids


async def test_043_a_process_that_lacks_the_new_key_fails_and_loses_nothing(
    make_manager: Make, connect: Connect, keyrings: Rings, clock: Any, provider: Any
) -> None:
    new = make_manager(keyring=keyrings["k2+k1"])
    held = await connect(new)
    clock.now += 3600
    old = make_manager(keyring=keyrings["k1"])
    with pytest.raises(StorageError):
        await old.token_for("ann")
    with pytest.raises(StorageError):
        await connect(old, refresh_token=None)
    assert provider.calls == []
    assert await new.connection("ann") == held


async def test_043_a_refresh_under_way_while_its_record_is_resealed_is_kept(
    make_manager: Make, connect: Connect, keyrings: Rings, store: Any, clock: Any, provider: Any
) -> None:
    manager = make_manager(keyring=keyrings["k1+k2"])
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    refreshing = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    assert (await rotate_tokens(store, keyrings["k2+k1"])).complete
    provider.gate.set()
    assert (await refreshing).access_token == "canary-access-1"
    assert await manager.needed_key_ids() == keyrings["k1"].key_ids
    assert (await rotate_tokens(store, keyrings["k2+k1"])).complete
    token = await make_manager(keyring=keyrings["k2"]).token_for("ann")
    assert token.access_token == "canary-access-1"


async def test_043_what_no_key_opens_is_left_and_named(
    make_manager: Make, connect: Connect, keyrings: Rings, store: Any
) -> None:
    await connect(make_manager(keyring=keyrings["k1"]), "ann")
    await connect(make_manager(keyring=keyrings["k2"]), "bob")
    done = await rotate_tokens(store, Keyring(new_key()))
    assert (done.resealed, done.unreadable, done.complete) == (0, 2, False)
    assert done.still_needed == keyrings["k1+k2"].key_ids
