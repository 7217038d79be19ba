"""Whatever is unsafe refuses to start; the refusal names the key and what to do, never a value."""

from __future__ import annotations

import re
from typing import Any

import pytest
from security_yaml import ENV, GOOD, Change, changed, load, refusal, setting

from arcade_gmail_multiuser.security.keys import new_key

UNSAFE: dict[str, tuple[Change, str]] = {
    "no key": (setting("security", "encryption_keys", to=[]), "security.encryption_keys"),
    "state off": (
        setting("security", "oauth", "state_validation", to=False),
        "security.oauth.state_validation",
    ),
    "pkce off": (setting("security", "oauth", "pkce_enabled", to=False), "oauth.pkce_enabled"),
    "http redirect": (
        setting("security", "oauth", "redirect_urls", to=["http://engine.example.com/cb"]),
        "security.oauth.redirect_urls[0]",
    ),
    "another engine's redirect": (
        setting("security", "oauth", "redirect_urls", to=["https://other.example.com/cb"]),
        "security.oauth.redirect_urls",
    ),
    "no callback at all": (
        setting("security", "oauth", "redirect_urls", to=[]),
        "security.oauth.redirect_urls",
    ),
    "no rate limit": (
        setting("security", "rate_limiting", "enabled", to=False),
        "security.rate_limiting.enabled",
    ),
    "limit in memory": (
        setting("security", "rate_limiting", "backend", to="memory"),
        "security.rate_limiting.backend",
    ),
    "tokens in memory": (setting("engine", "token_store", to="memory:"), "engine.token_store"),
    "limit in nothing": (
        setting("security", "rate_limiting", "backend", to="memcached://canary"),
        "security.rate_limiting.backend",
    ),
    "zero attempts": (
        setting("security", "rate_limiting", "max_auth_attempts", to=0),
        "security.rate_limiting.max_auth_attempts",
    ),
    "attempts as text": (
        setting("security", "rate_limiting", "max_auth_attempts", to="5"),
        "security.rate_limiting.max_auth_attempts",
    ),
    "attempts as truth": (
        setting("security", "rate_limiting", "max_auth_attempts", to=True),
        "security.rate_limiting.max_auth_attempts",
    ),
    "endless window": (
        setting("security", "rate_limiting", "window_minutes", to=99999),
        "security.rate_limiting.window_minutes",
    ),
    "shared isolation": (
        setting("security", "authentication", "isolation_mode", to="shared"),
        "security.authentication.isolation_mode",
    ),
    "exposure to all": (
        setting("security", "authentication", "token_exposure", to="always"),
        "security.authentication.token_exposure",
    ),
    "readers under never": (
        setting("security", "authentication", "token_exposure", to="never"),
        "security.authentication.token_readers",
    ),
    "granted to nobody": (
        setting("security", "authentication", "token_readers", to=[]),
        "security.authentication.token_readers",
    ),
    "granted to a stranger": (
        setting("security", "authentication", "token_readers", to=["canary"]),
        "security.authentication.token_readers[0]",
    ),
    "head in the log": (
        setting("security", "audit", "head_file", to="/var/a.jsonl"),
        "security.audit.head_file",
    ),
    "head of nothing": (setting("security", "audit", "file", to=...), "security.audit.head_file"),
    "verifier off": (setting("engine", "verifier_url", to=...), "engine.verifier_url"),
    "http verifier": (
        setting("engine", "verifier_url", to="http://app.example.com/v"),
        "engine.verifier_url",
    ),
    "http engine": (
        setting("engine", "public_url", to="http://e.example.com"),
        "engine.public_url",
    ),
    "engine below a path": (
        setting("engine", "public_url", to="https://engine.example.com/x"),
        "engine.public_url",
    ),
    "http next": (
        setting("engine", "next_uris", to=["http://a.example.com"]),
        "engine.next_uris[0]",
    ),
    "no api key": (setting("engine", "api_keys", to={}), "engine.api_keys"),
    "sync database": (
        setting("engine", "database", to="postgresql://canary@db/e"),
        "engine.database",
    ),
    "memory database": (
        setting("engine", "database", to="sqlite+aiosqlite:///:memory:"),
        "engine.database",
    ),
    "no provider": (setting("providers", to={}), "providers.google"),
    "no client": (setting("providers", "google", "client_id", to=""), "providers.google.client_id"),
    "token to anybody": (
        setting("providers", "google", "endpoints", to={"token_url": "https://canary.example/t"}),
        "providers.google.endpoints.token_url",
    ),
    "stand-in in production": (
        setting("providers", "google", "endpoints", to={"token_url": "http://127.0.0.1:9100/t"}),
        "providers.google.endpoints.token_url",
    ),
    "no worker": (setting("workers", to=[]), "workers"),
    "http worker": (setting("workers", 0, "url", to="http://w.example.com"), "workers[0].url"),
    "no worker url": (setting("workers", 0, "url", to=...), "workers[0].url"),
    "endless worker": (
        setting("workers", 0, "timeout_seconds", to=1e9),
        "workers[0].timeout_seconds",
    ),
    "nan": (
        setting("workers", 0, "timeout_seconds", to=float("nan")),
        "workers[0].timeout_seconds",
    ),
    "null section": (setting("security", "oauth", to=None), "security.oauth"),
    "list for a section": (setting("engine", to=["canary"]), "engine"),
    "text for a list": (setting("engine", "next_uris", to="https://canary"), "engine.next_uris"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_s55_what_is_unsafe_refuses_to_start_and_names_its_key(name: str) -> None:
    change, path = UNSAFE[name]
    told = refusal(changed(change))
    assert re.search(rf"\(\d+\) \S*{re.escape(path)} ", told), told
    assert "canary" not in told


@pytest.mark.parametrize(
    ("path", "close"),
    [
        (("canary",), None),
        (("security", "oauth", "pkce_enable"), "pkce_enabled"),
        (("security", "rate_limit"), "rate_limiting"),
        (("security", "rate_limiting", "max_attempts"), "max_auth_attempts"),
        (("engine", "verifier"), "verifier_url"),
        (("workers", 0, "timeout"), "timeout_seconds"),
        (("providers", "google", "secret"), "client_secret"),
    ],
)
def test_s55_an_unknown_key_is_named_with_the_closest_there_is(
    path: tuple[str | int, ...], close: str | None
) -> None:
    told = refusal(changed(setting(*path, to="hidden-value")))
    assert f"{path[-1]} is not a known key." in told
    assert "hidden-value" not in told
    if close is not None:
        assert f"write `{close}`" in told


def test_s55_a_secret_on_the_wrong_side_of_its_colon_is_not_repeated() -> None:
    secret = "GOCSPX-canary/with+signs=="
    for path in (("security", secret), ("engine", "api_keys", secret), ("workers", 0, "x" * 60)):
        told = refusal(changed(setting(*path, to="agent")))
        assert "canary" not in told
        assert "x" * 60 not in told


WEAK_KEYS = {
    "zeros": "A" * 43 + "=",
    "one byte": "QUFB" * 10 + "QUE=",
    "counting": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "a pass phrase": "ZXhhbXBsZS1rZXktZG8tbm90LXVzZS0zMi1ieXRlcyE=",
    "16 bytes": "MDEyMzQ1Njc4OTo7PD0+Pw==",
    "not base64": "changeme!",
}


@pytest.mark.parametrize("name", WEAK_KEYS)
@pytest.mark.parametrize("variable", ["NEW_KEY", "OLD_KEY", "AUDIT_KEY"])
def test_s44_a_weak_key_refuses_to_start_in_every_place(name: str, variable: str) -> None:
    told = refusal(GOOD, {**ENV, variable: WEAK_KEYS[name]})
    place = {
        "NEW_KEY": "security.encryption_keys[0]",
        "OLD_KEY": "security.encryption_keys[1]",
        "AUDIT_KEY": "security.audit.keys[0]",
    }
    assert f"{place[variable]} cannot be used" in told
    assert "openssl rand -base64 32" in told
    assert WEAK_KEYS[name] not in told


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("API_KEY", "engine.api_keys.agent"),
        ("CLIENT_SECRET", "providers.google.client_secret"),
        ("WORKER_SECRET", "workers[0].secret"),
    ],
)
@pytest.mark.parametrize(
    "weak", ["hunter2", "changeme-changeme-changeme-changeme", "your-secret-here" * 3, "ab" * 32]
)
def test_s44_a_weak_secret_refuses_to_start(variable: str, path: str, weak: str) -> None:
    told = refusal(GOOD, {**ENV, variable: weak})
    assert re.search(rf"\(1\) {re.escape(path)} (is|has)", told), told
    assert weak not in told


