"""Grants only grow, refreshes happen once, and only the provider's word ends a connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    StorageUnavailable,
)
from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST = "GmailMultiuser.ListLabels"


async def connections(stack: Stack) -> list[dict[str, Any]]:
    return list((await stack.http().get("/v1/admin/user_connections")).json()["items"])


def token_of(stack: Stack) -> str:
    return str(stack.worker.invocations[-1]["context"]["authorization"]["token"])


async def test_s23_an_answer_without_refresh_token_keeps_the_old_one(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.provider.gives_refresh_token = False
    await stack.connect("alice", [SEND])
    # The refresh token that is kept grew with the grant, as Google's does.
    for token, (account, _) in stack.provider.refresh_tokens.items():
        stack.provider.refresh_tokens[token] = (account, stack.provider.granted[account])
    stack.clock.now += 4000
    assert (await stack.execute("GmailMultiuser.SearchAndSend", "alice")).status_code == 200
    assert stack.provider.count("refresh_token") == 1


async def test_s23_without_any_refresh_token_the_person_is_asked_again(stack: Stack) -> None:
    stack.provider.gives_refresh_token = False
    await stack.connect("alice", [READ])
    assert (await stack.execute(LIST, "alice")).status_code == 200
    stack.clock.now += 4000
    assert (await stack.execute(LIST, "alice")).status_code == 403
    assert (await connections(stack))[0]["connection_status"] == "reauthorize"


async def test_s24_concurrent_consents_never_shrink_the_grant(stack: Stack) -> None:
    one, two = await stack.start("alice", [READ]), await stack.start("alice", [SEND])
    browser = stack.browser()
    pages = [await browser.consent(started["url"]) for started in (one, two)]
    replies = await asyncio.gather(*(browser.answer(page, "confirm") for page in pages))
    assert {r.status_code for r in replies} == {200}
    assert {READ, SEND} <= set((await connections(stack))[0]["scopes"])
    assert (await stack.execute("GmailMultiuser.SearchAndSend", "alice")).status_code == 200


async def test_s24_a_narrower_answer_that_arrives_late_replaces_nothing(stack: Stack) -> None:
    late = await stack.start("alice", [READ])
    browser = stack.browser()
    page = await browser.consent(late["url"])
    await stack.connect("alice", [READ, SEND])
    stack.provider.granted["alice@example.com"] = set()
    assert (await browser.answer(page, "confirm")).status_code == 200
    assert {READ, SEND} <= set((await connections(stack))[0]["scopes"])
    await stack.execute("GmailMultiuser.SearchAndSend", "alice")
    assert SEND in stack.provider.tokens[token_of(stack)][1]


async def test_s27_scopes_already_held_are_completed_without_a_new_grant(stack: Stack) -> None:
    await stack.connect("alice", [READ, SEND])
    consents = stack.provider.count("consent")
    for scopes in ([READ], [SEND, READ], []):
        started = await stack.start("alice", scopes)
        assert started["status"] == "completed"
        assert "url" not in started
        assert (await stack.status(started["id"]))["status"] == "completed"
    reply = await stack.http().post(
        "/v1/tools/authorize", json={"tool_name": LIST, "user_id": "alice"}
    )
    assert reply.json()["status"] == "completed"
    assert stack.provider.count("consent") == consents


async def test_a_token_is_refreshed_before_it_ends(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    await stack.execute(LIST, "alice")
    first = token_of(stack)
    stack.clock.now += 3600 - 661
    await stack.execute(LIST, "alice")
    assert token_of(stack) == first
    stack.clock.now += 2
    await stack.execute(LIST, "alice")
    assert token_of(stack) != first
    assert stack.provider.count("refresh_token") == 1


async def test_s30_many_calls_at_once_refresh_once(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    replies = await asyncio.gather(*(stack.execute(LIST, "alice") for _ in range(40)))
    assert {r.status_code for r in replies} == {200}
    assert stack.provider.count("refresh_token") == 1
    assert len({c["context"]["authorization"]["token"] for c in stack.worker.invocations}) == 1


async def test_s30_two_engines_that_want_a_new_token_at_once_ask_for_one(
    make_stack: Any, tmp_path: Any
) -> None:
    path = tmp_path / "shared.db"
    one = await make_stack(path)
    two = await make_stack(
        path,
        encryption_keys=one.settings.encryption_keys,
        provider_app=one.provider,
        clock=one.clock,
    )
    await one.connect("alice", [READ])
    one.clock.now += 4000
    found_taken = asyncio.Event()
    store = two.app.state.services.manager._store
    acquire = store.acquire_lease

    async def watched(*lease: Any) -> Any:
        holder = await acquire(*lease)
        if holder is not None:
            found_taken.set()
        return holder

    store.acquire_lease = watched
    calls = []

    async def meanwhile() -> None:
        # The other engine wants a token too, while this one is being given it.
        calls.append(asyncio.create_task(two.execute(LIST, "alice")))
        await found_taken.wait()

    one.provider.before_token = meanwhile
    replies = [await one.execute(LIST, "alice"), await calls[0]]
    assert [r.status_code for r in replies] == [200, 200]
    assert one.provider.count("refresh_token") == 1
    assert token_of(one) == token_of(two)


async def test_s35_disconnecting_during_a_refresh_resurrects_nothing(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await go_on.wait()

    stack.provider.before_token = pause
    call = asyncio.create_task(stack.execute(LIST, "alice"))
    await reached.wait()
    one = (await connections(stack))[0]["id"]
    assert (await stack.http().delete(f"/v1/admin/user_connections/{one}")).status_code == 204
    go_on.set()
    assert (await call).status_code == 403
    assert await connections(stack) == []
    assert stack.worker.invocations == []


async def test_s36_a_caller_that_gives_up_leaves_the_refresh_to_the_others(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await go_on.wait()

    stack.provider.before_token = pause
    first = asyncio.create_task(stack.execute(LIST, "alice"))
    await reached.wait()
    second = asyncio.create_task(stack.execute(LIST, "alice"))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()
    assert (await second).status_code == 200
    assert stack.provider.count("refresh_token") == 1


async def test_s25_invalid_grant_asks_the_person_again(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.provider.refresh_tokens.clear()
    stack.clock.now += 4000
    reply = await stack.execute(LIST, "alice")
    assert reply.status_code == 403
    assert reply.json()["authorization"]["url"].startswith("http://127.0.0.1:9099/v1/oauth/start")
    assert (await connections(stack))[0]["connection_status"] == "reauthorize"
    await stack.connect("alice", [READ])
    assert (await stack.execute(LIST, "alice")).status_code == 200
    assert (await connections(stack))[0]["connection_status"] == "active"


async def test_s25_invalid_grant_for_an_older_generation_ends_nothing(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    stack.provider.refresh_tokens.clear()

    async def meanwhile() -> None:
        # The person connects anew just while the old refresh token is being refused.
        stack.provider.before_token = None
        await stack.connect("alice", [SEND, READ])

    stack.provider.before_token = meanwhile
    assert (await stack.execute(LIST, "alice")).status_code == 200
    assert (await connections(stack))[0]["connection_status"] == "active"


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: JSONResponse({"error": "internal"}, 500),
        lambda: PlainTextResponse("<html>busy</html>", 503),
        lambda: JSONResponse({"error": "rate_limited"}, 429),
        lambda: PlainTextResponse("not json", 200),
        lambda: JSONResponse({"token_type": "Bearer"}, 200),
        lambda: JSONResponse({"access_token": "ya29.x y\r\nX: 1"}, 200),
        lambda: JSONResponse({"error": "invalid_request"}, 400),
    ],
)
async def test_s25_a_provider_in_trouble_keeps_the_connection(stack: Stack, trouble: Any) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    stack.provider.answers_token_with = trouble
    reply = await stack.execute(LIST, "alice")
    assert (reply.status_code, reply.json()["name"]) == (503, "unavailable")
    stack.provider.answers_token_with = None
    assert (await stack.execute(LIST, "alice")).status_code == 200


@pytest.mark.parametrize(
    "failure",
    [DeadlineExceeded("slow"), ConnectionFailed("x", sent=True), ConnectionFailed("x", sent=False)],
)
async def test_s38_a_provider_that_hangs_is_a_typed_503(stack: Stack, failure: Any) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    stack.outbound.fail_with["/token"] = failure
    assert (await stack.execute(LIST, "alice")).status_code == 503
    stack.outbound.fail_with.clear()
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_a_provider_in_trouble_costs_nothing_while_the_token_still_works(
    stack: Stack,
) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 3400
    stack.provider.answers_token_with = lambda: JSONResponse({}, 500)
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_s26_a_refused_client_is_the_operators_problem_and_wipes_nobody(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    await stack.connect("alice", [READ])
    stack.clock.now += 4000
    stack.provider.answers_token_with = lambda: JSONResponse({"error": "invalid_client"}, 401)
    reply = await stack.execute(LIST, "alice")
    assert (reply.status_code, reply.json()["name"]) == (500, "configuration_error")
    assert "CRITICAL" in caplog.text
    assert (await connections(stack))[0]["connection_status"] == "active"
    stack.provider.answers_token_with = None
    assert (await stack.execute(LIST, "alice")).status_code == 200


@pytest.mark.parametrize("given", [..., "3599", -5, None, "soon"])
async def test_s37_a_strange_expires_in_still_connects(stack: Stack, given: Any) -> None:
    stack.provider.token_extra = {"expires_in": given}
    await stack.connect("alice", [READ])
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_s28_disconnecting_erases_and_revokes(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    one = (await connections(stack))[0]["id"]
    assert (await stack.http().delete(f"/v1/admin/user_connections/{one}")).status_code == 204
    assert await connections(stack) == []
    assert stack.provider.count("revoke") == 1
    assert stack.provider.refresh_tokens == {}
    assert (await stack.execute(LIST, "alice")).status_code == 403
    assert (await stack.http().delete(f"/v1/admin/user_connections/{one}")).status_code == 404


async def test_s28_a_revocation_that_fails_is_tried_again_after_a_restart(
    make_stack: Any, tmp_path: Any
) -> None:
    first = await make_stack()
    await first.connect("alice", [READ])
    first.outbound.fail_with["/revoke"] = DeadlineExceeded("slow")
    one = (await connections(first))[0]["id"]
    assert (await first.http().delete(f"/v1/admin/user_connections/{one}")).status_code == 204
    assert await connections(first) == []
    assert len(first.provider.refresh_tokens) == 1
    first.clock.now += 61
    revoked = asyncio.Event()

    def answer() -> Any:
        revoked.set()
        return JSONResponse({})

    first.provider.answers_revoke_with = answer
    await make_stack(
        encryption_keys=first.settings.encryption_keys,
        provider_app=first.provider,
        clock=first.clock,
    )
    await asyncio.wait_for(revoked.wait(), 5)


async def test_disconnecting_one_of_two_users_of_an_account_leaves_the_other_working(
    stack: Stack,
) -> None:
    await stack.connect("alice", [READ], "shared@example.com")
    await stack.connect("bob", [READ], "shared@example.com")
    by_user = {c["user_id"]: c["id"] for c in await connections(stack)}
    await stack.http().delete(f"/v1/admin/user_connections/{by_user['alice']}")
    assert stack.provider.count("revoke") == 0
    assert (await stack.execute(LIST, "bob")).status_code == 200
    await stack.http().delete(f"/v1/admin/user_connections/{by_user['bob']}")
    assert stack.provider.count("revoke") == 1


async def test_s28_two_who_leave_one_account_at_the_same_instant_are_revoked(
    make_stack: Any, any_database: str
) -> None:
    one = await make_stack(database_url=any_database)
    two = await make_stack(
        database_url=any_database,
        encryption_keys=one.settings.encryption_keys,
        provider_app=one.provider,
        clock=one.clock,
    )
    for _ in range(5):
        await one.connect("alice", [READ], "shared@example.com")
        await one.connect("bob", [READ], "shared@example.com")
        ids = [found["id"] for found in await connections(one)]
        leaving = zip((one, two), ids, strict=True)
        replies = await asyncio.gather(
            *(
                engine.http().delete(f"/v1/admin/user_connections/{found}")
                for engine, found in leaving
            )
        )
        assert [reply.status_code for reply in replies] == [204, 204]
        assert await connections(one) == []
        revoked = [given["token"] for name, given in one.provider.calls if name == "revoke"]
        assert revoked, "nobody told Google"
        one.provider.calls.clear()


async def test_s28_a_late_revocation_ends_nothing_that_was_connected_meanwhile(
    stack: Stack,
) -> None:
    await stack.connect("alice", [READ], "shared@example.com")
    one = (await connections(stack))[0]["id"]
    stack.outbound.fail_with["/revoke"] = DeadlineExceeded("slow")
    assert (await stack.http().delete(f"/v1/admin/user_connections/{one}")).status_code == 204
    stack.outbound.fail_with.clear()
    # Google would take the whole account's grant back, bob's with it.
    await stack.connect("bob", [READ], "shared@example.com")
    stack.clock.now += 61
    assert await stack.app.state.services.disconnector.run_due() == 0
    assert stack.provider.count("revoke") == 0
    bob = (await connections(stack))[0]["id"]
    await stack.http().delete(f"/v1/admin/user_connections/{bob}")
    assert stack.provider.count("revoke") == 1


async def test_s28_a_button_pressed_often_revokes_once(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    one = (await connections(stack))[0]["id"]
    address = f"/v1/admin/user_connections/{one}"
    replies = await asyncio.gather(*(stack.http().delete(address) for _ in range(8)))
    assert {reply.status_code for reply in replies} <= {204, 404}
    assert stack.provider.count("revoke") == 1
    stack.clock.now += 3600
    await stack.app.state.services.disconnector.run_due()
    assert stack.provider.count("revoke") == 1


async def test_s28_an_engine_that_died_before_erasing_revokes_nothing(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    one = (await connections(stack))[0]["id"]
    store = stack.app.state.services.manager._store

    async def dies(*_key: Any, **_options: Any) -> bool:
        raise asyncio.CancelledError

    erase, store.delete = store.delete, dies
    with pytest.raises(asyncio.CancelledError):
        await stack.http().delete(f"/v1/admin/user_connections/{one}")
    store.delete = erase
    stack.clock.now += 61
    await stack.app.state.services.disconnector.run_due()
    assert stack.provider.count("revoke") == 0
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_s38_a_provider_that_failed_is_left_alone_for_a_while(make_stack: Any) -> None:
    stack = await make_stack(refresh=RefreshPolicy(cooldown_s=600))
    await stack.connect("alice", [READ])
    await stack.connect("bob", [READ])
    stack.clock.now += 4000
    stack.provider.answers_token_with = lambda: JSONResponse({}, 500)
    assert (await stack.execute(LIST, "alice")).status_code == 503
    stack.provider.answers_token_with = None
    again = await stack.execute(LIST, "alice")
    assert again.status_code == 503
    assert 500 < int(again.headers["retry-after"]) <= 600
    assert stack.provider.count("refresh_token") == 1
    assert (await stack.execute(LIST, "bob")).status_code == 200


async def test_s43_an_engine_without_a_key_that_is_needed_does_not_start(
    make_stack: Any, stack: Stack
) -> None:
    await stack.connect("alice", [READ])
    with pytest.raises(ConfigurationError, match="encryption keys that are not configured"):
        await make_stack()


async def test_s39_a_consent_that_cannot_be_stored_is_503_and_can_be_given_again(
    stack: Stack,
) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    page = await browser.consent(started["url"])
    store = stack.app.state.services.manager._store

    async def away(*_record: Any, **_options: Any) -> bool:
        raise StorageUnavailable("away")

    keep, store.put_if_generation = store.put_if_generation, away
    reply = await browser.answer(page, "confirm")
    assert reply.status_code == 503
    assert "could not be stored" in reply.text
    assert await connections(stack) == []
    store.put_if_generation = keep
    await stack.connect("alice", [READ])
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_a_person_of_another_oauth_client_is_asked_again_once_their_token_ends(
    stack: Stack, make_stack: StackMaker
) -> None:
    await stack.connect("alice", [READ])
    moved: Stack = await make_stack(
        encryption_keys=stack.settings.encryption_keys,
        clock=stack.clock,
        provider_app=stack.provider,
        provider=replace(stack.settings.provider, client_id="client-2"),
    )
    # Until then nobody is troubled.
    assert (await moved.execute(LIST, "alice")).status_code == 200
    stack.clock.now += 4000
    (held,) = await connections(moved)
    assert (await moved.status(held["id"]))["status"] == "not_started"
    refused = await moved.execute(LIST, "alice")
    asked = refused.json()["authorization"]
    assert (refused.status_code, asked["status"]) == (403, "pending")
    assert (await moved.status(asked["id"]))["status"] == "pending"
    await moved.connect("alice", [READ])
    assert (await moved.status(asked["id"]))["status"] == "completed"
    assert (await moved.execute(LIST, "alice")).status_code == 200
