"""What cannot be made safe refuses to start, and says why without saying what."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arcade_gmail_local.engine.database import open_database
from arcade_gmail_local.engine.settings import (
    EngineSettings,
    ProviderSettings,
    WorkerSettings,
)
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.origins import is_loopback

KEY = "canary-api-key-0123456789"
SECRET = "canary-worker-secret"
CLIENT_SECRET = "canary-client-secret"


def good(**changes: Any) -> EngineSettings:
    base = EngineSettings(
        api_key=KEY,
        encryption_keys=(new_key(),),
        public_url="https://engine.example.com",
        verifier_url="https://app.example.com/verify",
        worker=WorkerSettings(url="https://worker.example.com", secret=SECRET),
        provider=ProviderSettings(client_id="c", client_secret=CLIENT_SECRET),
    )
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"api_key": "short-canary"}, "api_key"),
        ({"encryption_keys": ()}, "encryption key"),
        ({"encryption_keys": (base64.b64encode(bytes(32)).decode(),)}, "encryption key"),
        ({"encryption_keys": ("canary",)}, "encryption key"),
        ({"public_url": "http://engine.example.com"}, "public_url"),
        ({"public_url": "engine.example.com"}, "public_url"),
        ({"verifier_url": None}, "verifier_url"),
        ({"verifier_url": "http://app.example.com/canary"}, "verifier_url"),
        ({"next_uris": ("http://app.example.com/canary",)}, "next_uris"),
        ({"next_uris": ("/canary",)}, "next_uris"),
        ({"token_exposure": "always"}, "token_exposure"),
        ({"project": " "}, "project"),
    ],
)
def test_s55_unsafe_settings_refuse_to_start_and_hide_values(
    changes: dict[str, Any], names: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        good(**changes)
    assert names in caught.value.message
    assert "canary" not in str(caught.value) + repr(caught.value)


def test_a_verifier_is_not_needed_on_loopback_only() -> None:
    for url in ("http://127.0.0.1:9099", "http://localhost:9099", "http://[::1]:9099"):
        good(public_url=url, verifier_url=None)
    for url in ("https://127.0.0.1.evil.example", "https://0.0.0.0", "https://10.0.0.1"):
        with pytest.raises(ConfigurationError, match="verifier_url"):
            good(public_url=url, verifier_url=None)


@pytest.mark.parametrize(
    "change",
    [
        {"token_url": "https://oauth2.googleapis.com.evil.example/token"},
        {"token_url": "http://oauth2.googleapis.com/token"},
        {"userinfo_url": "https://evil.example/userinfo"},
        {"revocation_url": "http://192.168.0.1/revoke"},
        {"authorization_url": "https://accounts.google.com@evil.example/"},
        {"client_secret": ""},
        {"client_id": " "},
    ],
)
def test_s48_secrets_go_to_google_or_loopback_only(change: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"provider\."):
        ProviderSettings(**{"client_id": "c", "client_secret": "s", **change})


def test_a_worker_on_another_machine_needs_https_and_every_worker_a_secret() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        WorkerSettings(url="http://worker.example.com", secret="s")
    with pytest.raises(ConfigurationError, match="secret"):
        WorkerSettings(url="http://127.0.0.1:8002", secret="")


def test_s46_settings_never_show_a_secret() -> None:
    settings = good(database_url="postgresql://u:canary@h/d")
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "canary" not in text
        assert settings.encryption_keys[0] not in text


@pytest.mark.parametrize("url", ["", "canary", "sqlite+aiosqlite:////proc/canary/x.db"])
def test_an_unusable_database_address_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_database(url)
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://localhost.evil.example",
        "http://[::1%25;x]/",
        "http://127.0.0.1\\@evil.example",
        "http://127.0.0.1 .evil.example",
        "ftp://127.0.0.1",
        "//127.0.0.1",
        "http://",
        "http://127.0.0.1:x",
        "http://１２７.0.0.1",
    ],
)
def test_s14_loopback_cannot_be_imitated(url: str) -> None:
    assert not is_loopback(url)


def test_s45_the_database_file_is_private_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "engine.db"
    open_database(f"sqlite+aiosqlite:///{path}")
    assert path.stat().st_mode & 0o777 == 0o600
