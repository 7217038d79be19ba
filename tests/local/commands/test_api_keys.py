"""API keys from the command line: made, listed, revoked; and logs that hold none."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest

from arcade_gmail_local.commands.credentials import credentials_in
from arcade_gmail_local.commands.engine import DATABASE_FILE
from arcade_gmail_local.engine.database import open_database, prepare_database
from arcade_gmail_local.engine.http.api_keys import ApiKeyStore
from arcade_gmail_multiuser.cli import command
from arcade_gmail_multiuser.cli.http_server import mask_secrets_in_logs
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.redaction import RedactingFilter


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory as `up` leaves it."""
    for name in ("ENGINE_ENCRYPTION_KEYS", "ENGINE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    credentials_in(tmp_path)

    async def create() -> None:
        database = open_database(f"sqlite+aiosqlite:///{tmp_path / DATABASE_FILE}")
        await prepare_database(database)
        await database.dispose()

    asyncio.run(create())
    return tmp_path


def known_to_the_engine(data: Path, key: str) -> bool:
    async def find() -> bool:
        database = open_database(f"sqlite+aiosqlite:///{data / DATABASE_FILE}")
        keys = (credentials_in(data).encryption_key,)
        store = ApiKeyStore(database, keys, project="default", clock=lambda: 1_800_000_000.0)
        found = await store.find(key.encode())
        await database.dispose()
        return found is not None

    return asyncio.run(find())


def keys(*arguments: str, data: Path) -> int:
    return command.run(["engine-keys", *arguments, "--data", str(data)])


def test_s57_no_key_is_made_or_revoked_unless_that_can_be_audited(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("api-new", "agent", data=data) == 0
    key = capsys.readouterr().out.strip()
    with sqlite3.connect(data / DATABASE_FILE) as db:
        db.execute("UPDATE audit_head SET digest = '0'")
    assert keys("api-new", "another", data=data) != 0
    assert keys("api-revoke", "agent", data=data) != 0
    told = capsys.readouterr()
    assert "audit" in told.err
    assert "arc_" not in told.out
    assert known_to_the_engine(data, key)
    assert keys("api-list", data=data) == 0
    assert "another" not in capsys.readouterr().out


def test_a_key_is_made_listed_and_revoked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keys("api-new", "agent", data=data) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("arc_")
    assert known_to_the_engine(data, key)
    assert keys("api-list", data=data) == 0
    listed = capsys.readouterr().out
    assert "agent\tin use" in listed
    assert "used 2027-01-15" in listed
    assert key not in listed
    assert keys("api-revoke", "agent", data=data) == 0
    assert not known_to_the_engine(data, key)
    assert keys("api-list", data=data) == 0
    assert "agent\trevoked" in capsys.readouterr().out


def test_what_cannot_be_done_says_so_and_fails(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("api-revoke", "nobody", data=data) == 1
    assert keys("api-new", "agent", data=data) == 0
    assert keys("api-new", "agent", data=data) == 1
    assert "in use" in capsys.readouterr().err
    assert keys("api-new", "not a name", data=data) == 1


def test_a_mistyped_directory_becomes_no_new_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENGINE_DATABASE_URL", raising=False)
    monkeypatch.delenv("ENGINE_ENCRYPTION_KEYS", raising=False)
    assert keys("api-list", data=tmp_path / "nope") == 2
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", new_key())
    assert keys("api-list", data=tmp_path / "nope") == 2
    assert not (tmp_path / "nope").exists()


def test_every_handler_of_a_server_masks_secrets_once() -> None:
    handler = logging.StreamHandler()
    logger = logging.getLogger("test.of.a.server")
    logger.addHandler(handler)
    kept = {one: list(one.filters) for one in logging.root.handlers}
    try:
        mask_secrets_in_logs()
        mask_secrets_in_logs()
        assert [type(one) for one in handler.filters] == [RedactingFilter]
        for one in logging.root.handlers:
            assert any(isinstance(present, RedactingFilter) for present in one.filters)
    finally:
        logger.removeHandler(handler)
        for one, filters in kept.items():
            one.filters = filters
