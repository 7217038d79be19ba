"""Calls for later: kept, run once, at their time, and told about."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from arcade_gmail_local.engine.execution.schedule import LEASE_S
from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST_TOOL, SEND_TOOL = "GmailMultiuser.ListLabels", "GmailMultiuser.SendEmail"
INVOKE = "/worker/tools/invoke"
TABLES = ("scheduled_calls", "call_attempts")
CANARY = "canary-mail-9f1c"


def moment(stack: Stack, seconds: float) -> str:
    return datetime.fromtimestamp(stack.clock.now + seconds, UTC).isoformat()


async def schedule(stack: Stack, tool: str = SEND_TOOL, seconds: float = 60.0) -> str:
    """Schedule a call for Alice, who is connected; give its id."""
    await stack.connect("alice", [READ, SEND])
    reply = await stack.execute(
        tool, "alice", run_at=moment(stack, seconds), input={"body": CANARY}
    )
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


async def look(stack: Stack, call_id: str) -> dict[str, Any]:
    reply = await stack.http().get(f"/v1/scheduled_tools/{call_id}")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def run_due(stack: Stack) -> int:
    count: int = await stack.app.state.services.scheduler.run_due()
    return count


async def claimed_elsewhere(stack: Stack, owner: str) -> list[Any]:
    """Let another engine take what is due in a minute, while this one's own loop looks away."""
    scheduler = stack.app.state.services.scheduler
    async with scheduler._claiming:
        stack.clock.now += 60
        return list(await scheduler._schedule.claim_due(owner, 5))


async def test_a_scheduled_call_runs_at_its_time_and_not_before(any_stack: Stack) -> None:
    call_id = await schedule(any_stack)
    assert (await look(any_stack, call_id))["execution_status"] == "pending"
    any_stack.clock.now += 59
    assert await run_due(any_stack) == 0
    assert any_stack.worker.invocations == []
    any_stack.clock.now += 1
    await run_due(any_stack)
    found = await look(any_stack, call_id)
    assert (found["execution_status"], found["tool_name"]) == ("success", "SendEmail")
    assert found["input"] == {"body": CANARY}
    (attempt,) = found["attempts"]
    assert attempt["success"] is True
    assert attempt["output"]["value"] == {"inputs": {"body": CANARY}}
    assert await run_due(any_stack) == 0
    assert len(any_stack.worker.invocations) == 1


async def test_arcadepy_schedules_lists_and_reads_a_call(stack: Stack) -> None:
    await stack.connect("alice", [SEND])
    client = stack.arcade()
    made = await client.tools.execute(
        tool_name=SEND_TOOL, user_id="alice", input={}, run_at=moment(stack, 10)
    )
    assert (made.execution_type, made.success, made.output) == ("scheduled", True, None)
    stack.clock.now += 10
    await run_due(stack)
    listed = [one async for one in client.tools.scheduled.list()]
    assert [one.id for one in listed] == [made.id]
    read = await client.tools.scheduled.get(made.id or "")
    assert read.execution_status == "success"
    assert read.attempts is not None
    assert read.attempts[0].output is not None


async def test_the_loop_wakes_by_itself_when_the_time_has_come(make_stack: StackMaker) -> None:
    ran = asyncio.Event()

    class Now:
        now = property(lambda self: time.time())

        def __call__(self) -> float:
            return time.time()

    stack = await make_stack(clock=Now())
    stack.worker.answer = lambda call: ran.set() or {"value": 1}
    begun = time.time()
    reply = await stack.execute("GmailMultiuser.AddNumbers", "alice", run_at=moment(stack, 0.4))
    await asyncio.wait_for(ran.wait(), 10)
    assert reply.status_code == 200
    # Far below the fifteen seconds after which it would look by itself.
    assert 0.4 <= time.time() - begun < 5


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2027-01-15T09:00:00", 3600),  # without a zone: UTC
        ("2027-01-15T10:00:00+01:00", 3600),
        ("2027-01-15T09:00:00Z", 3600),
        ("2027-01-15", 0),  # past: at once
        ("1970-01-01T00:00:00Z", 0),
    ],
)
async def test_run_at_is_read_with_its_zone_and_utc_without(
    stack: Stack, text: str, seconds: int
) -> None:
    reply = await stack.execute("GmailMultiuser.AddNumbers", "alice", run_at=text)
    wanted = datetime.fromtimestamp(stack.clock.now, UTC) + timedelta(seconds=seconds)
    assert reply.json()["run_at"] == wanted.isoformat()


@pytest.mark.parametrize(
    "text", ["tomorrow", "2027-13-01", "9999-12-31T23:59:59Z", "2028-01-01", "", " "]
)
async def test_a_run_at_that_cannot_be_kept_is_400(stack: Stack, text: str) -> None:
    reply = await stack.execute("GmailMultiuser.AddNumbers", "alice", run_at=text)
    assert reply.status_code == 400
    assert "run_at" in reply.json()["message"]
    assert (await stack.http().get("/v1/scheduled_tools")).json()["total_count"] == 0


