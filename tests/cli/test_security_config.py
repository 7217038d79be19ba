"""`doctor --config` explains every finding in a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_config import SECRETS, write_config

from arcade_gmail_multiuser.cli import command


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_config(tmp_path, monkeypatch)


def test_doctor_explains_a_good_file_and_ends_well(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(["doctor", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "token_exposure: never" in told
    assert "FAIL" not in told
    assert not [name for name, secret in SECRETS.items() if secret in told]


def test_doctor_names_every_error_with_what_to_do_and_fails(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T_KEY", "canary-short")
    text = config.read_text().replace("environment: development", "")
    config.write_text(text.replace("http://127.0.0.1:9099", "http://engine.example.com"))
    assert command.run(["doctor", "--config", str(config)]) == 1
    told = capsys.readouterr().out
    for key in ("security.encryption_keys[0]", "engine.public_url"):
        assert any(line.startswith("FAIL") and key in line for line in told.splitlines())
    assert "https" in told
    assert "canary-short" not in told


@pytest.mark.parametrize("content", [None, "a: [", "- a list"])
def test_doctor_fails_on_a_file_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "security.yaml"
    if content is not None:
        path.write_text(content)
    assert command.run(["doctor", "--config", str(path)]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_named_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nope.yaml"
    assert command.run(["doctor", "--config", str(path)]) > 0
    captured = capsys.readouterr()
    told = f"The configuration file {path} cannot be read: No such file or directory."
    assert told in captured.out + captured.err
