"""`audit verify` tells an honest log from a falsified one, by its exit status too."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from processes import run_command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog
from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
from arcade_gmail_multiuser.security.audit.store import AuditStore
from arcade_gmail_multiuser.security.keys import new_key

KEY = new_key()
KEYS = {"ENGINE_ENCRYPTION_KEYS": KEY}


async def fill(store: AuditStore, count: int = 4) -> None:
    log = AuditLog(store, AuditKeys(KEY))
    await log.prepare()
    for _ in range(count):
        await log.record("token.read", outcome="succeeded", actor="agent", user_id="alice")


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    await fill(FileAuditStore(tmp_path / "audit.jsonl"))
    return tmp_path / "audit.jsonl"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'engine.sqlite'}"
    engine = create_async_engine(url)
    await fill(SqlAuditStore(engine))
    yield url
    await engine.dispose()


def test_s56_a_whole_file_is_counted_and_its_end_is_told(file: Path) -> None:
    done = run_command("audit", "verify", "--file", str(file), environment=KEYS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 records, unbroken.\n")
    end = re.search(r"End: (4:[0-9a-f]{64})", done.stdout)
    assert end is not None
    again = run_command(
        "audit", "verify", "--file", str(file), "--expect", end[1], environment=KEYS
    )
    assert again.returncode == 0


def test_s56_an_edited_file_ends_1_and_names_the_record(file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0], lines[1].replace("agent", "nurse"), *lines[2:]]))
    done = run_command("audit", "verify", "--file", str(file), environment=KEYS)
    assert done.returncode == 1
    assert done.stdout.startswith("BROKEN at record 2: ")
    assert "1 records before it are in order." in done.stdout
    assert "nurse" not in done.stdout + done.stderr


def test_s56_a_log_that_is_shorter_than_was_noted_ends_1(file: Path) -> None:
    noted = f"9:{'0' * 64}"
    done = run_command("audit", "verify", "--file", str(file), "--expect", noted, environment=KEYS)
    assert done.returncode == 1
    assert done.stdout.startswith("BROKEN at record 5: The tail is cut")


async def test_s56_a_cut_database_ends_1(database: str) -> None:
    arguments = ("audit", "verify", "--database")
    there = {**KEYS, "ENGINE_DATABASE_URL": database}
    assert run_command(*arguments, environment=there).stdout.startswith("4 records, unbroken.")
    engine = create_async_engine(database)
    async with engine.begin() as db:
        await db.execute(text("DELETE FROM audit_records WHERE position = 4"))
    await engine.dispose()
    done = run_command(*arguments, database, environment=KEYS)
    assert done.returncode == 1
    assert "BROKEN at record 4: The tail is cut" in done.stdout


async def test_a_configuration_says_where_the_log_is(tmp_path: Path) -> None:
    await fill(FileAuditStore(tmp_path / "a.jsonl", head_path=tmp_path / "elsewhere"))
    config = tmp_path / "security.yaml"
    config.write_text(
        "security:\n"
        "  encryption_keys: ['${env:ENGINE_ENCRYPTION_KEYS}']\n"
        f"  audit: {{file: {tmp_path / 'a.jsonl'}, head_file: {tmp_path / 'elsewhere'}}}\n"
    )
    done = run_command("audit", "verify", "--config", str(config), environment=KEYS)
    assert done.stdout.startswith("4 records, unbroken."), done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (("--file", "/nonexistent/a.jsonl"), KEYS, "There is no audit file"),
        (("--file", "/nonexistent/a.jsonl"), {}, "ENGINE_AUDIT_KEYS"),
        (("--database",), KEYS, "ENGINE_DATABASE_URL is not set"),
        (("--database", "sqlite:////nonexistent/a.sqlite"), KEYS, "no database file"),
        (("--database", "canary"), KEYS, "not a database address"),
        (("--database", "mysql://canary@db/x"), KEYS, "sqlite+aiosqlite or postgresql+asyncpg"),
    ],
)
def test_what_cannot_be_verified_is_refused_in_one_line(
    arguments: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    done = run_command("audit", "verify", *arguments, environment=environment)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert KEY not in done.stderr
    assert "canary" not in done.stderr


async def test_a_database_without_a_log_is_told_from_one_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'other.sqlite'}"
    engine = create_async_engine(url)
    async with engine.begin() as db:
        await db.execute(text("CREATE TABLE notes (id INTEGER)"))
    await engine.dispose()
    done = run_command("audit", "verify", "--database", url, environment=KEYS)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no audit log in that database." in done.stderr


@pytest.mark.parametrize("table", ["audit_records", "audit_head"])
async def test_a_log_of_which_a_table_was_dropped_is_not_taken_for_none(
    database: str, table: str
) -> None:
    engine = create_async_engine(database)
    async with engine.begin() as db:
        await db.execute(text(f"DROP TABLE {table}"))
    await engine.dispose()
    done = run_command("audit", "verify", "--database", database, environment=KEYS)
    assert done.returncode == 1
    assert "There is no audit log" not in done.stderr


def test_looking_for_a_log_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    run_command("audit", "verify", "--database", f"sqlite:///{path}", environment=KEYS)
    run_command("audit", "verify", "--file", str(tmp_path / "b"), environment=KEYS)
    assert list(tmp_path.iterdir()) == []
