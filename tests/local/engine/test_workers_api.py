"""Several workers: who serves which toolkit, and who may register one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import arcadepy
import pytest
from engine_stack.facts import WORKER_SECRET, Clock
from engine_stack.worker import FakeWorker, definition

from arcade_gmail_local.engine.settings import WorkerSettings
from arcade_gmail_multiuser.errors import ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

SECOND = "http://127.0.0.1:8003"
HTTP = {"uri": SECOND, "secret": WORKER_SECRET, "timeout": 30, "retry": 3}


def math_worker(clock: Clock) -> FakeWorker:
    tool = definition("Add", None)
    tool["toolkit"] = {"name": "Math", "version": "1.0"}
    return FakeWorker(clock, tools=[tool])


@pytest.fixture
async def open_stack(any_database: str, make_stack: StackMaker) -> Stack:
    """An engine at which a second worker may be registered, and where that worker is."""
    clock = Clock()
    second = math_worker(clock)
    made = await make_stack(
        database_url=any_database, clock=clock, workers={SECOND: second}, worker_origins=(SECOND,)
    )
    made.second = second  # type: ignore[attr-defined]
    return made


async def test_a_worker_is_registered_used_changed_and_removed_through_arcadepy(
    open_stack: Stack,
) -> None:
    client = open_stack.arcade()
    made = await client.workers.create(id="math", enabled=True, http=HTTP)  # type: ignore[arg-type]
    assert (made.id, made.enabled, made.type) == ("math", True, "http")
    assert made.http is not None
    assert made.http.secret is not None
    assert made.http.secret.value is None
    assert [one.id async for one in client.workers.list()] == ["default", "math"]
    assert (await client.workers.get("math")).id == "math"
    health = await client.workers.health("math")
    assert (health.healthy, health.enabled) == (True, True)
    assert [t.name async for t in client.workers.tools("math")] == ["Add"]
    result = await client.tools.execute(tool_name="Math.Add", user_id="alice", input={"n": 1})
    assert result.success
    assert open_stack.second.invocations[0]["tool"]["name"] == "Add"  # type: ignore[attr-defined]
    assert open_stack.worker.invocations == []
    changed = await client.workers.update("math", enabled=False)
    assert changed.enabled is False
    with pytest.raises(arcadepy.NotFoundError):
        await client.tools.execute(tool_name="Math.Add", user_id="alice")
    await client.workers.delete("math")
    with pytest.raises(arcadepy.NotFoundError):
        await client.workers.get("math")


async def test_a_worker_is_registered_nowhere_but_where_the_settings_allow_it(
    stack: Stack, open_stack: Stack
) -> None:
    body = {"id": "math", "http": HTTP}
    reply = await stack.http().post("/v1/workers", json=body)
    assert (reply.status_code, reply.json()["name"]) == (403, "worker_not_allowed")
    elsewhere = {"id": "math", "http": {**HTTP, "uri": "https://evil.example.com"}}
    assert (await open_stack.http().post("/v1/workers", json=elsewhere)).status_code == 403
    assert (await open_stack.http().post("/v1/workers", json=body)).status_code == 201
    moved = {"http": {"uri": "https://evil.example.com"}}
    assert (await open_stack.http().patch("/v1/workers/math", json=moved)).status_code == 403


async def test_a_toolkit_that_another_worker_serves_is_a_conflict(open_stack: Stack) -> None:
    open_stack.second.tools = [open_stack.definition("SendEmail", None)]  # type: ignore[attr-defined]
    reply = await open_stack.http().post("/v1/workers", json={"id": "copy", "http": HTTP})
    assert (reply.status_code, reply.json()["name"]) == (409, "toolkit_conflict")
    assert reply.headers["x-should-retry"] == "false"


async def test_a_worker_that_later_takes_a_toolkit_does_not_get_it(open_stack: Stack) -> None:
    client = open_stack.http()
    assert (await client.post("/v1/workers", json={"id": "m", "http": HTTP})).status_code == 201
    open_stack.second.tools += [open_stack.definition("SendEmail", None)]  # type: ignore[attr-defined]
    open_stack.clock.now += 61
    tools = (await client.get("/v1/workers/m/tools")).json()
    assert [one["name"] for one in tools["items"]] == ["Add"]
    mine = (await client.get("/v1/tools/GmailMultiuser.SendEmail")).json()
    assert mine["requirements"]["authorization"]["provider_id"] == "google"


async def test_s21_a_workers_secret_is_sealed_and_never_shown(make_stack: StackMaker) -> None:
    secret = "canary-of-the-second-worker-01234"
    stack = await make_stack(worker_origins=(SECOND,))
    http = {**HTTP, "secret": secret}
    made = await stack.http().post("/v1/workers", json={"id": "m", "http": http})
    # The worker is away; it is registered all the same and shows its tools when it comes.
    assert made.status_code == 201
    listed = await stack.http().get("/v1/workers")
    assert secret not in made.text + listed.text
    assert secret.encode() not in stack.stored_bytes()


async def test_one_worker_that_is_away_leaves_the_tools_of_the_others(open_stack: Stack) -> None:
    open_stack.outbound.fail_with["/worker/health"] = ConnectionFailed("away", sent=False)
    client = open_stack.http()
    await client.post("/v1/workers", json={"id": "m", "http": HTTP})
    health = (await client.get("/v1/workers/m/health")).json()
    assert (health["healthy"], health["enabled"]) == (False, True)
    open_stack.second.tools = "rubbish"  # type: ignore[attr-defined]
    open_stack.clock.now += 61
    assert (await client.get("/v1/tools")).json()["total_count"] >= 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "m"},
        {"id": "a b", "http": HTTP},
        {"id": "m", "http": []},
        {"id": "m", "http": {**HTTP, "timeout": 0}},
        {"id": "m", "http": {**HTTP, "timeout": "30"}},
        {"id": "m", "http": {**HTTP, "timeout": True}},
        {"id": "m", "http": {**HTTP, "secret": "short"}},
        {"id": "m", "http": {**HTTP, "uri": "ftp://127.0.0.1:8003"}},
        {"id": "m", "http": {**HTTP, "uri": "http://example.com"}},
        {"id": "m", "http": HTTP, "enabled": 1},
        {"id": "m", "type": "mcp", "mcp": {"uri": SECOND}},
    ],
)
async def test_a_worker_that_makes_no_sense_is_400(open_stack: Stack, body: Any) -> None:
    assert (await open_stack.http().post("/v1/workers", json=body)).status_code == 400


async def test_workers_of_the_settings_change_only_there(open_stack: Stack) -> None:
    client = open_stack.http()
    for reply in (
        await client.patch("/v1/workers/default", json={"enabled": False}),
        await client.delete("/v1/workers/default"),
    ):
        assert (reply.status_code, reply.json()["name"]) == (403, "worker_is_fixed")
    taken = await client.post("/v1/workers", json={"id": "default", "http": HTTP})
    assert taken.status_code == 409
    assert (await client.get("/v1/workers/nope/health")).status_code == 404


async def test_two_workers_of_the_settings_share_the_work(make_stack: StackMaker) -> None:
    clock = Clock()
    second = math_worker(clock)
    more = (WorkerSettings(url=SECOND, secret=WORKER_SECRET, id="math"),)
    stack = await make_stack(clock=clock, workers={SECOND: second}, more_workers=more)
    assert (await stack.execute("Math_Add", "alice")).status_code == 200
    assert len(second.invocations) == 1
    with pytest.raises(ConfigurationError):
        await make_stack(more_workers=(WorkerSettings(url=SECOND, secret="x" * 32),))
