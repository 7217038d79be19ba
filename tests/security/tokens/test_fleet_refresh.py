"""Real processes that refresh one user's tokens, on each real store."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager

pytestmark = pytest.mark.server

Connect = Callable[..., Any]


async def test_030_sixteen_processes_that_refresh_together_make_one_call(
    fleet: Any, owner: SecureTokenManager, connect: Connect
) -> None:
    await connect(owner, expires_in=0)
    fleet.provider.delay_s = 0.2
    found = await fleet.run(processes=16)
    assert len({one["pid"] for one in found}) == 16
    assert {one.get("token") for one in found} == {"canary-access-1"}
    assert fleet.provider.calls == ["canary-refresh-0"]


async def test_031_a_provider_slower_than_the_lease_gets_one_call_from_all_processes(
    fleet: Any, owner: SecureTokenManager, connect: Connect
) -> None:
    await connect(owner, expires_in=0)
    fleet.provider.delay_s = 1.5
    found = await fleet.run(processes=4, policy={"lease_s": 0.5})
    assert [one.get("token") for one in found] == ["canary-access-1"] * 4
    assert len(fleet.provider.calls) == 1


async def test_032_a_holder_stopped_past_its_lease_loses_its_write(
    fleet: Any, owner: SecureTokenManager, connect: Connect
) -> None:
    await connect(owner, expires_in=0)
    policy = {"lease_s": 0.4}
    stopped = await fleet.start(step="provider answered", signal="SIGSTOP", policy=policy)
    async with asyncio.timeout(15):
        while not (pid := stopped_child_of(stopped.pid)):  # noqa: ASYNC110  (/proc rings no bell)
            await asyncio.sleep(0.02)
    try:
        second = await fleet.run(policy=policy)
        assert [one["token"] for one in second] == ["canary-access-2"]
    finally:
        os.kill(pid, signal.SIGCONT)
    first = await fleet.result(stopped)
    assert [one["token"] for one in first] == ["canary-access-2"], "its own was never stored"
    record = await owner.connection("ann")
    assert record is not None
    assert record.generation == second[0]["generation"] == first[0]["generation"]


def stopped_child_of(parent: int) -> int | None:
    """Give the one child of a process, once it is stopped."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
            return int(child)
    return None
