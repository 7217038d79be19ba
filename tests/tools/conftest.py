"""The tools against a running sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
from world import World

from arcade_gmail_multiuser.gmail.api import client as gmail_client
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy
from arcade_gmail_multiuser.gmail.api.transport import close_transport
from arcade_gmail_multiuser.gmail.compose import send


@pytest.fixture
async def world(sandbox: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Let the tools find the sandbox, and neither wait between attempts nor keep to a quota."""
    monkeypatch.setenv("GMAIL_API_ENDPOINT", sandbox.url)
    # The waits between attempts are tested where they are made; here they only cost time.
    monkeypatch.setattr(
        gmail_client, "RetryPolicy", partial(RetryPolicy, base_s=0.001, cap_s=0.005)
    )
    monkeypatch.setattr(send, "PAUSES_S", (0.0, 0.0))
    generous = Quota(units_per_minute=10**9)
    monkeypatch.setattr(gmail_client, "shared_quota", lambda: generous)
    yield sandbox
    await close_transport()
