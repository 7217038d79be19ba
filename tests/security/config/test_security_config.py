"""One YAML file says what is in force, every key of it, and nothing unsafe starts."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from security_yaml import ENV, GOOD, changed, load, refusal, setting

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.schema import Document
from arcade_gmail_multiuser.security.config.security_config import SecurityConfig, initialize
from arcade_gmail_multiuser.security.keys import decode_key, derive_key_id


def test_every_key_of_the_file_comes_out_as_an_attribute() -> None:
    found = load().boundaries()
    assert found.environment == "production"
    assert found.encryption_keys == (ENV["NEW_KEY"], ENV["OLD_KEY"])
    assert found.key_ids == tuple(
        derive_key_id(decode_key(ENV[name])) for name in ("NEW_KEY", "OLD_KEY")
    )
    assert found.keyring.newest_id == found.key_ids[0]
    assert (found.isolation_mode, found.token_exposure) == ("strict", "granted")
    assert found.token_readers == {"mcp"}
    assert (found.audit.enabled, found.audit.keys) == (True, (ENV["AUDIT_KEY"],))
    assert (found.audit.file, found.audit.head_file) == (Path("/var/a.jsonl"), Path("/mnt/a.head"))
    assert found.audit.name_users
    assert (found.oauth.state_validation, found.oauth.pkce_enabled) == (True, True)
    assert found.oauth.redirect_urls == {"https://engine.example.com/v1/oauth/callback"}
    assert (found.rate.enabled, found.rate.max_attempts, found.rate.window_s) == (True, 4, 600.0)
    assert (found.rate.backend, found.rate.redis_url) == ("redis", "rediss://r/0")
    assert found.engine is not None
    assert found.engine.public_url == "https://engine.example.com"
    assert ENV["DATABASE_PASSWORD"] in found.engine.database_url
    assert found.engine.token_store == "rediss://tokens/0"
    assert found.engine.project == "mail"
    assert found.engine.api_keys == {"agent": ENV["API_KEY"], "mcp": ENV["MCP_KEY"]}
    assert found.engine.verifier_url == "https://app.example.com/verify"
    assert found.engine.next_uris == ("https://app.example.com/done",)
    assert found.google is not None
    assert found.google.client_id == "id.apps.googleusercontent.com"
    assert found.google.client_secret == ENV["CLIENT_SECRET"]
    assert found.google.token_url == "https://oauth2.googleapis.com/token"
    assert found.google.issuer == "https://accounts.google.com"
    (worker,) = found.workers
    assert (worker.id, worker.url, worker.timeout_s) == ("mail", "https://worker.example.com", 9.0)
    assert worker.secret == ENV["WORKER_SECRET"]


def test_the_defaults_are_the_safe_ones() -> None:
    found = load("security: {encryption_keys: ['${env:NEW_KEY}']}").boundaries()
    assert found.environment == "production"
    assert (found.token_exposure, found.token_readers) == ("never", frozenset())
    assert found.audit.enabled
    assert not found.audit.name_users
    assert found.audit.keys == (ENV["NEW_KEY"],)
    assert (found.oauth.state_validation, found.oauth.pkce_enabled) == (True, True)
    assert (found.rate.enabled, found.rate.max_attempts, found.rate.window_s) == (True, 5, 900.0)
    assert found.rate.backend == "database"
    assert (found.engine, found.google, found.workers) == (None, None, ())


def test_the_only_redirect_is_the_engines_own_unless_more_are_registered() -> None:
    text = changed(setting("security", "oauth", "redirect_urls", to=...))
    found = load(text).boundaries()
    assert found.oauth.redirect_urls == {"https://engine.example.com/v1/oauth/callback"}


def keys_of(model: type[BaseModel], at: str = "") -> set[str]:
    """List every key that the schema knows, by its path."""
    found = set()
    for name, field in model.model_fields.items():
        inner = re.findall(r"\b(\w+Section)\b", str(field.annotation))
        here = f"{at}{name}"
        if not inner:
            found.add(here)
        for section in inner:
            module = __import__(Document.__module__, fromlist=[section])
            found |= keys_of(getattr(module, section), f"{here}.")
    return found


def test_this_suite_knows_every_key_there_is() -> None:
    def walk(value: Any, at: str = "") -> set[str]:
        if isinstance(value, dict) and at != "engine.api_keys.":
            return {one for key, inner in value.items() for one in walk(inner, f"{at}{key}.")}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return walk(value[0], at)
        return {at.rstrip(".")}

    endpoints = {one for one in keys_of(Document) if ".endpoints." in one}
    assert keys_of(Document) - endpoints == walk(yaml.safe_load(GOOD))


# --- what has to be spelled out ------------------------------------------------------------------

DEVELOPMENT = """
environment: development
security:
  encryption_keys: ["${env:NEW_KEY}"]
  authentication: {audit_logging: false}
  oauth: {state_validation: false, pkce_enabled: false}
  rate_limiting: {enabled: false, backend: memory}
