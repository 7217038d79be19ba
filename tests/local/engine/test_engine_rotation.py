"""43: from one encryption key to the next, for everything that an engine keeps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from engine_stack.facts import READ, WORKER_SECRET, Clock
from engine_stack.stack import Stack, StackMaker
from engine_stack.worker import FakeWorker, definition
from sqlalchemy import update

from arcade_gmail_local.engine import rotation, schema
from arcade_gmail_local.engine.rotation import api_keys_waiting, needed_key_ids, rotate_sealed
from arcade_gmail_multiuser.errors import ConfigurationError, DeadlineExceeded
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens

OLD, NEW = new_key(), new_key()
BOTH = Keyring([NEW, OLD])
NEWEST = BOTH.newest_id
OLDEST = Keyring(OLD).newest_id
SECOND = "http://127.0.0.1:8003"
TOOL = "GmailMultiuser.ListLabels"


class Fleet:
    """Engines on one database that come and go, each with its own keys."""

    def __init__(self, make_stack: StackMaker, database_url: str) -> None:
        self._make = make_stack
        self._database_url = database_url
        self._shared: dict[str, Any] = {}

    async def engine(self, *keys: str) -> Stack:
        clock = self._shared.get("clock") or Clock()
        tool = definition("Add", None)
        tool["toolkit"] = {"name": "Math", "version": "1.0"}
        made: Stack = await self._make(
            database_url=self._database_url,
            encryption_keys=keys,
            worker_origins=(SECOND,),
            workers={SECOND: FakeWorker(clock, tools=[tool])},
            **{"clock": clock, **self._shared},
        )
        self._shared = {
            "clock": made.clock,
            "provider_app": made.provider,
            "worker_app": made.worker,
        }
        if len(made.worker.tools) == 4:
            asking = definition("TellSecret", None)
            asking["requirements"]["secrets"] = [{"key": "ONE"}]
            made.worker.tools.append(asking)
        return made


@pytest.fixture
def fleet(make_stack: StackMaker, any_database: str) -> Fleet:
    return Fleet(make_stack, any_database)


async def fill(stack: Stack) -> dict[str, str]:
    """Make one of everything that is sealed; give the ids of a call that ran, and of one to run."""
    http = stack.http()
    for user in ("alice", "bob"):
        await stack.connect(user, [READ])
    await http.post("/v1/admin/secrets/ONE", json={"value": "the value of one"})
    worker = {"id": "math", "http": {"uri": SECOND, "secret": WORKER_SECRET}}
    assert (await http.post("/v1/workers", json=worker)).status_code == 201
    calls = {}
    for name, at in (("ran", "2027-01-15T08:00:00+00:00"), ("waits", "2027-01-16T08:00:00+00:00")):
        reply = await stack.execute(TOOL, "alice", run_at=at, input={"text": f"of {name}"})
        calls[name] = str(reply.json()["id"])
    await stack.app.state.scheduler.run_due()
    stack.outbound.fail_with["/revoke"] = DeadlineExceeded("slow")
    (held,) = (await http.get("/v1/admin/user_connections?user_id=bob")).json()["items"]
    await http.delete(f"/v1/admin/user_connections/{held['id']}")
    return calls


async def rotate(stack: Stack) -> tuple[Any, Any]:
    database = stack.app.state.database
    tokens = await rotate_tokens(stack.app.state.manager._store, BOTH)
    return tokens, await rotate_sealed(database, BOTH)


async def test_043_after_a_rotation_an_engine_with_the_new_key_alone_finds_everything(
    fleet: Fleet,
) -> None:
    calls = await fill(await fleet.engine(OLD))
    both = await fleet.engine(NEW, OLD)
    tokens, secrets = await rotate(both)
    assert (tokens.complete, secrets.complete, secrets.unreadable) == (True, True, 0)
    # A revocation, a secret, a worker, two inputs, an outcome.
    assert secrets.resealed == 6
    new = await fleet.engine(NEW)
    assert (await new.execute(TOOL, "alice")).status_code == 200
    assert (await new.execute("GmailMultiuser.TellSecret", "alice")).status_code == 200
    given = new.worker.invocations[-1]["context"]["secrets"]
    assert "the value of one" in str(given)
    assert (await new.execute("Math.Add", "alice")).status_code == 200
    for name, call_id in calls.items():
        found = (await new.http().get(f"/v1/scheduled_tools/{call_id}")).json()
        assert found["input"] == {"text": f"of {name}"}
        assert [one["success"] for one in found["attempts"]] == ([True] if name == "ran" else [])
    new.clock.now += 3600
    assert await new.app.state.disconnector.run_due() == 0
    assert new.provider.count("revoke") == 1


async def test_043_without_the_old_key_an_engine_does_not_start(fleet: Fleet) -> None:
    old = await fleet.engine(OLD)
    await old.http().post("/v1/admin/secrets/ONE", json={"value": "the value of one"})
    with pytest.raises(ConfigurationError, match=OLDEST):
        await fleet.engine(NEW)


async def test_043_a_second_run_has_nothing_to_do_and_a_broken_one_goes_on(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(await fleet.engine(OLD))
    stack = await fleet.engine(NEW, OLD)
    reseal, left = rotation._reseal, [3]

    def dies(*given: Any) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return reseal(*given)

    monkeypatch.setattr(rotation, "_reseal", dies)
    with pytest.raises(KeyboardInterrupt):
        await rotate_sealed(stack.app.state.database, BOTH)
    monkeypatch.undo()
    assert await needed_key_ids(stack.app.state.database, BOTH) == {NEWEST, OLDEST}
    assert (await rotate_sealed(stack.app.state.database, BOTH)).resealed == 3
    done = await rotate_sealed(stack.app.state.database, BOTH)
    assert (done.resealed, done.complete) == (0, True)


async def test_043_a_value_that_changes_meanwhile_keeps_what_the_change_wrote(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await fleet.engine(OLD)
    await old.http().post("/v1/admin/secrets/ONE", json={"value": "the value of one"})
    stack = await fleet.engine(NEW, OLD)
    loop, reseal = asyncio.get_running_loop(), rotation._reseal

    async def put_another() -> None:
        body = {"value": "another value"}
        assert (await stack.http().post("/v1/admin/secrets/ONE", json=body)).status_code == 200

    def meanwhile(*given: Any) -> bytes:
        # Called in a thread, between reading the value and writing it.
        asyncio.run_coroutine_threadsafe(put_another(), loop).result(10)
        return reseal(*given)

    monkeypatch.setattr(rotation, "_reseal", meanwhile)
    done = await rotate_sealed(stack.app.state.database, BOTH)
    assert (done.resealed, done.complete) == (0, True)
    await stack.execute("GmailMultiuser.TellSecret", "alice")
    assert "another value" in str(stack.worker.invocations[-1]["context"]["secrets"])


async def test_043_what_no_key_opens_is_counted_and_left_alone(fleet: Fleet) -> None:
    old = await fleet.engine(OLD)
    await old.http().post("/v1/admin/secrets/ONE", json={"value": "the value of one"})
    async with old.app.state.database.begin() as db:
        await db.execute(update(schema.tool_secrets).values(key="TWO"))  # moved: opens no more
    done = await rotate_sealed(old.app.state.database, BOTH)
    assert (done.resealed, done.unreadable, done.still_needed) == (0, 1, {OLDEST})


async def test_api_keys_that_were_not_used_since_are_named(fleet: Fleet) -> None:
    old = await fleet.engine(OLD)
    keys = old.app.state.api_keys
    used = await keys.create("used")
    await keys.create("unused")
    await keys.create("revoked")
    await keys.revoke("revoked")
    stack = await fleet.engine(NEW, OLD)
    assert (await stack.http(key=used).get("/v1/tools")).status_code == 200
    assert await api_keys_waiting(stack.app.state.database, NEWEST) == ["unused"]
