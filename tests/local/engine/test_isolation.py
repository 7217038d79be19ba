"""One person's connection is never another's, whatever their ids look like."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"


async def test_s16_reconnecting_with_another_account_is_refused(stack: Stack) -> None:
    await stack.connect("alice", [READ], "alice@example.com")
    stack.provider.account = "mallory@example.com"
    started = await stack.start("alice", [SEND])
    browser = stack.browser()
    page = await browser.consent(started["url"])
    done = await browser.answer(page, "confirm")
    assert done.status_code == 400
    assert "Another Google account is connected" in done.text
    assert (await stack.status(started["id"]))["status"] == "failed"
    listed = (await stack.http().get("/v1/admin/user_connections")).json()["items"]
    assert [(c["provider_user_info"]["email"], SEND in c["scopes"]) for c in listed] == [
        ("alice@example.com", False)
    ]
    # Whoever consented by mistake keeps their own grant: nothing of theirs is revoked.
    assert stack.provider.count("revoke") == 0


async def test_s16_after_disconnecting_another_account_may_be_connected(stack: Stack) -> None:
    await stack.connect("alice", [READ], "alice@example.com")
    listed = (await stack.http().get("/v1/admin/user_connections")).json()["items"]
    await stack.http().delete(f"/v1/admin/user_connections/{listed[0]['id']}")
    await stack.connect("alice", [READ], "second@example.com")
    listed = (await stack.http().get("/v1/admin/user_connections")).json()["items"]
    assert [c["provider_user_info"]["email"] for c in listed] == ["second@example.com"]


@pytest.mark.parametrize("user_id", [None, "", " ", "\t\n", 7, ["alice"], "x" * 513, "a\0b"])
async def test_s17_a_missing_or_unusable_user_id_is_400_and_reaches_no_worker(
    stack: Stack, user_id: Any
) -> None:
    tool = {"tool_name": "GmailMultiuser.AddNumbers", "input": {}}
    requirement = {"auth_requirement": {"provider_id": "google"}}
    for path, body in (
        ("/v1/tools/execute", tool),
        ("/v1/tools/authorize", tool),
        ("/v1/auth/authorize", requirement),
        ("/v1/auth/confirm_user", {"flow_id": "x"}),
    ):
        for form in ({**body, "user_id": user_id}, body):
            reply = await stack.http().post(path, json=form)
            assert reply.status_code == 400, (path, form)
            assert "user_id" in reply.json()["message"]
    assert stack.worker.invocations == []


VARIANTS = [
    "alice", "Alice", "ALICE", "alice ", " alice", "al\u00edce", "ali\u0301ce", "\u0430lice",
    "alice|google", "alice:google", "alice\x1fgoogle", "alice/default", "alice%00", "a,lice",
]  # fmt: skip


async def test_s18_variants_of_a_user_id_are_distinct_users(stack: Stack) -> None:
    for number, user_id in enumerate(VARIANTS):
        await stack.connect(user_id, [READ], f"person{number}@example.com")
    for number, user_id in enumerate(VARIANTS):
        stack.worker.invocations.clear()
        assert (await stack.execute("GmailMultiuser.ListLabels", user_id)).status_code == 200
        context = stack.worker.invocations[0]["context"]
        assert context["user_id"] == user_id
        assert context["authorization"]["user_info"]["email"] == f"person{number}@example.com"
        token = context["authorization"]["token"]
        assert stack.provider.tokens[token][0] == f"person{number}@example.com"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    user_id=st.text(min_size=1, max_size=30).filter(lambda t: t.strip() and "\0" not in t),
)
async def test_s18_only_the_exact_id_finds_a_connection(stack: Stack, user_id: str) -> None:
    await stack.connect("alice", [READ], "alice@example.com")
    reply = await stack.http().get(
        "/v1/tools/GmailMultiuser.ListLabels", params={"user_id": user_id}
    )
    met = reply.json()["requirements"]["met"]
    assert met == (user_id == "alice")


async def test_s19_another_projects_ids_are_404(make_stack: Any, tmp_path: Any) -> None:
    path = tmp_path / "shared.db"
    mine = await make_stack(path, project="one")
    theirs = await make_stack(path, project="two", encryption_keys=mine.settings.encryption_keys)
    started = await mine.start("alice", [READ])
    await mine.connect("bob", [READ])
    connection = (await mine.http().get("/v1/admin/user_connections")).json()["items"][0]["id"]
    for auth_id in (started["id"], connection):
        reply = await theirs.http().get("/v1/auth/status", params={"id": auth_id})
        assert reply.status_code == 404
    flow_id = mine.flow_id_of(started["url"])
    assert (await theirs.confirm(flow_id, "alice")).status_code == 404
    assert (
        await theirs.http(key=None).get(f"/v1/oauth/start?flow_id={flow_id}")
    ).status_code == 404
    gone = await theirs.http().delete(f"/v1/admin/user_connections/{connection}")
    assert gone.status_code == 404
    assert (await theirs.http().get("/v1/admin/user_connections")).json()["total_count"] == 0
    assert (await theirs.execute("GmailMultiuser.ListLabels", "bob")).status_code == 403
    assert (await mine.execute("GmailMultiuser.ListLabels", "bob")).status_code == 200


async def test_s20_under_load_every_call_carries_its_own_users_token(stack: Stack) -> None:
    people = [f"user{n}" for n in range(12)]
    for person in people:
        await stack.connect(person, [READ])
    replies = await asyncio.gather(
        *(stack.execute("GmailMultiuser.ListLabels", person) for person in people * 10)
    )
    assert {r.status_code for r in replies} == {200}
    assert len(stack.worker.invocations) == 120
    for call in stack.worker.invocations:
        context = call["context"]
        owner, _ = stack.provider.tokens[context["authorization"]["token"]]
        assert owner == f"{context['user_id']}@example.com"


async def test_s21_no_response_holds_a_token(stack: Stack) -> None:
    seen: list[bytes] = []
    await stack.connect("alice", [READ])

    def echo(call: dict[str, Any]) -> dict[str, Any]:
        token = call["context"]["authorization"]["token"]
        return {"value": {"echo": f"your token is {token}", token: [token]}}

    def leak(call: dict[str, Any]) -> dict[str, Any]:
        token = call["context"]["authorization"]["token"]
        error = {"message": f"bad {token}", "kind": "TOOL_RUNTIME_FATAL", "can_retry": False}
        return {"error": {**error, "developer_message": token, "extra": {"t": token}}}

    for behaviour in (echo, leak):
        stack.worker.answer = behaviour
        seen.append((await stack.execute("GmailMultiuser.ListLabels", "alice")).content)
    stack.worker.answer = lambda call: JSONResponse(
        {"detail": call["context"]["authorization"]["token"]}, 500
    )
    seen.append((await stack.execute("GmailMultiuser.ListLabels", "alice")).content)
    started = await stack.start("alice", [READ])
    assert started["status"] == "completed"
    client = stack.http()
    paths = (
        f"/v1/auth/status?id={started['id']}",
        "/v1/admin/user_connections",
        "/v1/tools?user_id=alice",
        "/v1/tools/GmailMultiuser_ListLabels?user_id=alice",
        "/v1/workers",
        "/v1/health",
    )
    seen += [(await client.get(path)).content for path in paths]
    seen.append(str(started).encode())
    tokens = [*stack.provider.tokens, *stack.provider.refresh_tokens]
    assert len(tokens) == 2
    for body in seen:
        assert body
        for secret in (*tokens, stack.API_KEY, stack.WORKER_SECRET, stack.CLIENT_SECRET):
            assert secret.encode() not in body
    assert "token" not in started["context"]


async def test_s22_a_partial_consent_is_kept_and_the_rest_asked_for(stack: Stack) -> None:
    stack.provider.grants = {READ}
    started = await stack.start("alice", [READ, SEND])
    browser = stack.browser()
    done = await browser.answer(await browser.consent(started["url"]), "confirm")
    assert "partly connected" in done.text
    assert (await stack.status(started["id"]))["status"] == "failed"
    assert (await stack.execute("GmailMultiuser.ListLabels", "alice")).status_code == 200
    refused = await stack.execute("GmailMultiuser.SearchAndSend", "alice")
    assert refused.status_code == 403
    body = refused.json()
    assert body["name"] == "tool_authorization_required"
    assert body["authorization"]["status"] == "pending"
    stack.provider.grants = None
    again = await browser.answer(await browser.consent(body["authorization"]["url"]), "confirm")
    assert again.status_code == 200
    assert (await stack.execute("GmailMultiuser.SearchAndSend", "alice")).status_code == 200


async def test_s41_swapped_rows_of_two_users_do_not_open(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    await stack.connect("bob", [READ])
    with sqlite3.connect(stack.database) as db:
        rows = dict(db.execute("SELECT user_id, access_token FROM user_tokens").fetchall())
        for one, other in (("alice", "bob"), ("bob", "alice")):
            db.execute(
                "UPDATE user_tokens SET access_token = ? WHERE user_id = ?", (rows[other], one)
            )
    for user_id in ("alice", "bob"):
        reply = await stack.execute("GmailMultiuser.ListLabels", user_id)
        assert (reply.status_code, reply.json()["name"]) == (500, "storage_error")
        assert reply.headers["x-should-retry"] == "false"
    assert stack.worker.invocations == []
