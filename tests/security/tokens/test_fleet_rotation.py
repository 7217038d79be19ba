"""43: a rotation that is killed, and one among processes that still seal with the old key."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager

pytestmark = pytest.mark.server

Connect = Callable[..., Any]
USERS = [f"user-{n}" for n in range(120)]


@pytest.fixture
async def connected(owner: SecureTokenManager, connect: Connect) -> SecureTokenManager:
    for user in USERS:
        await connect(owner, user, access_token=f"canary-of-{user}")
    return owner


async def tokens_under(place: Any, keyring: Keyring, provider: Any) -> dict[str, str]:
    """Open everything with one keyring alone."""
    manager = SecureTokenManager(
        place.open(), keyring, project="p1", providers={"google": provider}
    )
    await manager.prepare()
    found = {user: str((await manager.token_for(user)).access_token) for user in USERS}
    await manager.close()
    return found


@pytest.mark.parametrize("step", ["before reseal", "after reseal"])
async def test_043_a_rotation_killed_in_the_middle_goes_on_where_it_was(
    fleet: Any, connected: Any, keyrings: dict[str, Keyring], provider: Any, step: str
) -> None:
    killed, again = await fleet.run(
        job="rotate",
        keys=["k2", "k1"],
        batch=10,
        step=step,
        skip=4,
        then={"batch": 1000},
    )
    assert killed["signal"] == signal.SIGKILL
    assert again["still_needed"] == []
    assert 0 < again["resealed"] < len(USERS), "some were done before, and are not done again"
    found = await tokens_under(fleet.place, keyrings["k2"], provider)
    assert found == {user: f"canary-of-{user}" for user in USERS}


async def test_043_a_rotation_among_processes_that_still_seal_with_the_old_key_loses_nothing(
    fleet: Any, connected: Any, keyrings: dict[str, Keyring], provider: Any
) -> None:
    older = await fleet.start(job="refresh_all", processes=3, keys=["k1", "k2"], users=USERS)
    rotating = await fleet.start(job="rotate", keys=["k2", "k1"], batch=10)
    worked, (_first,) = await asyncio.gather(fleet.result(older), fleet.result(rotating))
    assert [one.get("users") for one in worked] == [40, 40, 40]
    (last,) = await fleet.run(job="rotate", keys=["k2", "k1"], batch=10)
    assert last["still_needed"] == []
    found = await tokens_under(fleet.place, keyrings["k2"], provider)
    assert len(fleet.provider.calls) == len(USERS)
    assert sorted(found.values()) == sorted(f"canary-access-{n + 1}" for n in range(len(USERS)))