def test_s44_one_secret_does_not_serve_two_purposes() -> None:
    assert "engine.api_keys.mcp is the same" in refusal(GOOD, {**ENV, "MCP_KEY": ENV["API_KEY"]})
    assert "workers[0].secret is the same" in refusal(
        GOOD, {**ENV, "WORKER_SECRET": ENV["API_KEY"]}
    )
    assert "encryption_keys[1] is listed twice" in refusal(GOOD, {**ENV, "OLD_KEY": ENV["NEW_KEY"]})


@pytest.mark.parametrize("variable", ENV)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_s55_an_unset_variable_is_named_with_its_place(variable: str, value: str | None) -> None:
    env = {name: given for name, given in ENV.items() if name != variable}
    told = refusal(GOOD, env if value is None else {**env, variable: value})
    assert f"needs {variable}, which is not set in the environment." in told
    assert told.count("(1)") == 1
    assert "(2)" not in told


@pytest.mark.parametrize(
    "reference", ["${NEW_KEY}", "${env:new_key}", "${env:NEW_KEY", "${env:}", "${"]
)
def test_s55_what_only_looks_like_a_reference_is_refused(reference: str) -> None:
    told = refusal(changed(setting("security", "encryption_keys", to=[reference])))
    assert "security.encryption_keys[0] has a malformed ${…}." in told


