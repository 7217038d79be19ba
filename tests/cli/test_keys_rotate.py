"""`keys rotate`: the tokens of a store move to the first key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from arcade_gmail_multiuser.cli import command
from arcade_gmail_multiuser.security.keys import decode_key, derive_key_id, new_key
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.store import open_token_store

OLD, NEW = new_key(), new_key()


class Nobody:
    client_id = "client-1"


def manager_of(url: str, *keys: str) -> SecureTokenManager:
    return SecureTokenManager(
        open_token_store(url),
        Keyring(keys),
        project="p1",
        providers={"google": Nobody()},  # type: ignore[dict-item]
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store that holds one connection under the old key."""
    url = f"sqlite:///{tmp_path / 'tokens.sqlite'}"

    async def fill() -> None:
        manager = manager_of(url, OLD)
        await manager.prepare()
        await manager.store_user_token("ann", access_token="canary", expires_in=3600)
        await manager.close()

    asyncio.run(fill())
    return url


def test_043_rotate_moves_stored_tokens_to_the_first_key(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN_STORE_URL", url)
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", f"{NEW}, {OLD}")
    assert command.run(["keys", "rotate"]) == 0
    said = capsys.readouterr().out
    assert "1 connections sealed with" in said
    assert "nothing stored needs another key" in said
    assert not any(secret in said for secret in (OLD, NEW, "canary", "ann"))

    async def read() -> str:
        manager = manager_of(url, NEW)
        await manager.prepare()
        token = await manager.token_for("ann")
        await manager.close()
        return token.access_token

    assert asyncio.run(read()) == "canary"


def test_043_rotate_without_the_old_key_changes_nothing_and_names_it(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN_STORE_URL", url)
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", NEW)
    assert command.run(["keys", "rotate"]) == 1
    assert derive_key_id(decode_key(OLD)) in capsys.readouterr().out


def test_rotate_takes_a_mistyped_path_for_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "typo.sqlite"
    monkeypatch.setenv("TOKEN_STORE_URL", f"sqlite:///{missing}")
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", NEW)
    assert command.run(["keys", "rotate"]) == 2
    assert "no database file" in capsys.readouterr().err
    assert not missing.exists()


@pytest.mark.parametrize("missing", ["TOKEN_STORE_URL", "ENGINE_ENCRYPTION_KEYS"])
def test_rotate_says_what_it_lacks(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    monkeypatch.setenv("TOKEN_STORE_URL", url)
    monkeypatch.setenv("ENGINE_ENCRYPTION_KEYS", NEW)
    monkeypatch.delenv("ENGINE_DATABASE_URL", raising=False)
    monkeypatch.delenv(missing)
    assert command.run(["keys", "rotate"]) == 2
    assert missing in capsys.readouterr().err
