"""Several workers: which of them serves a toolkit, and that all come from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import arcadepy
import pytest
from engine_stack.facts import WORKER_SECRET, Clock
from engine_stack.worker import FakeWorker, definition

from arcade_gmail_local.engine.settings import WorkerSettings
from arcade_gmail_multiuser.errors import ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

SECOND = "http://127.0.0.1:8003"


def math_worker(clock: Clock) -> FakeWorker:
    tool = definition("Add", None)
    tool["toolkit"] = {"name": "Math", "version": "1.0"}
    return FakeWorker(clock, tools=[tool])


@pytest.fixture
async def two(make_stack: StackMaker) -> Stack:
    """An engine with two workers, the second in `kept`."""
    clock = Clock()
    second = math_worker(clock)
    more = (WorkerSettings(url=SECOND, secret=WORKER_SECRET, id="math"),)
    stack = await make_stack(clock=clock, workers={SECOND: second}, more_workers=more)
    stack.kept["second"] = second
    return stack


async def test_arcadepy_lists_reads_and_checks_the_workers_of_the_settings(two: Stack) -> None:
    client = two.arcade()
    assert [one.id async for one in client.workers.list()] == ["default", "math"]
    found = await client.workers.get("math")
    assert (found.id, found.enabled, found.type) == ("math", True, "http")
    assert found.http is not None
    assert found.http.secret is not None
    assert found.http.secret.value is None
    health = await client.workers.health("math")
    assert (health.healthy, health.enabled) == (True, True)
    assert [tool.name async for tool in client.workers.tools("math")] == ["Add"]
    with pytest.raises(arcadepy.NotFoundError):
        await client.workers.get("nope")
    assert (await two.http().get("/v1/workers/nope/health")).status_code == 404


async def test_a_tool_runs_on_the_worker_that_serves_it(two: Stack) -> None:
    client = two.arcade()
    result = await client.tools.execute(tool_name="Math.Add", user_id="alice", input={"n": 1})
    assert result.success
    assert two.kept["second"].invocations[0]["tool"]["name"] == "Add"
    assert two.worker.invocations == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/workers"),
        ("PATCH", "/v1/workers/default"),
        ("DELETE", "/v1/workers/default"),
    ],
)
async def test_no_worker_is_registered_changed_or_removed_over_the_api(
    stack: Stack, method: str, path: str
) -> None:
    body = {"id": "m", "http": {"uri": SECOND, "secret": WORKER_SECRET}}
    reply = await stack.http().request(method, path, json=body)
    assert (reply.status_code, reply.json()["name"]) == (405, "method_not_allowed")
    assert (await stack.http().get("/v1/workers")).json()["total_count"] == 1


async def test_a_worker_that_later_takes_a_toolkit_does_not_get_it(two: Stack) -> None:
    client = two.http()
    await client.get("/v1/tools")
    two.kept["second"].tools += [definition("SendEmail", None)]
    two.clock.now += 61
    tools = (await client.get("/v1/workers/math/tools")).json()
    assert [one["name"] for one in tools["items"]] == ["Add"]
    first = (await client.get("/v1/tools/GmailMultiuser.SendEmail")).json()
    assert first["requirements"]["authorization"]["provider_id"] == "google"


async def test_one_worker_that_is_away_leaves_the_tools_of_the_others(two: Stack) -> None:
    two.outbound.fail_with["/worker/health"] = ConnectionFailed("away", sent=False)
    client = two.http()
    health = (await client.get("/v1/workers/math/health")).json()
    assert (health["healthy"], health["enabled"]) == (False, True)
    two.kept["second"].tools = "rubbish"
    assert (await client.get("/v1/tools")).json()["total_count"] == 4


async def test_s21_a_workers_secret_is_never_shown(two: Stack) -> None:
    for path in ("/v1/workers", "/v1/workers/math"):
        assert WORKER_SECRET not in (await two.http().get(path)).text
    assert WORKER_SECRET.encode() not in two.stored_bytes()


async def test_two_workers_with_one_id_refuse_to_start(make_stack: StackMaker) -> None:
    with pytest.raises(ConfigurationError):
        await make_stack(more_workers=(WorkerSettings(url=SECOND, secret="x" * 32),))
