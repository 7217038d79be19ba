"""A stack's secrets are made once, readable by their owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from arcade_gmail_local.commands.credentials import credentials_in, private_directory
from arcade_gmail_multiuser.errors import ConfigurationError


def test_the_same_directory_gives_the_same_secrets_and_another_gives_others(
    tmp_path: Path,
) -> None:
    here, there = private_directory(tmp_path / "a"), private_directory(tmp_path / "b")
    first = credentials_in(here)
    assert credentials_in(here) == first
    other = credentials_in(there)
    assert first.api_key != other.api_key
    assert first.worker_secret != other.worker_secret
    assert first.encryption_key != other.encryption_key
    assert len(first.worker_secret) >= 32


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    directory = private_directory(tmp_path / "data")
    credentials_in(directory)
    [file] = directory.iterdir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_repr_shows_none_of_them(tmp_path: Path) -> None:
    secrets = credentials_in(tmp_path)
    shown = repr(secrets)
    assert not any(
        value in shown for value in (secrets.api_key, secrets.worker_secret, secrets.encryption_key)
    )


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"api_key": "canary"'])
def test_a_broken_file_is_refused_and_not_repeated(tmp_path: Path, content: str) -> None:
    (tmp_path / "credentials.json").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        credentials_in(tmp_path)
    assert "cannot be read" in caught.value.message
    assert "canary" not in caught.value.message
    assert caught.value.__cause__ is None
