"""Waiting for a person ends, whatever becomes of the authorization."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import httpx
import pytest
from fake_engine import FakeEngine, pending, refused

from arcade_gmail_multiuser.client import MultiUserGmailManager
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    AuthorizationPending,
    ConfigurationError,
    WrongUser,
)

ALICE, BOB = "alice@example.com", "bob@example.com"
STATUS, AUTHORIZE = "/v1/auth/status", "/v1/tools/authorize"
DONE = {"id": "ac_1", "status": "completed", "user_id": ALICE}


async def test_security_51_failed_ends_waiting(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(STATUS, pending(ALICE), {"id": "ac_1", "status": "failed", "user_id": ALICE})
    await manager.authenticate_user(ALICE)
    with pytest.raises(AuthorizationFailed):
        await manager.wait_for_authorization(ALICE)
    assert len(engine.calls(STATUS)) == 2
    assert ALICE not in manager._pending


async def test_another_users_authorization_is_not_waited_for(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(STATUS, {**DONE, "user_id": BOB})
    await manager.authenticate_user(ALICE)
    with pytest.raises(WrongUser):
        await manager.wait_for_authorization(ALICE)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_authorization_that_the_engine_has_forgotten_has_failed(
    engine: FakeEngine, manager: MultiUserGmailManager, status: int
) -> None:
    engine.on(STATUS, refused(status))
    await manager.authenticate_user(ALICE)
    with pytest.raises(AuthorizationFailed):
        await manager.wait_for_authorization(ALICE)


async def test_waiting_goes_on_over_an_engine_that_is_away_for_a_moment(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(
        STATUS,
        refused(503),
        httpx.ReadTimeout("x"),
        refused(429, {}, retry_after_ms="1"),
        pending(ALICE),
        {"status": "not_started"},
        DONE,
    )
    await manager.authenticate_user(ALICE)
    assert await manager.wait_for_authorization(ALICE) == {"authenticated": True}
    assert [call.query["id"] for call in engine.calls(STATUS)] == ["ac_1"] * 6


async def test_the_time_to_wait_is_kept_and_the_same_authorization_can_be_waited_for_again(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(STATUS, pending(ALICE))
    await manager.authenticate_user(ALICE)
    with pytest.raises(AuthorizationPending) as caught:
        await manager.wait_for_authorization(ALICE, timeout_s=0)
    assert caught.value.can_retry
    engine.on(STATUS, DONE)
    assert await manager.wait_for_authorization(ALICE, timeout_s=0) == {"authenticated": True}
    assert len(engine.calls(AUTHORIZE)) == 1


async def test_the_last_second_of_waiting_is_no_storm_of_questions(engine: FakeEngine) -> None:
    engine.on(STATUS, pending(ALICE))
    manager = MultiUserGmailManager(engine.arcade(), poll_pause_s=0.1)
    await manager.authenticate_user(ALICE)
    with pytest.raises(AuthorizationPending):
        await manager.wait_for_authorization(ALICE, timeout_s=0.35)
    assert 2 <= len(engine.calls(STATUS)) <= 5


@pytest.mark.parametrize("long", [10_000, math.inf])
async def test_an_engine_is_never_asked_to_wait_longer_than_it_can(
    engine: FakeEngine, manager: MultiUserGmailManager, long: float
) -> None:
    engine.on(STATUS, DONE)
    await manager.authenticate_user(ALICE)
    await manager.wait_for_authorization(ALICE, timeout_s=long)
    assert int(engine.calls(STATUS)[0].query["wait"]) <= 59


async def test_an_engine_that_refuses_our_key_ends_waiting_at_once(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(STATUS, refused(401))
    await manager.authenticate_user(ALICE)
    with pytest.raises(ConfigurationError):
        await manager.wait_for_authorization(ALICE)


async def test_another_process_than_the_one_that_asked_can_wait(engine: FakeEngine) -> None:
    engine.on(STATUS, DONE)
    manager = engine.manager()
    assert await manager.wait_for_authorization(ALICE, "SendEmail") == {"authenticated": True}
    assert engine.calls(AUTHORIZE)[0].body["tool_name"] == "GmailMultiuser.SendEmail"


async def test_who_is_authorized_already_waits_for_nothing(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(AUTHORIZE, DONE)
    assert await manager.wait_for_authorization(ALICE) == {"authenticated": True}
    assert engine.calls(STATUS) == []


async def test_an_authorization_makes_the_cached_tools_be_read_anew(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(STATUS, DONE)
    await manager.authenticate_user(ALICE)
    manager.cache.set_cached_tools(ALICE, [])
    await manager.wait_for_authorization(ALICE)
    assert manager.cache.get_cached_tools(ALICE) is None


async def test_a_tool_that_works_meanwhile_ends_no_waiting_for_another(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(STATUS, pending(ALICE))
    await manager.authenticate_user(ALICE, "SendEmail")
    await manager.execute_gmail_action(ALICE, "ListEmails")
    with pytest.raises(AuthorizationPending):
        await manager.wait_for_authorization(ALICE, timeout_s=0)
    with pytest.raises(AuthorizationPending):
        await manager.wait_for_authorization(ALICE, "SendEmail", timeout_s=0)
    assert len(engine.calls(AUTHORIZE)) == 1, "the person has the first address open"


async def test_an_authorization_for_several_tools_is_remembered_until_each_has_worked(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    await manager.authenticate_user(ALICE, ["ListEmails", "SendEmail"])
    letter = {"recipient": BOB, "subject": "s", "body": "b"}
    for action, given in (("ListEmails", None), ("SendEmail", letter)):
        assert ALICE in manager._pending
        manager.cache.set_cached_tools(ALICE, [])
        await manager.execute_gmail_action(ALICE, action, given)
        assert manager.cache.get_cached_tools(ALICE) is None
        manager.cache.set_cached_tools(ALICE, [])
        await manager.execute_gmail_action(ALICE, action, given)
        assert manager.cache.get_cached_tools(ALICE) == []
    assert ALICE not in manager._pending


async def test_agreeing_to_one_authorization_leaves_another_to_be_waited_for(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(AUTHORIZE, pending(ALICE), pending(ALICE, id="ac_2"))
    await manager.authenticate_user(ALICE, "SendEmail")
    await manager.authenticate_user(ALICE, "ListEmails")
    engine.on(STATUS, DONE)
    for tool in ("ListEmails", "SendEmail"):
        await manager.wait_for_authorization(ALICE, tool)
    assert [call.query["id"] for call in engine.calls(STATUS)] == ["ac_2", "ac_1"]
    assert ALICE not in manager._pending


async def test_sessions_are_bounded_and_expire(engine: FakeEngine, clock: Any) -> None:
    manager = engine.manager(max_sessions=3, session_ttl_s=60, clock=clock)
    for number in range(10):
        await manager.authenticate_user(f"u{number}")
    assert [n for n in range(10) if f"u{n}" in manager._pending] == [7, 8, 9]
    clock.now += 61
    assert len(manager._pending) == 0


async def test_a_cancelled_wait_leaves_nothing_behind(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    reached = asyncio.Event()

    async def hang(_asked: Any) -> Any:
        reached.set()
        await asyncio.Event().wait()

    engine.on(STATUS, hang)
    await manager.authenticate_user(ALICE)
    before = asyncio.all_tasks()
    waiting = asyncio.ensure_future(manager.wait_for_authorization(ALICE))
    await reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asyncio.all_tasks() == before
