"""A process that is killed in the middle of a refresh, on each real store."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager

pytestmark = pytest.mark.server

Connect = Callable[..., Any]


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        ("after acquire_lease", 1),
        ("provider answered", 2),
        ("after put_if_generation", 1),
        ("before release_lease", 1),
    ],
)
async def test_033_a_process_killed_at_any_step_is_recovered_from(
    fleet: Any, owner: SecureTokenManager, connect: Connect, step: str, calls: int
) -> None:
    await connect(owner, expires_in=0)
    killed, *recovered = await fleet.run(step=step, policy={"lease_s": 0.5}, then={"processes": 2})
    assert killed["signal"] == signal.SIGKILL
    assert len(fleet.provider.calls) == calls
    stored = await owner.token_for("ann")
    # What the killed one got but did not store is served to nobody.
    assert stored.access_token == f"canary-access-{calls}"
    assert [one["token"] for one in recovered] == [stored.access_token] * 2
