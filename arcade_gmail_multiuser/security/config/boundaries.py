"""A configuration that passed every check, with one plain attribute for each key of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = [
    "AuditBoundary",
    "EngineBoundary",
    "OAuthBoundary",
    "ProviderBoundary",
    "RateBoundary",
    "SecurityBoundaries",
    "WorkerBoundary",
]


@dataclass(frozen=True, slots=True)
class AuditBoundary:
    """What `open_audit` takes."""

    enabled: bool
    keys: tuple[str, ...] = field(repr=False)
    """Base64, newest first."""
    file: Path | None = None
    """None: in the database."""
    head_file: Path | None = None
    name_users: bool = False


@dataclass(frozen=True, slots=True)
class OAuthBoundary:
    state_validation: bool
    """Off (development only): a callback's state and browser cookie are not compared."""
    pkce_enabled: bool
    redirect_urls: frozenset[str]
    """The only URLs that may be sent to the provider as `redirect_uri`."""


@dataclass(frozen=True, slots=True)
class RateBoundary:
    """What `open_limiter` takes."""

    enabled: bool
    max_attempts: int
    window_s: float
    backend: Literal["database", "redis", "memory"]
    redis_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EngineBoundary:
    public_url: str
    database_url: str = field(repr=False)
    project: str
    api_keys: Mapping[str, str] = field(repr=False)
    """Secrets by name; the names are the actors of the audit."""
    verifier_url: str | None
    next_uris: tuple[str, ...]
    token_store: str | None = field(default=None, repr=False)
    """The address of a Redis; None: tokens are in the database."""


@dataclass(frozen=True, slots=True)
class ProviderBoundary:
    client_id: str
    client_secret: str = field(repr=False)
    authorization_url: str
    token_url: str
    userinfo_url: str
    revocation_url: str
    issuer: str


@dataclass(frozen=True, slots=True)
class WorkerBoundary:
    id: str
    url: str
    secret: str = field(repr=False)
    timeout_s: float


@dataclass(frozen=True, slots=True)
class SecurityBoundaries:
    """What is in force from the start; `engine` and `google` are None if the file has neither."""

    environment: Literal["production", "development"]
    encryption_keys: tuple[str, ...] = field(repr=False)
    """Base64, newest first."""
    keyring: Keyring
    key_ids: tuple[str, ...]
    """One-way ids of the keys, newest first: safe to log."""
    isolation_mode: Literal["strict"]
    token_exposure: Literal["never", "granted"]
    token_readers: frozenset[str]
    """Names of API keys that may read tokens; empty under `never`."""
    audit: AuditBoundary
    oauth: OAuthBoundary
    rate: RateBoundary
    engine: EngineBoundary | None
    google: ProviderBoundary | None
    workers: tuple[WorkerBoundary, ...]

    def facts(self) -> dict[str, str]:
        """Describe what is in force without any secret."""
        rate = f"{self.rate.max_attempts} in {self.rate.window_s / 60:g} min, {self.rate.backend}"
        return {
            "environment": self.environment,
            "keys": ",".join(self.key_ids),
            "isolation": self.isolation_mode,
            "token_exposure": self.token_exposure,
            "token_readers": ",".join(sorted(self.token_readers)) or "none",
            "tokens": "redis" if self.engine and self.engine.token_store else "database",
            "audit": ("file" if self.audit.file else "database") if self.audit.enabled else "off",
            "state_validation": "on" if self.oauth.state_validation else "off",
            "pkce": "on" if self.oauth.pkce_enabled else "off",
            "attempts": rate if self.rate.enabled else "unlimited",
            "workers": str(len(self.workers)),
        }
