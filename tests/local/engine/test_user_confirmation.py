"""A code is exchanged only for the person it was asked for: confirmed by the application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from starlette.responses import JSONResponse

from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"


async def test_s01_mallorys_flow_that_alice_consents_to_connects_nothing(verified: Stack) -> None:
    started = await verified.start("mallory", [READ])
    alice = verified.browser()
    back = await alice.consent(started["url"])
    assert back.headers["location"].startswith("https://app.example.com/verify?tenant=1&flow_id=")
    # The application knows who is signed in at that browser: Alice.
    reply = await verified.confirm(verified.flow_id_of(back.headers["location"]), "alice")
    assert (reply.status_code, reply.json()["error"]) == (400, "user_mismatch")
    assert verified.provider.count("authorization_code") == 0
    assert (await verified.status(started["id"]))["status"] == "failed"


async def test_s04_a_mismatch_is_terminal_even_for_the_right_user(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    assert (await verified.confirm(flow_id, "mallory")).json()["error"] == "user_mismatch"
    again = await verified.confirm(flow_id, "alice")
    assert (again.status_code, again.json()["error"]) == (400, "user_mismatch")
    assert verified.provider.count("authorization_code") == 0


@pytest.mark.parametrize("other", ["Alice", "alice ", "al\u0131ce", "alic\u0435", "alice\n"])
async def test_s18_a_variant_of_the_user_is_a_mismatch(verified: Stack, other: str) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    reply = await verified.confirm(verified.flow_id_of(back.headers["location"]), other)
    assert reply.json()["error"] == "user_mismatch"


async def test_a_mismatch_speaks_both_forms_of_error(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    body = (await verified.confirm(verified.flow_id_of(started["url"]), "bob")).json()
    assert body["code"] == 400
    assert body["error"] == body["name"] == "user_mismatch"
    assert body["msg"] == body["message"]


async def test_s03_a_leaked_flow_id_without_the_key_is_401(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    assert len(flow_id) >= 3 + 22  # 128 bits in base64 and more
    for key in (None, "wrong", ""):
        assert (await verified.confirm(flow_id, "alice", key=key)).status_code == 401
    assert (await verified.status(started["id"]))["status"] == "pending"


async def test_s05_a_lost_confirm_answer_is_given_again_to_the_same_user_only(
    verified: Stack,
) -> None:
    started = await verified.start("alice", [READ], next_uri="https://app.example.com/done")
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    first = await verified.confirm(flow_id, "alice")
    assert first.json() == {"auth_id": started["id"], "next_uri": "https://app.example.com/done"}
    second = await verified.confirm(flow_id, "alice")
    assert (second.status_code, second.json()) == (200, first.json())
    assert (await verified.confirm(flow_id, "bob")).json()["error"] == "user_mismatch"
    assert (await verified.status(started["id"]))["status"] == "completed"
    assert verified.provider.count("authorization_code") == 1


async def test_many_confirmations_at_once_exchange_the_code_once(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    replies = await asyncio.gather(*(verified.confirm(flow_id, "alice") for _ in range(20)))
    assert {r.status_code for r in replies} == {200}
    assert {r.json()["auth_id"] for r in replies} == {started["id"]}
    assert verified.provider.count("authorization_code") == 1


async def test_confirming_before_the_person_consented_connects_nothing(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    flow_id = verified.flow_id_of(started["url"])
    reply = await verified.confirm(flow_id, "alice")
    assert (reply.status_code, reply.json()["error"]) == (400, "not_ready")
    back = await verified.browser().consent(started["url"])
    assert verified.provider.count("authorization_code") == 0
    assert (
        await verified.confirm(verified.flow_id_of(back.headers["location"]), "alice")
    ).status_code == 200


async def test_an_unknown_flow_is_404(verified: Stack) -> None:
    reply = await verified.confirm("fl_unknown", "alice")
    assert (reply.status_code, reply.json()["error"]) == (404, "flow_not_found")


async def test_s07_a_held_code_is_forgotten_after_ten_minutes(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    verified.clock.now += 601
    reply = await verified.confirm(verified.flow_id_of(back.headers["location"]), "alice")
    assert (reply.status_code, reply.json()["error"]) == (400, "expired")
    assert (await verified.status(started["id"]))["status"] == "failed"
    assert verified.provider.count("authorization_code") == 0


async def test_the_engines_own_page_is_closed_when_there_is_a_verifier(verified: Stack) -> None:
    started = await verified.start("alice", [READ])
    browser = verified.browser()
    back = await browser.consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    page = await browser.get(
        f"https://engine.example.com/v1/oauth/confirm?{urlencode({'flow_id': flow_id})}"
    )
    assert page.status_code == 400


async def test_the_code_never_reached_the_provider_so_confirming_again_works(
    verified: Stack,
) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    verified.outbound.fail_with["/token"] = ConnectionFailed("refused", sent=False)
    reply = await verified.confirm(flow_id, "alice")
    assert (reply.status_code, reply.json()["error"]) == (503, "provider_unavailable")
    verified.outbound.fail_with.clear()
    assert (await verified.confirm(flow_id, "alice")).status_code == 200


@pytest.mark.parametrize(
    "failure", [ConnectionFailed("broke", sent=True), DeadlineExceeded("slow")]
)
async def test_a_code_that_may_have_been_used_is_not_tried_again(
    verified: Stack, failure: Exception
) -> None:
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    verified.outbound.fail_with["/token"] = failure  # type: ignore[assignment]
    reply = await verified.confirm(flow_id, "alice")
    assert (reply.status_code, reply.headers["x-should-retry"]) == (502, "false")
    verified.outbound.fail_with.clear()
    assert (await verified.confirm(flow_id, "alice")).status_code == 400
    assert verified.provider.count("authorization_code") == 0
    assert (await verified.status(started["id"]))["status"] == "failed"


async def test_an_account_that_cannot_be_read_connects_nothing(verified: Stack) -> None:
    verified.provider.answers_userinfo_with = lambda: JSONResponse({}, 500)
    started = await verified.start("alice", [READ])
    back = await verified.browser().consent(started["url"])
    reply = await verified.confirm(verified.flow_id_of(back.headers["location"]), "alice")
    assert reply.status_code == 502
    assert (await verified.start("alice", [READ]))["status"] == "pending"


async def test_a_mismatch_while_the_code_is_exchanged_still_connects_nothing(
    verified: Stack,
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        asked.set()
        await go_on.wait()

    verified.provider.before_token = hold
    started = await verified.start("mallory", [READ])
    back = await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(back.headers["location"])
    # Whoever handed out the link knows its flow id, and need not wait for the person.
    early = asyncio.create_task(verified.confirm(flow_id, "mallory"))
    await asked.wait()
    assert (await verified.confirm(flow_id, "alice")).json()["error"] == "user_mismatch"
    go_on.set()
    reply = await early
    assert (reply.status_code, reply.json()["error"]) == (400, "user_mismatch")
    assert (await verified.status(started["id"]))["status"] == "failed"
    connections = await verified.http().get("/v1/admin/user_connections")
    assert connections.json()["items"] == []
