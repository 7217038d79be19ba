"""`engine --config`: one file decides, and no value of it is shown."""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from engine_config import SECRETS, write_config

from arcade_gmail_local.commands import engine
from arcade_gmail_multiuser.cli import command, http_server


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_config(tmp_path, monkeypatch)


def test_the_engine_starts_from_the_file_and_says_which_boundaries_hold(
    config: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(http_server, "listen", lambda _arguments: None)
    monkeypatch.setattr(http_server, "serve", lambda app, *_: served.append(app) or 0)
    with caplog.at_level(logging.INFO):
        assert command.run(["engine", "--config", str(config)]) == 0
    assert len(served) == 1
    assert "Security boundaries initialized" in caplog.text
    assert not [name for name, secret in SECRETS.items() if secret in caplog.text]
    asyncio.run(start_and_stop(served[0]))
    assert (config.parent / "engine.sqlite").stat().st_mode & 0o777 == 0o600


async def start_and_stop(app: Any) -> None:
    async with app.router.lifespan_context(app):
        pass


def test_s55_the_engine_refuses_an_unknown_key_and_hides_values(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + "canary_key: canary-value\n")
    assert command.run(["engine", "--config", str(config)]) == 2
    told = capsys.readouterr().err
    assert "canary_key" in told
    assert "canary-value" not in told


def test_the_file_and_the_options_exclude_each_other(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    engine.add_arguments(parser)
    for option in ("--data", "--public-url", "--token-reader"):
        assert command.run(["engine", "--config", str(config), option, "x"]) == 2
        assert option in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nope.yaml"
    assert command.run(["engine", "--config", str(path)]) > 0
    captured = capsys.readouterr()
    told = f"The configuration file {path} cannot be read: No such file or directory."
    assert told in captured.out + captured.err
