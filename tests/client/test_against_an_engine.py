"""The real arcadepy against the real engine, worker and sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from fake_engine import Clock
from visitor import agree, choose

from arcade_gmail_multiuser.client import (
    MultiUserGmailAgent,
    MultiUserGmailManager,
)
from arcade_gmail_multiuser.client.naming import KNOWN_TOOLS
from arcade_gmail_multiuser.client.toolset import load_tools, reads_only
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    AuthorizationPending,
    ToolFailed,
)

ALICE, BOB = "alice@example.com", "bob@example.com"
TOOLS = ("ListEmails", "SendEmail", "WriteDraftEmail", "WhoAmI")


async def connect(manager: MultiUserGmailManager, user_id: str, email: str | None = None) -> None:
    asked = await manager.authenticate_user(user_id, TOOLS)
    if "url" in asked:
        waiting = asyncio.ensure_future(manager.wait_for_authorization(user_id, timeout_s=30))
        await agree(asked["url"], email or user_id)
        assert await waiting == {"authenticated": True}


@pytest.fixture
async def unfaulted(running: dict[str, str]) -> AsyncIterator[aiohttp.ClientSession]:
    """A session to the sandbox; what a test breaks there is mended after it."""
    async with aiohttp.ClientSession(running["sandbox"]) as session:
        yield session
        async with session.delete("/_sandbox/faults") as mended:
            assert mended.ok


async def tell(sandbox: aiohttp.ClientSession, what: str, body: Any) -> Any:
    """Give the sandbox an order; give its answer."""
    async with sandbox.post(f"/_sandbox/{what}", json=body) as answer:
        assert answer.ok
        return await answer.json()


async def test_a_person_goes_from_nothing_to_mail_and_back(real: MultiUserGmailManager) -> None:
    user = "user1@example.com"
    asked = await real.execute_gmail_action(user, "list_emails")
    assert sorted(asked) == ["authorization_required", "message", "url"]
    with pytest.raises(AuthorizationPending):
        await real.wait_for_authorization(user, timeout_s=0)
    await connect(real, user)
    assert await real.authenticate_user(user) == {"authenticated": True}
    found = await real.execute_gmail_action(user, "list_emails", {"n_emails": 1})
    assert [one["subject"] for one in found["emails"]] == ["Your mailbox is ready"]
    assert await real.disconnect(user) == {"disconnected": True, "connections": 1}
    assert "url" in await real.authenticate_user(user)
    assert "url" in await real.execute_gmail_action(user, "list_emails")


async def test_who_agreed_to_less_is_asked_for_the_rest(real: MultiUserGmailManager) -> None:
    user = "user2@example.com"
    asked = await real.authenticate_user(user, "ListEmails")
    await agree(asked["url"], user)
    assert (await real.execute_gmail_action(user, "ListEmails"))["emails"]
    letter = {"recipient": BOB, "subject": "s", "body": "b"}
    assert "url" in await real.execute_gmail_action(user, "SendEmail", letter)


async def test_who_unticks_a_permission_has_the_others_and_is_asked_for_that_one_again(
    real: MultiUserGmailManager,
) -> None:
    user = "user25@example.com"
    asked = await real.authenticate_user(user, ["ListEmails", "SendEmail"])
    page = await choose(asked["url"], user, "allow", "confirm", without="gmail.send")
    assert "<title>Gmail is partly connected" in page.text
    with pytest.raises(AuthorizationFailed, match="only in part"):
        await real.wait_for_authorization(user, timeout_s=30)
    assert (await real.execute_gmail_action(user, "ListEmails"))["emails"]
    letter = {"recipient": BOB, "subject": "s", "body": "b"}
    again = await real.execute_gmail_action(user, "SendEmail", letter)
    await agree(again["url"], user)
    await real.wait_for_authorization(user, timeout_s=30)
    assert (await real.execute_gmail_action(user, "SendEmail", letter))["id"]


async def test_an_expired_token_costs_the_person_nothing_and_a_withdrawn_consent_is_asked_for(
    real: MultiUserGmailManager, unfaulted: aiohttp.ClientSession
) -> None:
    user = "user26@example.com"
    await connect(real, user)
    assert (await tell(unfaulted, "expirations", {"email": user}))["ended"]
    assert (await real.execute_gmail_action(user, "WhoAmI"))["email"] == user
    assert (await tell(unfaulted, "withdrawals", {"email": user}))["ended"]
    assert "url" in await real.execute_gmail_action(user, "WhoAmI")
    await connect(real, user)
    assert (await real.execute_gmail_action(user, "WhoAmI"))["email"] == user


async def test_of_two_tools_that_were_refused_at_once_either_can_be_waited_for(
    real: MultiUserGmailManager,
) -> None:
    user, letter = "user27@example.com", {"recipient": BOB, "subject": "s", "body": "b"}
    listed, sent = await asyncio.gather(
        real.execute_gmail_action(user, "ListEmails"),
        real.execute_gmail_action(user, "SendEmail", letter),
    )
    for asked, tool in ((listed, "ListEmails"), (sent, "SendEmail")):
        await agree(asked["url"], user)
        assert (await real.wait_for_authorization(user, tool, timeout_s=30))["authenticated"]
    assert (await real.execute_gmail_action(user, "ListEmails"))["emails"]
    assert (await real.execute_gmail_action(user, "SendEmail", letter))["id"]


async def test_many_people_at_once_each_see_their_own(real: MultiUserGmailManager) -> None:
    people = [f"user{n}@example.com" for n in range(5, 25)]
    await asyncio.gather(*(connect(real, user) for user in people))

    async def one(user: str) -> None:
        me, mail = await asyncio.gather(
            real.execute_gmail_action(user, "who_am_i"),
            real.execute_gmail_action(user, "ListEmails", {"n_emails": 5}),
        )
        assert me["email"] == user
        assert [email["to"] for email in mail["emails"]] == [user]

    await asyncio.gather(*(one(user) for user in people for _ in range(10)))


async def test_a_send_that_meets_a_broken_connection_is_never_doubled(
    real: MultiUserGmailManager, unfaulted: aiohttp.ClientSession
) -> None:
    await connect(real, ALICE)
    fault = {"match": {"method": "POST", "user": ALICE}, "action": {"status": 503}, "times": 1}
    await tell(unfaulted, "faults", fault)
    async with unfaulted.delete("/_sandbox/requests") as forgotten:
        assert forgotten.ok
    letter = {"recipient": BOB, "subject": "Once only", "body": "b"}
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which error is the tool's choice
        await real.execute_gmail_action(ALICE, "send_email", letter)
    assert getattr(caught.value, "code", "") in {"outcome_unknown", "unavailable"}
    async with unfaulted.get("/_sandbox/requests") as answer:
        requests: Any = await answer.json()
    listed = requests["requests"] if isinstance(requests, dict) else requests
    assert len([one for one in listed if one["path"].endswith("/messages/send")]) == 1


async def test_an_agent_routes_checks_and_explains(real: MultiUserGmailManager) -> None:
    await connect(real, ALICE)
    agent = MultiUserGmailAgent(real)
    found = await agent.process_email_request(
        ALICE, {"action": "list", "parameters": {"n_emails": 3}}
    )
    assert found["success"]
    assert len(found["data"]["emails"]) == 3
    wrong = await agent.process_email_request(
        ALICE, {"action": "read", "parameters": {"email_id": "no such id"}}
    )
    assert (wrong["success"], wrong["error"]["code"]) == (False, "invalid_input")
    assert not wrong["error"]["message"].startswith("[")
    other = await agent.process_email_request("user3@example.com", {"action": "list"})
    assert (other["success"], other["authRequired"]) == (False, True)


async def test_a_tools_own_error_is_raised_with_its_type(real: MultiUserGmailManager) -> None:
    await connect(real, ALICE)
    with pytest.raises(ToolFailed) as caught:
        await real.execute_gmail_action(ALICE, "get_email", {"email_id": "17f0000000000000"})
    assert caught.value.code == "not_found"


async def test_the_engine_says_of_every_tool_what_its_name_says_and_each_is_known(
    real: MultiUserGmailManager,
) -> None:
    tools = await load_tools(real.client, toolkit="GmailMultiuser")
    assert len(tools) >= 15
    assert {tool.name for tool in tools} <= set(KNOWN_TOOLS)
    for tool in tools:
        bare = tool.model_copy()
        assert bare.model_extra is not None
        bare.model_extra.pop("metadata")
        assert reads_only(tool) >= reads_only(bare), f"{tool.name} writes in spite of its name"


async def test_sessions_are_forgotten_in_time_without_harm(
    real: MultiUserGmailManager, clock: Clock
) -> None:
    await connect(real, ALICE)
    manager = MultiUserGmailManager(real.client, clock=clock)
    await manager.execute_gmail_action(BOB, "WhoAmI")
    clock.now += 10_000
    assert (await manager.execute_gmail_action(ALICE, "WhoAmI"))["email"] == ALICE