async def test_a_person_who_has_not_consented_is_asked_when_the_call_is_scheduled(
    stack: Stack,
) -> None:
    reply = await stack.execute(SEND_TOOL, "alice", run_at=moment(stack, 60))
    assert reply.status_code == 403
    assert reply.json()["authorization"]["status"] == "pending"


async def test_a_restart_loses_no_call(any_database: str, make_stack: StackMaker) -> None:
    first = await make_stack(database_url=any_database)
    call_id = await schedule(first)
    second = await make_stack(
        database_url=any_database,
        encryption_keys=first.settings.encryption_keys,
        clock=first.clock,
        provider_app=first.provider,
    )
    second.clock.now += 3600
    await asyncio.gather(run_due(second), run_due(first))
    assert (await look(second, call_id))["execution_status"] == "success"
    assert len(first.worker.invocations) + len(second.worker.invocations) == 1


async def test_of_many_engines_exactly_one_runs_a_call(
    postgresql: str, make_stack: StackMaker
) -> None:
    first = await make_stack(database_url=postgresql)
    call_ids = [await schedule(first) for _ in range(10)]
    shared = {
        "database_url": postgresql,
        "encryption_keys": first.settings.encryption_keys,
        "clock": first.clock,
        "provider_app": first.provider,
        "worker_app": first.worker,
    }
    engines = [first, *[await make_stack(**shared) for _ in range(3)]]
    first.clock.now += 60
    await asyncio.gather(*(run_due(one) for one in engines))
    executed = [call["execution_id"] for call in first.worker.invocations]
    assert sorted(executed) == sorted(call_ids)


async def test_a_write_whose_outcome_is_unknown_is_never_repeated(any_stack: Stack) -> None:
    call_id = await schedule(any_stack)
    any_stack.outbound.fail_with[INVOKE] = DeadlineExceeded("slow")
    any_stack.clock.now += 60
    await run_due(any_stack)
    any_stack.outbound.fail_with.clear()
    any_stack.clock.now += 86_400
    assert await run_due(any_stack) == 0
    found = await look(any_stack, call_id)
    assert found["execution_status"] == "failed"
    assert "may or may not have acted" in found["attempts"][0]["system_error_message"]
    assert any_stack.worker.invocations == []


async def test_a_call_that_was_not_delivered_is_tried_again_a_few_times(stack: Stack) -> None:
    call_id = await schedule(stack)
    stack.outbound.fail_with[INVOKE] = ConnectionFailed("away", sent=False)
    stack.clock.now += 60
    await run_due(stack)
    assert (await look(stack, call_id))["execution_status"] == "pending"
    stack.outbound.fail_with.clear()
    stack.clock.now += 10
    await run_due(stack)
    found = await look(stack, call_id)
    assert found["execution_status"] == "success"
    assert [one["success"] for one in found["attempts"]] == [False, True]


async def test_a_worker_that_stays_away_ends_the_call_after_five_tries(stack: Stack) -> None:
    call_id = await schedule(stack)
    stack.outbound.fail_with[INVOKE] = ConnectionFailed("away", sent=False)
    for _ in range(12):
        stack.clock.now += 300
        await run_due(stack)
    found = await look(stack, call_id)
    assert (found["execution_status"], len(found["attempts"])) == ("failed", 5)


@pytest.mark.parametrize(("tool", "phase"), [(SEND_TOOL, "failed"), (LIST_TOOL, "success")])
async def test_what_a_dead_engine_left_is_settled_and_only_reads_run_again(
    any_stack: Stack, tool: str, phase: str
) -> None:
    call_id = await schedule(any_stack, tool)
    assert len(await claimed_elsewhere(any_stack, "an engine that was killed")) == 1
    any_stack.clock.now += LEASE_S - 1
    assert await run_due(any_stack) == 0
    assert (await look(any_stack, call_id))["execution_status"] == "running"
    any_stack.clock.now += 1
    await run_due(any_stack)
    found = await look(any_stack, call_id)
    assert found["execution_status"] == phase
    assert "engine stopped" in found["attempts"][0]["system_error_message"]
    assert len(any_stack.worker.invocations) == (1 if phase == "success" else 0)


async def test_a_result_that_comes_after_the_lease_is_still_the_truth(any_stack: Stack) -> None:
    call_id = await schedule(any_stack)
    schedule_ = any_stack.app.state.services.scheduler._schedule
    (call,) = await claimed_elsewhere(any_stack, "a slow engine")
    any_stack.clock.now += LEASE_S
    await run_due(any_stack)
    assert (await look(any_stack, call_id))["execution_status"] == "failed"
    assert await schedule_.finish(call, {"output": {"value": 7}}, success=True, begun=1.0)
    assert (await look(any_stack, call_id))["execution_status"] == "success"


