"""A database of an earlier release is upgraded once and then used; a newer one is refused."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from engine_stack.facts import READ, Clock
from engine_stack.stack import Stack, StackMaker
from old_databases import CLOCK, ENCRYPTION_KEY, ENGINE_1, STORED_API_KEY, restore
from sqlalchemy import MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.commands import engine_database
from arcade_gmail_local.engine.database import HISTORIES, open_database, prepare_database
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
from arcade_gmail_multiuser.security.schema_versions import SchemaHistory, prepare_tables

LIST = "GmailMultiuser.ListLabels"
GONE = {"workers", "tool_secrets", "engine_version"}


@pytest.fixture
async def old_database(any_database: str) -> str:
    """The address of an engine's database of version 1, of each kind in turn."""
    await restore(ENGINE_1, any_database)
    return any_database


def then() -> Clock:
    clock = Clock()
    clock.now = CLOCK
    return clock


async def start(make_stack: StackMaker, url: str, **changes: Any) -> Stack:
    made: Stack = await make_stack(
        database_url=url, encryption_keys=(ENCRYPTION_KEY,), clock=then(), **changes
    )
    return made


async def tables_in(url: str) -> set[str]:
    engine = open_database(url)
    try:
        async with engine.connect() as db:
            return set(await db.run_sync(lambda plain: inspect(plain).get_table_names()))
    finally:
        await engine.dispose()


