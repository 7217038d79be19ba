"""What the engine tells of its tools, workers and waiting authorizations."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from arcade_gmail_local.engine.execution.tool_entry import read_entry
from arcade_gmail_multiuser.errors import ConnectionFailed

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
TOOLS = "/worker/tools"


async def test_a_page_of_tools_says_how_many_there_are(stack: Stack) -> None:
    stack.worker.tools = [stack.definition(f"Tool{n:03}", [READ]) for n in range(130)]
    client = stack.http()
    first = (await client.get("/v1/tools")).json()
    assert (len(first["items"]), first["total_count"], first["offset"]) == (25, 130, 0)
    most = (await client.get("/v1/tools", params={"limit": 500, "offset": 100})).json()
    assert (len(most["items"]), most["limit"]) == (30, 100)
    assert most["items"][0]["name"] == "Tool100"
    beyond = (await client.get("/v1/tools", params={"offset": 900})).json()
    assert (beyond["items"], beyond["total_count"]) == ([], 130)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=1.5", "limit=", "offset=٣"]
)
async def test_a_senseless_page_is_400(stack: Stack, query: str) -> None:
    assert (await stack.http().get(f"/v1/tools?{query}")).status_code == 400


async def test_an_offset_past_every_end_is_refused_for_being_too_high(stack: Stack) -> None:
    refused = await stack.http().get("/v1/tools?offset=1000000000")
    assert refused.status_code == 400
    assert refused.json()["message"] == "offset must be at most 999999999."
    assert (await stack.http().get("/v1/tools?offset=0000000000")).status_code == 200


async def test_tools_are_filtered_by_toolkit_in_any_case(stack: Stack) -> None:
    other = stack.definition("Other", None)
    other["toolkit"] = {"name": "Math", "version": "1"}
    stack.worker.tools.append(other)
    for toolkit, names in (("math", ["Other"]), ("Nope", [])):
        found = (await stack.http().get("/v1/tools", params={"toolkit": toolkit})).json()
        assert [t["name"] for t in found["items"]] == names


async def test_a_tool_is_described_with_its_full_names_and_requirements(stack: Stack) -> None:
    found = (await stack.http().get("/v1/tools/GmailMultiuser_SendEmail")).json()
    assert found["qualified_name"] == "GmailMultiuser.SendEmail"
    assert found["fully_qualified_name"] == "GmailMultiuser.SendEmail@0.1.0"
    assert found["toolkit"]["version"] == "0.1.0"
    assert found["requirements"]["authorization"]["provider_id"] == "google"
    assert found["requirements"]["authorization"]["status"] == "active"
    assert "met" not in found["requirements"]
    assert (await stack.http().get("/v1/tools/Nope.Nope")).status_code == 404


async def test_requirements_are_met_for_the_user_who_connected(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    for user_id, met, status in (("alice", True, "completed"), ("bob", False, "not_started")):
        found = (await stack.http().get("/v1/tools", params={"user_id": user_id})).json()
        by_name = {t["name"]: t["requirements"] for t in found["items"]}
        assert by_name["ListLabels"]["met"] is met
        assert by_name["ListLabels"]["authorization"]["token_status"] == status
        assert by_name["SendEmail"]["met"] is False
        assert by_name["AddNumbers"]["met"] is True


async def test_a_new_tool_of_the_worker_is_found_on_the_first_miss(stack: Stack) -> None:
    assert (await stack.http().get("/v1/tools/GmailMultiuser.New")).status_code == 404
    stack.worker.tools.append(stack.definition("New", None))
    stack.clock.now += 3
    assert (await stack.http().get("/v1/tools/GmailMultiuser.New")).status_code == 200
    assert stack.worker.catalog_reads == 2


async def test_unknown_names_do_not_hammer_the_worker(stack: Stack) -> None:
    for n in range(30):
        await stack.http().get(f"/v1/tools/GmailMultiuser.Nope{n}")
    assert stack.worker.catalog_reads == 1


async def test_a_worker_that_went_away_leaves_its_list(stack: Stack) -> None:
    assert (await stack.http().get("/v1/tools")).status_code == 200
    stack.outbound.fail_with[TOOLS] = ConnectionFailed("x", sent=False)
    stack.clock.now += 1000
    assert (await stack.http().get("/v1/tools")).json()["total_count"] == 4


async def test_a_worker_that_never_was_there_is_a_typed_503(stack: Stack) -> None:
    stack.outbound.fail_with[TOOLS] = ConnectionFailed("x", sent=False)
    replies = await asyncio.gather(*(stack.http().get("/v1/tools") for _ in range(5)))
    assert {(r.status_code, r.json()["name"]) for r in replies} == {(503, "unavailable")}
    stack.outbound.fail_with.clear()
    assert (await stack.http().get("/v1/tools")).status_code == 200


async def test_of_two_versions_the_named_one_runs(stack: Stack) -> None:
    stack.worker.tools.append(stack.definition("AddNumbers", None, version="0.2.0"))
    for version, ran in (("0.1.0", "0.1.0"), ("0.2.0", "0.2.0"), (None, "0.2.0")):
        more = {} if version is None else {"tool_version": version}
        await stack.execute("GmailMultiuser.AddNumbers", "alice", **more)
        assert stack.worker.invocations[-1]["tool"]["version"] == ran


async def test_an_unreadable_definition_costs_the_others_nothing(stack: Stack) -> None:
    stack.worker.tools += [None, 7, {}, {"name": "x"}, {"name": "", "toolkit": {"name": "t"}}]
    assert (await stack.http().get("/v1/tools")).json()["total_count"] == 4


@pytest.mark.parametrize(
    "raw",
    [
        {"name": "a", "toolkit": {"name": "t"}, "requirements": None},
        {"name": "a", "toolkit": {"name": "t", "version": 7}, "metadata": []},
        {"name": "a", "toolkit": {"name": "t"}, "requirements": {"authorization": {"oauth2": 1}}},
        {"name": "a", "toolkit": {"name": "t"}, "requirements": {"secrets": [None, {"key": ""}]}},
    ],
)
def test_an_odd_definition_is_read_as_far_as_it_goes(raw: Any) -> None:
    entry = read_entry(raw)
    assert entry is not None
    assert entry.qualified_name == "t.a"
    assert not entry.read_only


async def test_workers_are_listed_without_their_secret(stack: Stack) -> None:
    found = (await stack.http().get("/v1/workers")).json()
    assert found["total_count"] == 1
    assert found["items"][0]["http"]["uri"] == "http://127.0.0.1:8002"
    assert found["items"][0]["http"]["secret"] == {
        "binding": "static",
        "exists": True,
        "editable": False,
    }


async def test_connections_are_filtered_and_paged(stack: Stack) -> None:
    for user_id in ("alice", "bob", "carol"):
        await stack.connect(user_id, [READ])
        stack.clock.now += 1
    client = stack.http()
    page = (await client.get("/v1/admin/user_connections", params={"limit": 2})).json()
    assert ([c["user_id"] for c in page["items"]], page["total_count"]) == (["alice", "bob"], 3)
    for form in ("user[id]", "user.id", "user_id"):
        one = (await client.get("/v1/admin/user_connections", params={form: "bob"})).json()
        assert [c["user_id"] for c in one["items"]] == ["bob"]
    none = (await client.get("/v1/admin/user_connections", params={"provider[id]": "x"})).json()
    assert none["total_count"] == 0


# Waiting


async def test_who_waits_wakes_as_soon_as_the_flow_completes(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    waiting = asyncio.create_task(stack.status(started["id"], wait=59))
    browser = stack.browser()
    page = await browser.consent(started["url"])
    assert not waiting.done()
    await browser.answer(page, "confirm")
    # Far below the five seconds after which it would look by itself.
    found = await asyncio.wait_for(waiting, 2)
    assert found["status"] == "completed"
    assert found["scopes"] == [READ]


async def test_a_wait_that_ends_without_news_says_pending(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    found = await asyncio.wait_for(stack.status(started["id"], wait=1), 5)
    assert found["status"] == "pending"
    assert found["url"] == started["url"]


@pytest.mark.parametrize("query", ["", "id=", "id=x&wait=-1", "id=x&wait=long", "id=" + "x" * 200])
async def test_a_senseless_status_request_is_400(stack: Stack, query: str) -> None:
    assert (await stack.http().get(f"/v1/auth/status?{query}")).status_code == 400


async def test_an_unknown_authorization_is_404(stack: Stack) -> None:
    assert (await stack.http().get("/v1/auth/status?id=ac_x&wait=30")).status_code == 404


async def test_a_status_can_be_asked_for_other_scopes(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    started = await stack.start("alice", [READ])
    held = await stack.status(started["id"], scopes=READ)
    assert held["status"] == "completed"
    more = await stack.status(started["id"], scopes=f"{READ} https://mail.google.com/")
    assert more["status"] == "not_started"


async def test_a_flow_whose_scopes_came_another_way_is_completed(stack: Stack) -> None:
    first = await stack.start("alice", [READ])
    await stack.connect("alice", [READ, "https://mail.google.com/"])
    assert (await stack.status(first["id"]))["status"] == "completed"


@pytest.mark.parametrize(
    "requirement",
    [
        None,
        [],
        {},
        {"provider_id": "slack"},
        {"provider_id": "google", "provider_type": "basic"},
        {"provider_id": "google", "oauth2": []},
        {"provider_id": "google", "oauth2": {"scopes": "x"}},
        {"provider_id": "google", "oauth2": {"scopes": ["a b"]}},
        {"provider_id": "google", "oauth2": {"scopes": ["a\n"]}},
        {"provider_id": "google", "oauth2": {"scopes": [7]}},
        {"provider_id": "google", "oauth2": {"scopes": ["x"] * 61}},
    ],
)
async def test_a_requirement_that_cannot_be_met_is_400(stack: Stack, requirement: Any) -> None:
    body = {"user_id": "alice", "auth_requirement": requirement}
    reply = await stack.http().post("/v1/auth/authorize", json=body)
    assert reply.status_code == 400


async def test_a_tool_without_requirements_is_completed_at_once(stack: Stack) -> None:
    reply = await stack.http().post(
        "/v1/tools/authorize",
        json={"tool_name": "GmailMultiuser.AddNumbers", "user_id": "alice"},
    )
    assert reply.json()["status"] == "completed"
