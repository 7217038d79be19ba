"""The security configuration: one YAML file, every key enforced, nothing unsafe accepted.

    environment: production          # the default; insecure choices need `development` spelled out
    security:
      encryption_keys: ["${env:ENCRYPTION_KEY}", "${env:PREVIOUS_ENCRYPTION_KEY}"]
      authentication: {isolation_mode: strict, token_exposure: never, audit_logging: true}
      oauth:
        state_validation: true
        pkce_enabled: true
        redirect_urls: ["https://engine.example.com/v1/oauth/callback"]
      rate_limiting: {enabled: true, max_auth_attempts: 5, window_minutes: 15, backend: database}
    engine:
      public_url: https://engine.example.com
      database: "postgresql+asyncpg://engine:${env:DATABASE_PASSWORD}@db/engine?ssl=verify-full"
      api_keys: {agent: "${env:ARCADE_API_KEY}"}
      verifier_url: https://app.example.com/arcade/verify
      next_uris: ["https://app.example.com/connected"]
    providers:
      google: {client_id: "${env:GOOGLE_CLIENT_ID}", client_secret: "${env:GOOGLE_CLIENT_SECRET}"}
    workers:
      - {id: mail, url: "https://worker.example.com", secret: "${env:ARCADE_WORKER_SECRET}"}

`schema` has every key with its bounds; `engine`, `providers` and `workers` may be left out.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.boundaries import (
    AuditBoundary,
    EngineBoundary,
    OAuthBoundary,
    ProviderBoundary,
    RateBoundary,
    SecurityBoundaries,
    WorkerBoundary,
)
from arcade_gmail_multiuser.security.config.findings import Finding, Findings
from arcade_gmail_multiuser.security.config.loader import MAX_BYTES, load_document
from arcade_gmail_multiuser.security.config.rules import apply_rules
from arcade_gmail_multiuser.security.config.schema import Document
from arcade_gmail_multiuser.security.config.urls import callback_of
from arcade_gmail_multiuser.security.keys import decode_key, derive_key_id
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["SecurityConfig", "initialize"]


@dataclass(frozen=True, slots=True)
class SecurityConfig:
    """A configuration without errors."""

    document: Document = field(repr=False)
    warnings: tuple[Finding, ...] = ()

    @classmethod
    def from_yaml(
        cls, source: str | Path, *, env: Mapping[str, str] | None = None
    ) -> SecurityConfig:
        """Read and check a configuration; one refusal lists everything there is to fix.

        Args:
            source: a `Path`, the name of a .yaml or .yml file, or else the YAML text itself.
            env: where `${env:NAME}` is looked up; by default the process's environment.

        Raises:
            ConfigurationError: names each key, why and what to do, and no value.
        """
        config, findings = cls.examine(source, env=os.environ if env is None else env)
        findings.raise_errors()
        assert config is not None  # noqa: S101 - there were no errors
        return config

    @classmethod
    def examine(
        cls, source: str | Path, *, env: Mapping[str, str]
    ) -> tuple[SecurityConfig | None, Findings]:
        """Return the findings instead of raising; with an error there is no configuration.

        Raises:
            ConfigurationError: the file cannot be read, or is not YAML of a mapping.
        """
        findings = Findings()
        document, referring = load_document(_text_of(source), env, findings)
        apply_rules(document, referring, findings)
        return None if findings.errors else cls(document, findings.warnings), findings

    def boundaries(self) -> SecurityBoundaries:
        """Return what is in force, one attribute for each key."""
        security = self.document.security
        keys = tuple(key.get_secret_value() for key in security.encryption_keys)
        return SecurityBoundaries(
            environment=self.document.environment,
            encryption_keys=keys,
            keyring=Keyring(keys),
            key_ids=tuple(derive_key_id(decode_key(key)) for key in keys),
            isolation_mode=security.authentication.isolation_mode,
            token_exposure=security.authentication.token_exposure,
            token_readers=frozenset(security.authentication.token_readers),
            audit=_audit_of(self.document, keys),
            oauth=_oauth_of(self.document),
            rate=_rate_of(self.document),
            engine=_engine_of(self.document),
            google=_google_of(self.document),
            workers=_workers_of(self.document),
        )


def initialize(config: SecurityConfig, logger: logging.Logger) -> SecurityBoundaries:
    """Put a configuration in force, and log what it says without any secret.

    Warnings are logged too, each with its key and what to do.
    """
    boundaries = config.boundaries()
    for finding in config.warnings:
        logger.warning("%s", finding)
    facts = " ".join(f"{name}={value!r}" for name, value in boundaries.facts().items())
    logger.info("Security boundaries initialized: %s", facts)
    return boundaries


def _text_of(source: str | Path) -> str:
    if isinstance(source, str):
        named = "\n" not in source and source.endswith((".yaml", ".yml"))
        if not named:
            return source
        source = Path(source)
    try:
        with source.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError("The configuration is not UTF-8 text.") from None
    except (OSError, ValueError) as problem:
        raise ConfigurationError(
            f"The configuration file {source} cannot be read: {_why(problem)}."
        ) from None


def _why(problem: OSError | ValueError) -> str:
    number = problem.errno if isinstance(problem, OSError) else None
    return os.strerror(number) if number else type(problem).__name__


def _audit_of(document: Document, encryption_keys: tuple[str, ...]) -> AuditBoundary:
    section = document.security.audit
    file = None if section.file is None else Path(section.file)
    return AuditBoundary(
        enabled=document.security.authentication.audit_logging,
        keys=tuple(key.get_secret_value() for key in section.keys) or encryption_keys,
        file=file,
        head_file=None if section.head_file is None else Path(section.head_file),
        name_users=section.name_users,
    )


def _oauth_of(document: Document) -> OAuthBoundary:
    section = document.security.oauth
    redirects = list(section.redirect_urls)
    if not redirects and document.engine is not None:
        redirects = [callback_of(document.engine.public_url)]
    return OAuthBoundary(
        state_validation=section.state_validation,
        pkce_enabled=section.pkce_enabled,
        redirect_urls=frozenset(redirects),
    )


def _rate_of(document: Document) -> RateBoundary:
    section = document.security.rate_limiting
    given = section.backend.get_secret_value()
    backend: Literal["database", "redis", "memory"] = "redis"
    if given == "database":
        backend = "database"
    elif given == "memory":
        backend = "memory"
    return RateBoundary(
        enabled=section.enabled,
        max_attempts=section.max_auth_attempts,
        window_s=section.window_minutes * 60.0,
        backend=backend,
        redis_url=given if backend == "redis" else None,
    )


def _engine_of(document: Document) -> EngineBoundary | None:
    section = document.engine
    if section is None:
        return None
    keys = {name: key.get_secret_value() for name, key in section.api_keys.items()}
    tokens = section.token_store.get_secret_value()
    return EngineBoundary(
        public_url=section.public_url.rstrip("/"),
        database_url=section.database.get_secret_value(),
        project=section.project,
        api_keys=MappingProxyType(keys),
        verifier_url=section.verifier_url,
        next_uris=tuple(section.next_uris),
        token_store=None if tokens == "database" else tokens,
    )


def _google_of(document: Document) -> ProviderBoundary | None:
    section = document.providers.google
    if section is None:
        return None
    return ProviderBoundary(
        client_id=section.client_id,
        client_secret=section.client_secret.get_secret_value(),
        **section.endpoints.model_dump(),
    )


def _workers_of(document: Document) -> tuple[WorkerBoundary, ...]:
    return tuple(
        WorkerBoundary(
            id=one.id,
            url=one.url.rstrip("/"),
            secret=one.secret.get_secret_value(),
            timeout_s=one.timeout_seconds,
        )
        for one in document.workers
    )
