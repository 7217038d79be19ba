"""A key file is private, whole, and the same for everybody who starts."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.keys import decode_key, load_or_create_key


def test_s45_a_new_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "engine.key"
    load_or_create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["engine.key"]


def test_the_second_start_reads_the_first_ones_key(tmp_path: Path) -> None:
    path = tmp_path / "engine.key"
    assert load_or_create_key(path) == load_or_create_key(path)
    assert len(decode_key(load_or_create_key(path))) == 32


def test_processes_that_start_together_end_with_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: load_or_create_key(tmp_path / "k"), range(32)))
    assert len(set(keys)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["k"]


@pytest.mark.parametrize("content", ["", "changeme", "b3BlbiBzZXNhbWUhCg", "\x00\xff"])
def test_s44_a_damaged_key_file_refuses_to_start_and_is_left_alone(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "k"
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_or_create_key(path)
    assert path.read_text(encoding="utf-8") == content
    assert not content or content not in str(caught.value)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_or_create_key(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    load_or_create_key(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigurationError):
        load_or_create_key(tmp_path / "link")
