"""A token store of an earlier release is upgraded by a command and then used."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from old_databases import CLOCK, ENCRYPTION_KEY, TOKENS_1, restore
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_multiuser.cli import command
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security import schema_versions
from arcade_gmail_multiuser.security.database import open_token_database
from arcade_gmail_multiuser.security.schema_versions import SECURITY
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens import sql_store
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.store import open_token_store

READ = "https://www.googleapis.com/auth/gmail.readonly"
NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade():
    op.add_column("user_tokens", sa.Column("note", sa.Text, nullable=True))
"""


class Google:
    client_id = "client-1"


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """A token store of version 1, of each kind in turn: its address and its schema."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'tokens.db'}"
        await restore(TOKENS_1, url)
        yield url, ""
        return
    url, schema = request.getfixturevalue("database_url"), f"tokens_{secrets.token_hex(8)}"
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with server.connect() as db:
        await db.execute(text(f"CREATE SCHEMA {schema}"))
    await restore(TOKENS_1, f"{url}{'&' if '?' in url else '?'}search_path={schema}")
    yield url, schema
    async with server.connect() as db:
        await db.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    await server.dispose()


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose token tables have one column more."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in SECURITY.folder.glob("**/*.py"):
        copy = folder / path.relative_to(SECURITY.folder)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "versions" / "0002_note.py").write_text(NEXT, encoding="utf-8")
    later = replace(SECURITY, head="0002", folder=folder)
    monkeypatch.setattr(schema_versions, "SECURITY", later)

    async def prepare(engine: object, metadata: object) -> None:
        await schema_versions.prepare_tables(engine, metadata, later)  # type: ignore[arg-type]

    monkeypatch.setattr(sql_store, "prepare_tables", prepare)


async def read_token(place: tuple[str, str], user_id: str) -> str:
    url, schema = place
    manager = SecureTokenManager(
        open_token_store(url, schema=schema or None),
        Keyring((ENCRYPTION_KEY,)),
        project="default",
        providers={"google": Google()},  # type: ignore[dict-item]
        clock=lambda: CLOCK - 3000,
    )
    try:
        await manager.prepare()
        return str((await manager.token_for(user_id, {READ}, provider="google")).access_token)
    finally:
        await manager.close()


async def run(place: tuple[str, str], monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    url, schema = place
    monkeypatch.setenv("TOKEN_STORE_URL", url)
    more = ["--schema", schema] if schema else []
    # As in a process of its own: a command brings its own event loop.
    return await asyncio.to_thread(command.run, ["tokens", *words, *more])


async def test_a_store_without_a_version_is_of_the_first_and_is_read(
    place: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await run(place, monkeypatch, "version") == 0
    assert "token store: version 0001, up to date" in capsys.readouterr().out
    assert await read_token(place, "bob") == "ya29.of-bob"
    assert (await read_token(place, "alice")).startswith("ya29.canary-")


@pytest.mark.usefixtures("next_release")
async def test_an_older_store_is_refused_until_the_command_has_upgraded_it(
    place: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ConfigurationError, match=r"version 0001.* needs 0002.*`.*tokens upgrade`"):
        await read_token(place, "bob")
    assert await run(place, monkeypatch, "upgrade") == 0
    assert "token store: upgraded from version 0001 to 0002" in capsys.readouterr().out
    assert await read_token(place, "bob") == "ya29.of-bob"
    url, schema = place
    engine = open_token_database(url, schema=schema or None)
    async with engine.connect() as db:
        columns = await db.run_sync(lambda plain: inspect(plain).get_columns("user_tokens"))
    await engine.dispose()
    assert "note" in {column["name"] for column in columns}


async def test_a_store_of_a_newer_release_is_refused_by_name(place: tuple[str, str]) -> None:
    await read_token(place, "bob")
    url, schema = place
    engine = open_token_database(url, schema=schema or None)
    async with engine.begin() as db:
        await db.execute(text(f"UPDATE {SECURITY.version_table} SET version_num = '0099'"))
    await engine.dispose()
    with pytest.raises(ConfigurationError, match=r"newer release \(schema version 0099"):
        await read_token(place, "bob")


async def test_the_command_needs_an_address_and_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOKEN_STORE_URL", raising=False)
    assert await asyncio.to_thread(command.run, ["tokens", "upgrade"]) == 2
    assert "TOKEN_STORE_URL is not set" in capsys.readouterr().err
    absent = tmp_path / "absent.db"
    assert await run((f"sqlite:///{absent}", ""), monkeypatch, "upgrade") == 2
    assert not absent.exists()


def test_the_head_is_the_last_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(SECURITY.folder))
    assert ScriptDirectory.from_config(config).get_heads() == [SECURITY.head]
