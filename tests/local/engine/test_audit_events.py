"""Every credential event of the engine is audited, and what cannot be does not happen."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from engine_stack.facts import READ, SEND
from engine_stack.stack import Stack, StackMaker
from starlette.responses import JSONResponse

from arcade_gmail_local.engine.events import Events
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    DeadlineExceeded,
    StorageUnavailable,
)
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.log import NoAudit
from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary, RateBoundary
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy

LIST = "GmailMultiuser.ListLabels"
REJECTED = {"message": "x", "kind": "UPSTREAM_RUNTIME_AUTH_ERROR", "status_code": 401}


def records_of(stack: Stack) -> list[dict[str, Any]]:
    with sqlite3.connect(stack.database) as db:
        rows = db.execute("SELECT record FROM audit_records ORDER BY position").fetchall()
    return [json.loads(row[0]) for row in rows]


def told(stack: Stack) -> list[tuple[str, str, str]]:
    return [(one["event"], one["outcome"], one["actor"]) for one in records_of(stack)]


def detail_of(stack: Stack, event: str) -> list[dict[str, Any]]:
    return [one["detail"] for one in records_of(stack) if one["event"] == event]


async def connection_of(stack: Stack, user_id: str) -> str:
    found = await stack.http().get("/v1/admin/user_connections", params={"user_id": user_id})
    return str(found.json()["items"][0]["id"])


async def disconnect(stack: Stack, user_id: str = "alice") -> Any:
    one = await connection_of(stack, user_id)
    return await stack.http().delete(f"/v1/admin/user_connections/{one}")


async def test_a_connection_is_told_from_the_first_question_to_the_revocation(
    stack: Stack,
) -> None:
    await stack.connect("alice", [READ])
    await stack.execute(LIST, "alice")
    stack.clock.now += 4000
    await stack.execute(LIST, "alice")
    await disconnect(stack)
    assert told(stack) == [
        ("engine.started", "succeeded", "engine"),
        ("authorization.asked", "started", "default"),
        ("authorization.started", "started", "browser"),
        ("authorization.confirmed", "started", "browser"),
        ("token.stored", "started", "browser"),
        ("token.released", "succeeded", "default"),
        ("token.refreshed", "succeeded", "token_manager"),
        ("token.released", "succeeded", "default"),
        ("token.erased", "started", "default"),
        ("grant.revoked", "started", "revocation"),
    ]
    name = AuditKeys(stack.settings.encryption_keys).name_user("default", "alice")
    whose = [one["user"] for one in records_of(stack)]
    assert whose == [None] + [{"hash": name}] * 9
    assert detail_of(stack, "authorization.asked") == [{"scopes": "gmail.readonly"}]
    (first, _) = detail_of(stack, "token.released")
    assert first == {"to": "worker", "worker": "default"}
    assert (await stack.app.state.services.audit.verify()).broken is None


async def test_user_ids_are_named_where_the_configuration_says_so(make_stack: StackMaker) -> None:
    audit = AuditBoundary(enabled=True, keys=(new_key(),), name_users=True)
    stack: Stack = await make_stack(audit=audit)
    await stack.connect("alice", [READ])
    assert {one["user"]["id"] for one in records_of(stack)[1:]} == {"alice"}


async def test_without_audit_logging_nothing_is_written(make_stack: StackMaker) -> None:
    stack: Stack = await make_stack(audit=AuditBoundary(enabled=False, keys=(new_key(),)))
    await stack.connect("alice", [READ])
    assert b"audit_records" not in stack.stored_bytes()


async def test_a_file_holds_the_audit_where_the_configuration_names_one(
    make_stack: StackMaker, tmp_path: Path
) -> None:
    audit = AuditBoundary(enabled=True, keys=(new_key(),), file=tmp_path / "audit.jsonl")
    stack: Stack = await make_stack(audit=audit)
    await stack.connect("alice", [READ])
    assert "token.stored" in (tmp_path / "audit.jsonl").read_text()
    assert b"audit_records" not in stack.stored_bytes()


async def test_releases_to_a_worker_are_told_once_a_minute_with_how_many_there_were(
    stack: Stack,
) -> None:
    await stack.connect("alice", [READ])
    await asyncio.gather(*(stack.execute(LIST, "alice") for _ in range(20)))
    stack.clock.now += 59
    await stack.execute(LIST, "alice")
    assert [one.get("more") for one in detail_of(stack, "token.released")] == [None]
    stack.clock.now += 1
    await stack.execute(LIST, "alice")
    assert [one.get("more") for one in detail_of(stack, "token.released")] == [None, 20]


async def test_nobody_passes_on_a_record_that_has_just_failed() -> None:
    """At the step in which it fails, before anybody has heard of it."""
    asked, fail = asyncio.Event(), asyncio.Event()

    class Broken(NoAudit):
        async def record(self, event: str, **_what: Any) -> None:
            asked.set()
            await fail.wait()
            raise StorageUnavailable("The audit is away.")

    events = Events(Broken(), clock=lambda: 1000.0)

    async def release() -> None:
        await events.record_once_a_minute(
            "token.released", "succeeded", about=("uc_1", "default"), actor="agent"
        )

    first = asyncio.create_task(release())
    await asked.wait()
    fail.set()
    # Queued right behind the writer's last step, and so before what that step sets off.
    second = asyncio.create_task(release())
    ended = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(one) for one in ended] == [StorageUnavailable, StorageUnavailable]


async def test_a_token_that_an_api_key_reads_is_told_every_time(make_stack: StackMaker) -> None:
    granted = {"token_exposure": "granted", "token_readers": frozenset({"default"})}
    stack: Stack = await make_stack(**granted)
    await stack.connect("alice", [READ])
    for _ in range(2):
        assert "token" in (await stack.start("alice", [READ]))["context"]
    assert detail_of(stack, "token.released") == [{"to": "api_key"}] * 2


async def test_refusals_of_people_and_of_google_are_told_with_their_reason(
    stack: Stack,
) -> None:
    await stack.connect("alice", [READ], "alice@example.com")
    stack.provider.account = "mallory@example.com"
    browser = stack.browser()
    started = await stack.start("alice", [SEND])
    await browser.answer(await browser.consent(started["url"]), "confirm")
    started = await stack.start("bob", [READ])
    await browser.answer(await browser.consent(started["url"]), "cancel")
    stack.provider.refresh_tokens.clear()
    stack.clock.now += 4000
    await stack.execute(LIST, "alice")
    reasons = [one["reason"] for one in detail_of(stack, "authorization.refused")]
    assert reasons == ["account_mismatch", "cancelled"]
    assert ("token.refreshed", "refused", "token_manager") in told(stack)


async def test_a_confirmation_for_somebody_else_is_told_with_the_key_that_said_so(
    verified: Stack,
) -> None:
    started = await verified.start("alice", [READ])
    await verified.browser().consent(started["url"])
    assert (await verified.confirm(verified.flow_id_of(started["url"]), "bob")).status_code == 400
    assert told(verified)[-1] == ("authorization.refused", "refused", "default")
    assert detail_of(verified, "authorization.refused")[0]["reason"] == "user_mismatch"


async def test_a_401_of_gmail_and_what_followed_are_told(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.worker.answer = lambda _call: {"error": REJECTED}
    assert (await stack.execute(LIST, "alice")).status_code == 403
    seen = [event for event, *_ in told(stack)]
    after = seen[seen.index("token.released") + 1 :]
    assert after == ["token.rejected", "token.refreshed", "token.refused", "authorization.asked"]


async def test_a_revocation_is_told_with_each_try_and_why_it_was_left(stack: Stack) -> None:
    await stack.connect("alice", [READ], "shared@example.com")
    stack.outbound.fail_with["/revoke"] = DeadlineExceeded("slow")
    await disconnect(stack)
    stack.outbound.fail_with.clear()
    await stack.connect("bob", [READ], "shared@example.com")
    stack.clock.now += 61
    await stack.app.state.services.disconnector.run_due()
    outcomes = [outcome for event, outcome, _ in told(stack) if event == "grant.revoked"]
    assert outcomes == ["started", "failed", "refused"]
    assert detail_of(stack, "grant.revoked")[-1] == {"reason": "account_is_connected"}


async def test_keys_and_attempts_that_are_refused_are_told_once_a_minute(
    make_stack: StackMaker,
) -> None:
    rate = RateBoundary(enabled=True, max_attempts=1, window_s=900.0, backend="database")
    stack: Stack = await make_stack(rate=rate)
    for _ in range(12):
        await stack.http(key="arc_wrong").get("/v1/tools")
    await stack.start("alice", [READ])
    for _ in range(3):
        await stack.execute(LIST, "alice")
    seen = [one for one in told(stack) if one[1] == "refused"]
    assert seen == [
        ("api_key.refused", "refused", "nobody"),
        ("api_key.limited", "refused", "nobody"),
        ("authorization.limited", "refused", "default"),
    ]
    assert detail_of(stack, "api_key.refused") == [{"address": "127.0.0.1"}]


# --- failing closed ------------------------------------------------------------------------------


async def ask(stack: Stack) -> Any:
    body = {"tool_name": "GmailMultiuser.SendEmail", "user_id": "alice"}
    return await stack.http().post("/v1/tools/authorize", json=body)


async def leave(stack: Stack) -> Any:
    return await stack.http(key=None).get(stack.kept["url"])


async def confirm(stack: Stack) -> Any:
    return await stack.kept["browser"].answer(stack.kept["page"], "confirm")


async def execute(stack: Stack) -> Any:
    return await stack.execute(LIST, "alice")


async def refresh(stack: Stack) -> Any:
    stack.clock.now += 4000
    return await stack.execute(LIST, "alice")


async def read_token(stack: Stack) -> Any:
    return await stack.http().get("/v1/auth/status", params={"id": stack.kept["connection"]})


async def invite(stack: Stack) -> Any:
    return await stack.http().post("/v1/connections_page", json={"user_id": "alice"})


async def present_a_wrong_key(stack: Stack) -> Any:
    return await stack.http(key="arc_wrong").get("/v1/tools")


APART = {"audit_records", "audit_lost", "audit_head", "rate_attempts", "token_leases"}


def contents(stack: Stack) -> dict[str, list[Any]]:
    """Everything that is stored, but for the audit, the counted attempts and leases."""
    with sqlite3.connect(stack.database) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = {name for (name,) in tables} - APART
        assert {"flows", "user_tokens", "scheduled_calls"} <= names
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in names}


async def lose_the_audit(stack: Stack) -> None:
    with sqlite3.connect(stack.database) as db:
        db.execute("ALTER TABLE audit_records RENAME TO audit_lost")


async def change_the_audit(stack: Stack) -> None:
    with sqlite3.connect(stack.database) as db:
        db.execute("UPDATE audit_head SET digest = '0'")


OPERATIONS = [
    ask, leave, confirm, execute, refresh, read_token, invite, present_a_wrong_key, disconnect,
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("trouble", "status", "name"),
    [
        (lose_the_audit, 503, "storage_unavailable"),
        (change_the_audit, 500, "storage_error"),
    ],
)
async def test_s57_without_the_audit_nothing_is_done_and_nothing_changed(
    make_stack: StackMaker,
    operation: Callable[[Stack], Awaitable[Any]],
    trouble: Callable[[Stack], Awaitable[None]],
    status: int,
    name: str,
) -> None:
    stack: Stack = await make_stack(
        token_exposure="granted",
        token_readers=frozenset({"default"}),
        refresh=RefreshPolicy(cooldown_s=0, provider_timeout_s=5),
    )
    await stack.connect("alice", [READ])
    browser = stack.browser()
    page = await browser.consent((await stack.start("bob", [READ]))["url"])
    link = (await stack.start("carol", [READ]))["url"]
    connection = await connection_of(stack, "alice")
    stack.kept.update(url=link, browser=browser, page=page, connection=connection)
    await stack.http().get("/v1/tools")
    held, asked = contents(stack), len(stack.provider.calls)
    await trouble(stack)
    reply = await operation(stack)
    assert reply.status_code == status, reply.text
    if operation in (leave, confirm):
        assert "This does not work right now" in reply.text
    else:
        assert reply.json()["name"] == name
    assert contents(stack) == held
    assert stack.worker.invocations == []
    # A refresh that cannot be recorded is not kept; Google was asked, which changes nothing.
    kinds = {kind for kind, _ in stack.provider.calls[asked:]}
    assert kinds <= ({"refresh_token"} if operation is refresh else set())
    assert "ya29" not in reply.text


async def test_s57_once_the_audit_is_back_a_held_consent_can_be_confirmed(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    page = await browser.consent(started["url"])
    await lose_the_audit(stack)
    assert (await browser.answer(page, "confirm")).status_code == 503
    with sqlite3.connect(stack.database) as db:
        db.execute("ALTER TABLE audit_lost RENAME TO audit_records")
    assert (await browser.answer(page, "confirm")).status_code == 200
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_s4_a_mismatch_ends_the_flow_even_when_it_cannot_be_recorded(
    verified: Stack,
) -> None:
    started = await verified.start("alice", [READ])
    await verified.browser().consent(started["url"])
    flow_id = verified.flow_id_of(started["url"])
    await lose_the_audit(verified)
    assert (await verified.confirm(flow_id, "bob")).status_code == 503
    with sqlite3.connect(verified.database) as db:
        db.execute("ALTER TABLE audit_lost RENAME TO audit_records")
    assert (await verified.confirm(flow_id, "alice")).json()["error"] == "user_mismatch"


async def test_s57_a_revocation_waits_for_the_audit(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.provider.answers_revoke_with = lambda: JSONResponse({}, 503)
    await disconnect(stack)
    stack.provider.answers_revoke_with = None
    asked = stack.provider.count("revoke")
    await lose_the_audit(stack)
    stack.clock.now += 61
    assert await stack.app.state.services.disconnector.run_due() == 1
    assert stack.provider.count("revoke") == asked
    with sqlite3.connect(stack.database) as db:
        db.execute("ALTER TABLE audit_lost RENAME TO audit_records")
    stack.clock.now += 3600
    assert await stack.app.state.services.disconnector.run_due() == 0
    assert stack.provider.count("revoke") == asked + 1


async def test_s57_an_audit_that_was_changed_refuses_to_start(make_stack: StackMaker) -> None:
    stack: Stack = await make_stack()
    await change_the_audit(stack)
    with pytest.raises(ConfigurationError, match="audit verify"):
        await make_stack(encryption_keys=stack.settings.encryption_keys)


async def test_two_engines_write_one_unbroken_audit(
    make_stack: StackMaker, any_database: str
) -> None:
    one: Stack = await make_stack(database_url=any_database)
    two: Stack = await make_stack(
        database_url=any_database,
        encryption_keys=one.settings.encryption_keys,
        provider_app=one.provider,
        clock=one.clock,
    )
    people = [f"user{number}" for number in range(6)]
    for number, person in enumerate(people):
        await (one, two)[number % 2].connect(person, [READ])
    await asyncio.gather(
        *(engine.execute(LIST, person) for person in people for engine in (one, two))
    )
    verdict = await two.app.state.services.audit.verify()
    assert verdict.broken is None
    # Two starts, four records for each consent, and each engine's release of each token.
    assert verdict.count == 2 + 6 * 4 + 6 * 2
