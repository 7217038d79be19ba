"""43: from one encryption key to the next, for everything that an engine keeps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from engine_stack.facts import READ
from engine_stack.stack import Stack, StackMaker
from sqlalchemy import update

from arcade_gmail_local.engine import rotation, tables
from arcade_gmail_local.engine.rotation import api_keys_waiting, needed_key_ids, rotate_sealed
from arcade_gmail_multiuser.errors import ConfigurationError, DeadlineExceeded
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens

OLD, NEW = new_key(), new_key()
BOTH = Keyring([NEW, OLD])
NEWEST = BOTH.newest_id
OLDEST = Keyring(OLD).newest_id
TOOL = "GmailMultiuser.ListLabels"


class Fleet:
    """Engines on one database that come and go, each with its own keys."""

    def __init__(self, make_stack: StackMaker, database_url: str) -> None:
        self._make = make_stack
        self._database_url = database_url
        self._shared: dict[str, Any] = {}

    async def engine(self, *keys: str) -> Stack:
        made: Stack = await self._make(
            database_url=self._database_url, encryption_keys=keys, **self._shared
        )
        self._shared = {
            "clock": made.clock,
            "provider_app": made.provider,
            "worker_app": made.worker,
        }
        return made


@pytest.fixture
def fleet(make_stack: StackMaker, any_database: str) -> Fleet:
    return Fleet(make_stack, any_database)


async def fill(stack: Stack) -> dict[str, str]:
    """Make one of everything that is sealed; give the ids of a call that ran, and of one to run."""
    http = stack.http()
    for user in ("alice", "bob"):
        await stack.connect(user, [READ])
    calls = {}
    for name, at in (("ran", "2027-01-15T08:00:00+00:00"), ("waits", "2027-01-16T08:00:00+00:00")):
        reply = await stack.execute(TOOL, "alice", run_at=at, input={"text": f"of {name}"})
        calls[name] = str(reply.json()["id"])
    await stack.app.state.services.scheduler.run_due()
    stack.outbound.fail_with["/revoke"] = DeadlineExceeded("slow")
    (held,) = (await http.get("/v1/admin/user_connections?user_id=bob")).json()["items"]
    await http.delete(f"/v1/admin/user_connections/{held['id']}")
    return calls


async def schedule(stack: Stack) -> str:
    """Schedule one call for later, and so have one sealed value; return its id."""
    await stack.connect("alice", [READ])
    reply = await stack.execute(TOOL, "alice", run_at="2027-01-16T08:00:00+00:00")
    return str(reply.json()["id"])


async def rotate(stack: Stack) -> tuple[Any, Any]:
    database = stack.app.state.services.database
    tokens = await rotate_tokens(stack.app.state.services.manager._store, BOTH)
    return tokens, await rotate_sealed(database, BOTH)


async def test_043_after_a_rotation_an_engine_with_the_new_key_alone_finds_everything(
    fleet: Fleet,
) -> None:
    calls = await fill(await fleet.engine(OLD))
    both = await fleet.engine(NEW, OLD)
    tokens, secrets = await rotate(both)
    assert (tokens.complete, secrets.complete, secrets.unreadable) == (True, True, 0)
    # A revocation, two inputs, an outcome.
    assert secrets.resealed == 4
    new = await fleet.engine(NEW)
    assert (await new.execute(TOOL, "alice")).status_code == 200
    for name, call_id in calls.items():
        found = (await new.http().get(f"/v1/scheduled_tools/{call_id}")).json()
        assert found["input"] == {"text": f"of {name}"}
        assert [one["success"] for one in found["attempts"]] == ([True] if name == "ran" else [])
    new.clock.now += 3600
    assert await new.app.state.services.disconnector.run_due() == 0
    assert new.provider.count("revoke") == 1


async def test_043_without_the_old_key_an_engine_does_not_start(fleet: Fleet) -> None:
    old = await fleet.engine(OLD)
    await schedule(old)
    with pytest.raises(ConfigurationError, match=OLDEST):
        await fleet.engine(NEW)


async def test_043_a_second_run_has_nothing_to_do_and_a_broken_one_goes_on(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(await fleet.engine(OLD))
    stack = await fleet.engine(NEW, OLD)
    reseal, left = rotation._reseal, [2]

    def dies(*given: Any) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return reseal(*given)

    monkeypatch.setattr(rotation, "_reseal", dies)
    with pytest.raises(KeyboardInterrupt):
        await rotate_sealed(stack.app.state.services.database, BOTH)
    monkeypatch.undo()
    assert await needed_key_ids(stack.app.state.services.database, BOTH) == {NEWEST, OLDEST}
    assert (await rotate_sealed(stack.app.state.services.database, BOTH)).resealed == 2
    done = await rotate_sealed(stack.app.state.services.database, BOTH)
    assert (done.resealed, done.complete) == (0, True)


async def test_043_a_value_that_changes_meanwhile_keeps_what_the_change_wrote(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await fleet.engine(OLD)
    call_id = await schedule(old)
    stack = await fleet.engine(NEW, OLD)
    loop, reseal = asyncio.get_running_loop(), rotation._reseal

    database = stack.app.state.services.database

    async def put_another() -> None:
        binding = tables.bind_input("default", "alice", call_id)
        sealed = BOTH.seal(b'{"text": "another"}', bound_to=binding)
        async with database.begin() as db:
            await db.execute(update(tables.scheduled_calls).values(input=sealed))

    def meanwhile(*given: Any) -> bytes:
        # Called in a thread, between reading the value and writing it.
        asyncio.run_coroutine_threadsafe(put_another(), loop).result(10)
        return reseal(*given)

    monkeypatch.setattr(rotation, "_reseal", meanwhile)
    done = await rotate_sealed(database, BOTH)
    assert (done.resealed, done.complete) == (0, True)
    found = (await stack.http().get(f"/v1/scheduled_tools/{call_id}")).json()
    assert found["input"] == {"text": "another"}


async def test_043_what_no_key_opens_is_counted_and_left_alone(fleet: Fleet) -> None:
    old = await fleet.engine(OLD)
    await schedule(old)
    async with old.app.state.services.database.begin() as db:
        # Moved to another user, it opens no more.
        await db.execute(update(tables.scheduled_calls).values(user_id="bob"))
    done = await rotate_sealed(old.app.state.services.database, BOTH)
    assert (done.resealed, done.unreadable, done.still_needed) == (0, 1, {OLDEST})


async def test_api_keys_that_were_not_used_since_are_named(fleet: Fleet) -> None:
    old = await fleet.engine(OLD)
    keys = old.app.state.services.api_keys
    used = await keys.create("used")
    await keys.create("unused")
    await keys.create("revoked")
    await keys.revoke("revoked")
    stack = await fleet.engine(NEW, OLD)
    assert (await stack.http(key=used).get("/v1/tools")).status_code == 200
    assert await api_keys_waiting(stack.app.state.services.database, NEWEST) == ["unused"]
