"""The keys of the configuration file, their types, bounds and defaults.

Nothing is required here: the rules report what is missing together with everything else, so that
one start shows all there is to fix.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = [
    "AuditSection",
    "AuthenticationSection",
    "Document",
    "EndpointsSection",
    "EngineSection",
    "GoogleSection",
    "OAuthSection",
    "ProvidersSection",
    "RateLimitingSection",
    "SecuritySection",
    "WorkerSection",
]

Keys = Annotated[list[SecretStr], Field(max_length=16)]
Addresses = Annotated[list[str], Field(max_length=64)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class AuthenticationSection(_Section):
    isolation_mode: Literal["strict"] = "strict"
    token_exposure: Literal["never", "granted"] = "never"
    token_readers: Annotated[list[str], Field(max_length=16)] = Field(default_factory=list)
    """Names of `engine.api_keys` that may read people's tokens."""
    audit_logging: bool = True


class AuditSection(_Section):
    keys: Keys = Field(default_factory=list)
    """Base64, newest first. By default keys are derived from `encryption_keys`."""
    file: str | None = None
    """A JSON lines file; by default the audit is in the engine's database."""
    head_file: str | None = None
    """Where to keep the file's signed head: on another disk a cut tail is harder to hide."""
    name_users: bool = False
    """Whether records have user ids, or only a keyed hash of them."""


class OAuthSection(_Section):
    state_validation: bool = True
    pkce_enabled: bool = True
    redirect_urls: Addresses = Field(default_factory=list)
    """The callback addresses registered with the provider, exactly as registered."""


class RateLimitingSection(_Section):
    enabled: bool = True
    max_auth_attempts: Annotated[int, Field(ge=1, le=100)] = 5
    window_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    backend: SecretStr = SecretStr("database")
    """`database`, an address of a Redis, or `memory` (development, one process)."""


class SecuritySection(_Section):
    encryption_keys: Keys = Field(default_factory=list)
    """Base64 of 32 bytes each, newest first: the first seals, all of them open."""
    authentication: AuthenticationSection = AuthenticationSection()
    audit: AuditSection = AuditSection()
    oauth: OAuthSection = OAuthSection()
    rate_limiting: RateLimitingSection = RateLimitingSection()


class EngineSection(_Section):
    public_url: str = ""
    database: SecretStr = SecretStr("sqlite+aiosqlite:///engine.sqlite")
    token_store: SecretStr = SecretStr("database")
    """Where people's tokens are stored: `database`, or the address of a Redis."""
    project: str = "default"
    api_keys: Annotated[dict[str, SecretStr], Field(max_length=64)] = Field(default_factory=dict)
    """Secrets by the name that the audit and `token_readers` know them by."""
    verifier_url: str | None = None
    next_uris: Addresses = Field(default_factory=list)


class EndpointsSection(_Section):
    authorization_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url: str = "https://oauth2.googleapis.com/token"
    userinfo_url: str = "https://www.googleapis.com/oauth2/v2/userinfo"
    revocation_url: str = "https://oauth2.googleapis.com/revoke"
    issuer: str = "https://accounts.google.com"


class GoogleSection(_Section):
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    endpoints: EndpointsSection = EndpointsSection()


class ProvidersSection(_Section):
    google: GoogleSection | None = None


class WorkerSection(_Section):
    id: str = "default"
    url: str = ""
    secret: SecretStr = SecretStr("")
    timeout_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 55.0


class Document(_Section):
    """The whole file."""

    environment: Literal["production", "development"] = "production"
    security: SecuritySection = SecuritySection()
    engine: EngineSection | None = None
    """With it, `providers.google` and `workers` are required too."""
    providers: ProvidersSection = ProvidersSection()
    workers: Annotated[list[WorkerSection], Field(max_length=64)] = Field(default_factory=list)