engine:
  public_url: http://127.0.0.1:9099
  api_keys: {agent: "${env:API_KEY}"}
providers:
  google:
    client_id: sandbox-client
    client_secret: sandbox-secret
    endpoints:
      authorization_url: http://127.0.0.1:9100/o/oauth2/v2/auth
      token_url: http://127.0.0.1:9100/token
      userinfo_url: http://127.0.0.1:9100/oauth2/v2/userinfo
      revocation_url: http://127.0.0.1:9100/revoke
      issuer: http://127.0.0.1:9100
workers: [{url: "http://127.0.0.1:8002", secret: "${env:WORKER_SECRET}"}]
"""


def test_development_that_is_spelled_out_starts_and_is_warned_of_each_choice() -> None:
    config, findings = SecurityConfig.examine(DEVELOPMENT, env=ENV)
    assert config is not None
    assert findings.errors == ()
    warned = {one.path for one in findings.warnings}
    assert warned == {
        "security.oauth.state_validation",
        "security.oauth.pkce_enabled",
        "security.rate_limiting.enabled",
        "security.rate_limiting.backend",
        "providers.google.client_secret",
    }
    found = config.boundaries()
    assert not found.oauth.state_validation
    assert not found.oauth.pkce_enabled
    assert not found.rate.enabled
    assert not found.audit.enabled


def test_s55_the_same_file_without_the_word_development_refuses_each_choice() -> None:
    told = refusal(DEVELOPMENT.replace("environment: development", ""))
    for path in ("state_validation", "pkce_enabled", "rate_limiting.enabled", "endpoints.issuer"):
        assert path in told


def test_audit_off_in_production_is_a_warning() -> None:
    text = changed(setting("security", "authentication", "audit_logging", to=False))
    config, findings = SecurityConfig.examine(text, env=ENV)
    assert [one.path for one in findings] == ["security.authentication.audit_logging"]
    assert config is not None
    assert not config.boundaries().audit.enabled


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (("engine", "database"), "postgresql+asyncpg://e@db/e"),
        (("security", "rate_limiting", "backend"), "redis://redis.internal/0"),
        (("engine", "token_store"), "redis://redis.internal/0"),
    ],
)
def test_a_service_reached_without_tls_is_a_warning(path: tuple[str, ...], url: str) -> None:
    _, findings = SecurityConfig.examine(changed(setting(*path, to=url)), env=ENV)
    assert [(one.severity, one.path) for one in findings] == [("warning", ".".join(path))]
    local = re.sub(r"(//(?:e@)?)[^/]+", r"\g<1>127.0.0.1", url)
    _, findings = SecurityConfig.examine(changed(setting(*path, to=local)), env=ENV)
    assert len(findings) == 0


def test_a_finding_says_where_why_and_what_to_do() -> None:
    config, findings = SecurityConfig.examine(
        changed(setting("security", "oauth", "pkce_enabled", to=False)), env=ENV
    )
    assert config is None
    (one,) = findings
    assert one.severity == "error"
    assert one.path == "security.oauth.pkce_enabled"
    assert "stolen code" in one.why
    assert "environment: development" in one.remedy


# --- the start -----------------------------------------------------------------------------------


def test_a_good_start_says_so_once_and_names_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.security")
    with caplog.at_level(logging.DEBUG):
        boundaries = initialize(load(), logger)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage().startswith("Security boundaries initialized")
    assert boundaries.key_ids[0] in record.getMessage()
    for secret in ENV.values():
        assert secret not in caplog.text
        assert secret not in repr(boundaries)


def test_warnings_are_logged_before_the_start(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        initialize(load(DEVELOPMENT), logging.getLogger("test.security"))
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING"] * 5 + ["INFO"]


def test_s46_no_repr_shows_a_secret() -> None:
    config = load()
    for shown in (repr(config), repr(config.document), repr(config.boundaries()), str(config)):
        assert not [name for name, secret in ENV.items() if secret in shown]


# --- the file -----------------------------------------------------------------------------------


def test_a_file_is_read_by_its_path_or_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "security.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    found = load().boundaries().facts()
    assert (
        SecurityConfig.from_yaml(tmp_path / "security.yaml", env=ENV).boundaries().facts() == found
    )
    assert SecurityConfig.from_yaml("security.yaml", env=ENV).boundaries().facts() == found


@pytest.mark.parametrize("name", ["missing.yaml", "", "latin.yaml"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(ConfigurationError):
        SecurityConfig.from_yaml(tmp_path / name, env=ENV)


def test_no_key_in_our_documents_would_be_accepted() -> None:
    root = Path(__file__).parents[3]
    for path in [root / "README.md", *root.glob("docs/**/*.md")]:
        for found in re.findall(r"(?<![\w+/-])[\w+/-]{43}=", path.read_text(encoding="utf-8")):
            with pytest.raises(ConfigurationError):
                decode_key(found)
