"""`engine-keys rotate`: everything an engine stores moves to the first key."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from engine_stack.worker import definition

from arcade_gmail_local.engine.database import open_database, prepare_database
from arcade_gmail_local.engine.execution.schedule import Schedule
from arcade_gmail_local.engine.execution.tool_entry import read_entry
from arcade_gmail_local.engine.http.api_keys import ApiKeyStore
from arcade_gmail_multiuser.cli import command
from arcade_gmail_multiuser.security.audit.log import open_audit
from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring

OLD, NEW = new_key(), new_key()


@pytest.fixture
def engines(tmp_path: Path) -> str:
    """An engine's database with a scheduled call, an API key and an audit under the old key."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'engine.sqlite'}"

    async def fill() -> None:
        database = open_database(url)
        await prepare_database(database)
        tool = read_entry(definition("SendEmail", None))
        assert tool is not None
        schedule = Schedule(
            database, Keyring(OLD), project="default", clock=time.time, kept_s=3600.0
        )
        await schedule.add(
            "te_1", tool, "alice", {"body": "canary-mail"}, time.time() + 3600, stacktrace=False
        )
        await ApiKeyStore(database, [OLD], project="default", clock=time.time).create("agent")
        audit = open_audit(AuditBoundary(enabled=True, keys=(OLD,)), database, project="default")
        await audit.prepare()
        await audit.record("engine.started", outcome="succeeded", actor="engine")
        await database.dispose()

    asyncio.run(fill())
    return url


def test_043_rotate_moves_an_engines_secrets_and_names_the_api_keys_that_wait(
    engines: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOKEN_STORE_URL", raising=False)
    monkeypatch.setenv("ENGINE_DATABASE_URL", engines)
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", f"{NEW},{OLD}")
    assert command.run(["engine-keys", "rotate"]) == 1
    said = capsys.readouterr().out
    assert "1 scheduled calls, outcomes and pending revocations" in said
    assert "sign-ins in progress are not" in said
    assert "replaced before: agent" in said
    assert not any(secret in said for secret in (OLD, NEW, "canary"))

    async def revoke_and_read() -> tuple[bool, dict[str, str] | None]:
        database = open_database(engines)
        keys = ApiKeyStore(database, [NEW], project="default", clock=time.time)
        schedule = Schedule(
            database, Keyring(NEW), project="default", clock=time.time, kept_s=3600.0
        )
        call = await schedule.get("te_1")
        inputs = None if call is None else await schedule.inputs_of(call)
        found = (await keys.revoke("agent"), inputs)
        await database.dispose()
        return found

    assert asyncio.run(revoke_and_read()) == (True, {"body": "canary-mail"})
    assert command.run(["engine-keys", "rotate"]) == 0
    assert "nothing stored needs another key" in capsys.readouterr().out


def test_043_after_a_rotation_the_audit_needs_the_old_key_no_more(
    engines: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOKEN_STORE_URL", raising=False)
    monkeypatch.setenv("ENGINE_DATABASE_URL", engines)
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", f"{NEW},{OLD}")
    command.run(["engine-keys", "rotate"])
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", NEW)
    capsys.readouterr()
    assert command.run(["audit", "verify", "--database"]) == 0
    assert capsys.readouterr().out.startswith("2 records, unbroken.")
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", OLD)
    assert command.run(["audit", "verify", "--database"]) == 1


def test_rotate_refuses_to_move_an_engines_tokens_without_the_rest(
    engines: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ENGINE_DATABASE_URL", raising=False)
    monkeypatch.setenv("TOKEN_STORE_URL", engines)
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", f"{NEW},{OLD}")
    assert command.run(["keys", "rotate"]) == 2
    assert "ENGINE_DATABASE_URL" in capsys.readouterr().err