async def test_an_engine_that_stops_says_that_the_outcome_is_unknown(
    any_database: str, make_stack: StackMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_gmail_local.engine.execution.scheduler._GRACE_S", 0.2)
    first = await make_stack(database_url=any_database)
    call_id = await schedule(first)
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang(_request: Any) -> Any:
        reached.set()
        await never.wait()

    first.outbound.send_instead[INVOKE] = hang
    first.clock.now += 60
    await first.app.state.services.scheduler.start_due()
    await asyncio.wait_for(reached.wait(), 5)
    await first.app.state.services.scheduler._stop()
    assert (await look(first, call_id))["execution_status"] == "failed"


async def test_a_refused_consent_ends_the_call_with_the_address_to_open(stack: Stack) -> None:
    call_id = await schedule(stack)
    for one in (await stack.http().get("/v1/admin/user_connections")).json()["items"]:
        await stack.http().delete(f"/v1/admin/user_connections/{one['id']}")
    stack.clock.now += 60
    await run_due(stack)
    found = await look(stack, call_id)
    assert found["execution_status"] == "failed"
    assert found["attempts"][0]["output"]["authorization"]["url"].startswith("http")


async def test_a_waiting_call_can_be_taken_off_and_a_running_one_not(any_stack: Stack) -> None:
    client = any_stack.http()
    call_id = await schedule(any_stack)
    assert (await client.delete(f"/v1/scheduled_tools/{call_id}")).status_code == 204
    assert (await client.get(f"/v1/scheduled_tools/{call_id}")).status_code == 404
    call_id = await schedule(any_stack)
    await claimed_elsewhere(any_stack, "somebody")
    reply = await client.delete(f"/v1/scheduled_tools/{call_id}")
    assert (reply.status_code, reply.headers["x-should-retry"]) == (409, "false")


async def test_s45_inputs_and_outputs_are_sealed_and_expire(stack: Stack) -> None:
    call_id = await schedule(stack)
    stack.clock.now += 60
    await run_due(stack)
    assert CANARY.encode() not in stack.stored_bytes()
    stack.clock.now += stack.settings.schedule_kept_s
    assert (await stack.http().get(f"/v1/scheduled_tools/{call_id}")).status_code == 404
    assert (await stack.http().get("/v1/scheduled_tools")).json()["total_count"] == 0
    await run_due(stack)
    with closing(sqlite3.connect(stack.database)) as db:
        kept = [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES]
    assert kept == [(0,), (0,)]


async def test_s41_a_call_moved_to_another_user_does_not_open(any_stack: Stack) -> None:
    call_id = await schedule(any_stack)
    other = await schedule(any_stack)
    schedule_ = any_stack.app.state.services.scheduler._schedule
    one, two = await schedule_.get(call_id), await schedule_.get(other)
    moved = type(one)(
        **{
            name: getattr(two if name == "sealed_input" else one, name)
            for name in one.__dataclass_fields__
        }
    )
    with pytest.raises(Exception, match="cannot be read"):
        await schedule_.inputs_of(moved)


async def test_one_user_can_wait_for_so_many_calls_and_no_more(make_stack: StackMaker) -> None:
    stack = await make_stack(schedule_pending_per_user=2)
    for _ in range(2):
        await schedule(stack)
    reply = await stack.execute(SEND_TOOL, "alice", run_at=moment(stack, 60))
    assert (reply.status_code, reply.headers["x-should-retry"]) == (429, "false")
    assert "retry-after" in reply.headers
    await stack.connect("bob", [SEND])
    other = await stack.execute(SEND_TOOL, "bob", run_at=moment(stack, 60))
    assert other.status_code == 200


async def test_scheduled_calls_are_paged_and_filtered_by_user(any_stack: Stack) -> None:
    for user_id in ("alice", "bob"):
        for _ in range(3):
            any_stack.clock.now += 1
            await any_stack.execute(
                "GmailMultiuser.AddNumbers", user_id, run_at=moment(any_stack, 600)
            )
    client = any_stack.http()
    page = (await client.get("/v1/scheduled_tools", params={"limit": 4})).json()
    assert (len(page["items"]), page["total_count"]) == (4, 6)
    bobs = (await client.get("/v1/scheduled_tools", params={"user_id": "bob"})).json()
    assert {one["user_id"] for one in bobs["items"]} == {"bob"}


async def test_calls_that_were_taken_run_though_the_database_was_lost_at_the_next(
    stack: Stack,
) -> None:
    calls = [await schedule(stack, seconds=60 + n) for n in range(3)]
    scheduler = stack.app.state.services.scheduler
    taken = 0

    def lose_the_second(*about: Any) -> None:
        nonlocal taken
        if "lease_until=" in about[2].replace(" ", "") and "owner=" in about[2].replace(" ", ""):
            taken += 1
            if taken == 2:
                raise OperationalError("claiming", None, RuntimeError("gone"))

    database = stack.app.state.services.database.sync_engine
    async with scheduler._claiming:
        stack.clock.now += 100
        event.listen(database, "before_cursor_execute", lose_the_second)
    await run_due(stack)
    await run_due(stack)
    assert taken > 2
    assert {(await look(stack, one))["execution_status"] for one in calls} == {"success"}
    assert len(stack.worker.invocations) == 3