async def run_command(action: str, url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("ENGINE_DATABASE_URL", url)
    parser = argparse.ArgumentParser()
    engine_database.add_arguments(parser)
    # As in a process of its own: a command brings its own event loop.
    return await asyncio.to_thread(engine_database.run, parser.parse_args([action]))


async def test_in_development_an_older_database_is_upgraded_on_start_and_used(
    old_database: str, make_stack: StackMaker
) -> None:
    stack = await start(make_stack, old_database, environment="development")
    assert not GONE & await tables_in(old_database)

    # Tokens are read, and the stored API key is known.
    ci = stack.http(key=STORED_API_KEY)
    body = {"tool_name": LIST, "user_id": "alice", "input": {}}
    assert (await ci.post("/v1/tools/execute", json=body)).status_code == 200
    sent = stack.worker.invocations[0]["context"]["authorization"]
    assert sent["token"].startswith("ya29.canary-")
    assert sent["user_info"]["email"] == "alice@example.com"

    # Scheduled calls are listed and opened; the one that waits runs at its time.
    calls = (await ci.get("/v1/scheduled_tools?user_id=alice")).json()["items"]
    assert {one["execution_status"] for one in calls} == {"success", "pending"}
    for one in calls:
        found = (await ci.get(f"/v1/scheduled_tools/{one['id']}")).json()
        ran = one["execution_status"] == "success"
        assert found["input"] == {"text": "of ran" if ran else "of waits"}
        assert [attempt["success"] for attempt in found["attempts"]] == [True] * ran
    # The pending authorization goes on, and so does the revocation that failed.
    assert (await stack.start("bob", [READ]))["status"] == "pending"
    await stack.app.state.services.disconnector.run_due()
    stack.clock.now += 60
    await stack.app.state.services.disconnector.run_due()
    assert stack.provider.count("revoke") == 1

    # The audit log continues where it was.
    report = await stack.app.state.services.audit.verify()
    assert (report.broken, report.count > 21) == (None, True)


async def test_in_production_an_older_database_is_refused_until_the_command_has_run(
    old_database: str,
    make_stack: StackMaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = await tables_in(old_database)
    with pytest.raises(ConfigurationError, match=r"version 0001.*`.* engine-database upgrade`"):
        await start(make_stack, old_database)
    assert await tables_in(old_database) == before
    for action, shown in (
        ("version", "engine: version 0001, can be upgraded to 0002"),
        ("upgrade", "engine: upgraded from version 0001 to 0002"),
        ("upgrade", "engine: version 0002, up to date"),
    ):
        assert await run_command(action, old_database, monkeypatch) == 0
        printed = capsys.readouterr().out
        assert shown in printed
        assert "token store: version 0001, up to date" in printed
    stack = await start(make_stack, old_database)
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_the_command_says_of_an_empty_database_that_there_is_nothing(
    any_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run_command("upgrade", any_database, monkeypatch) == 0
    assert "engine: no tables yet" in capsys.readouterr().out
    assert await tables_in(any_database) == set()


async def test_a_database_without_a_file_is_not_made_by_the_command(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    engine_database.add_arguments(parser)
    with pytest.raises(ConfigurationError, match="no engine database"):
        engine_database.run(parser.parse_args(["upgrade", "--data", str(tmp_path)]))


async def test_an_upgraded_database_has_the_tables_of_a_new_one(
    old_database: str, tmp_path: Path
) -> None:
    new = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    shapes = []
    for url in (old_database, new):
        engine = open_database(url)
        await prepare_database(engine, upgrade=True)
        shapes.append(await shape_of(engine))
        await engine.dispose()
    old, fresh = shapes
    assert {name: old[name] for name in fresh} == fresh


async def shape_of(engine: AsyncEngine) -> dict[str, Any]:
    """The columns and indexes of the engine's tables, without the types' spellings."""

    def look(connection: Any) -> dict[str, Any]:
        found = MetaData()
        found.reflect(connection)
        return {
            table.name: (
                {(column.name, column.nullable) for column in table.columns},
                {index.name for index in table.indexes},
                [column.name for column in table.primary_key],
            )
            for table in found.sorted_tables
        }

    async with engine.connect() as db:
        return await db.run_sync(look)


async def test_many_processes_that_start_at_once_migrate_once(
    old_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrades = []
    upgrade = command.upgrade

    def count(*given: Any) -> None:
        upgrades.append(given)
        upgrade(*given)

    monkeypatch.setattr(command, "upgrade", count)
    engines = [open_database(old_database) for _ in range(8)]
    await asyncio.gather(*(prepare_database(engine, upgrade=True) for engine in engines))
    for engine in engines:
        await engine.dispose()
    assert len(upgrades) == 1


@pytest.mark.parametrize("history", HISTORIES, ids=lambda one: one.name)
async def test_a_newer_database_is_refused_by_name_and_left_alone(
    any_database: str, history: SchemaHistory
) -> None:
    engine = open_database(any_database)
    await prepare_database(engine)
    # Creates the version of the token store's tables.
    await prepare_tables(engine, MetaData())
    async with engine.begin() as db:
        await db.execute(text(f"UPDATE {history.version_table} SET version_num = '0099'"))
    for upgrade in (False, True):
        with pytest.raises(ConfigurationError, match=r"newer release \(schema version 0099"):
            await prepare_database(engine, upgrade=upgrade)
    await engine.dispose()


async def test_a_failed_upgrade_changes_nothing(
    old_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[str] = []
    drop = op.drop_table

    def drop_one(name: str) -> None:
        if dropped:
            raise RuntimeError
        dropped.append(name)
        drop(name)

    monkeypatch.setattr(op, "drop_table", drop_one)
    before = await tables_in(old_database)
    engine = open_database(old_database)
    with pytest.raises(RuntimeError):
        await prepare_database(engine, upgrade=True)
    await engine.dispose()
    assert dropped
    assert await tables_in(old_database) == before


@pytest.mark.parametrize("history", HISTORIES, ids=lambda one: one.name)
def test_the_head_of_a_history_is_its_last_revision(history: SchemaHistory) -> None:
    config = Config()
    config.set_main_option("script_location", str(history.folder))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [history.head]
    assert [one.revision for one in script.walk_revisions()][-1] == "0001"


async def test_audit_tables_are_not_made_where_the_audit_is_elsewhere(
    any_database: str, make_stack: StackMaker, tmp_path: Path
) -> None:
    audit = AuditBoundary(enabled=True, keys=(ENCRYPTION_KEY,), file=tmp_path / "audit.jsonl")
    await start(make_stack, any_database, audit=audit)
    assert "audit_records" not in await tables_in(any_database)