def test_a_value_from_the_environment_is_never_resolved_again() -> None:
    env = {**ENV, "DATABASE_PASSWORD": "p${env:API_KEY}"}
    engine = load(GOOD, env).boundaries().engine
    assert engine is not None
    assert "p${env:API_KEY}@" in engine.database_url
    assert ENV["API_KEY"] not in engine.database_url


@pytest.mark.parametrize(
    "path",
    [
        ("security", "encryption_keys", 0),
        ("security", "audit", "keys", 0),
        ("engine", "api_keys", "agent"),
        ("providers", "google", "client_secret"),
        ("workers", 0, "secret"),
    ],
)
def test_s55_a_secret_in_the_file_itself_is_refused(path: tuple[str | int, ...]) -> None:
    value = new_key()
    told = refusal(changed(setting(*path, to=value)))
    assert "is written into the file. Write ${env:NAME}" in told
    assert value not in told


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (("engine", "database"), "postgresql+asyncpg://e:hunter2@db/e?ssl=require"),
        (("security", "rate_limiting", "backend"), "rediss://:hunter2@redis/0"),
        (("engine", "token_store"), "rediss://:hunter2@redis/0"),
    ],
)
def test_s55_a_password_in_an_address_in_the_file_is_refused(
    path: tuple[str, ...], url: str
) -> None:
    told = refusal(changed(setting(*path, to=url)))
    assert f"{'.'.join(path)} is written into the file." in told
    assert "hunter2" not in told


def test_s55_one_refusal_lists_everything_there_is_to_fix() -> None:
    def change(document: dict[str, Any]) -> None:
        document["surplus"] = 1
        document["security"]["oauth"]["pkce_enabled"] = False
        document["security"]["rate_limiting"]["max_auth_attempts"] = "many"
        document["engine"]["verifier_url"] = "http://app.example.com"
        document["workers"][0]["url"] = "http://worker.example.com"

    told = refusal(changed(change), {**ENV, "OLD_KEY": "short", "API_KEY": ""})
    for path in (
        "surplus",
        "security.oauth.pkce_enabled",
        "security.rate_limiting.max_auth_attempts",
        "engine.verifier_url",
        "workers[0].url",
        "security.encryption_keys[1]",
        "engine.api_keys.agent",
    ):
        assert f") {path} " in told
    assert "(7)" in told
    assert "(8)" not in told
