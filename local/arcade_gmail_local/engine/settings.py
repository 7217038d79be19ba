"""Hold the engine's settings, and refuse those that are unsafe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from arcade_gmail_local.engine.http.api_keys import KEY_NAME
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.boundaries import (
    AuditBoundary,
    RateBoundary,
    SecurityBoundaries,
)
from arcade_gmail_multiuser.security.origins import (
    check_provider_url,
    check_url,
    is_loopback,
)
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy

__all__ = ["EngineSettings", "ProviderSettings", "WorkerSettings"]

_MIN_API_KEY = 16
_MAX_PROJECT = 64
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_WORKER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Google's OAuth endpoints and our client there; a sandbox has the same paths."""

    client_id: str
    client_secret: str = field(repr=False)
    id: str = "google"
    """The `provider_id` that tools ask for."""
    authorization_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url: str = "https://oauth2.googleapis.com/token"
    userinfo_url: str = "https://www.googleapis.com/oauth2/v2/userinfo"
    revocation_url: str = "https://oauth2.googleapis.com/revoke"
    issuer: str = "https://accounts.google.com"
    """What `iss` in a callback must be, when the provider sends one."""
    identity_scopes: tuple[str, ...] = ("openid", "https://www.googleapis.com/auth/userinfo.email")
    """Asked for with every consent, so that a connection is known by its account."""
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        for name in ("authorization_url", "token_url", "userinfo_url", "revocation_url"):
            check_provider_url(f"provider.{name}", getattr(self, name))
        for name in ("id", "client_id", "client_secret", "issuer"):
            if not getattr(self, name).strip():
                raise ConfigurationError(f"provider.{name} is missing.")

    @classmethod
    def at(cls, origin: str, *, client_id: str, client_secret: str) -> ProviderSettings:
        """Point every endpoint, and the issuer, at one origin that stands in for Google."""
        origin = origin.rstrip("/")
        return cls(
            client_id=client_id,
            client_secret=client_secret,
            authorization_url=f"{origin}/o/oauth2/v2/auth",
            token_url=f"{origin}/token",
            userinfo_url=f"{origin}/oauth2/v2/userinfo",
            revocation_url=f"{origin}/revoke",
            issuer=origin,
        )


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The worker that runs the tools."""

    url: str
    """Its origin; `/worker/tools` is added."""
    secret: str = field(repr=False)
    id: str = "default"
    timeout_s: float = 55.0
    """Shorter than arcadepy's 60 s, so that our answer arrives and not the client's own timeout."""
    catalog_ttl_s: float = 60.0

    def __post_init__(self) -> None:
        check_url("worker.url", self.url)
        if not self.secret:
            raise ConfigurationError("worker.secret is missing.")
        if not _WORKER_ID.fullmatch(self.id):
            raise ConfigurationError(
                "worker.id has 1 to 64 letters, digits, dots, dashes or underscores."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything the embedded engine needs to know.

    Insecure choices have to be spelled out; what cannot be made safe raises.

    Raises:
        ConfigurationError: names the setting at fault, never its value.
    """

    api_key: str | None = field(default=None, repr=False)
    """A first key, named "default"."""
    api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """More keys by name; further ones are made and revoked on the command line."""
    encryption_keys: tuple[str, ...] = field(repr=False)
    """Base64, newest first: the first seals, all of them open."""
    public_url: str
    """The engine's origin as browsers see it; no Host or X-Forwarded header changes it."""
    worker: WorkerSettings
    more_workers: tuple[WorkerSettings, ...] = ()
    provider: ProviderSettings
    database_url: str = field(default="sqlite+aiosqlite:///engine.db", repr=False)
    token_store: str | None = field(default=None, repr=False)
    """The address of a Redis that keeps people's tokens; None: the database does. While it is away
    the engine answers 503, never from an older copy."""
    project: str = "default"
    refresh: RefreshPolicy = field(default_factory=RefreshPolicy)
    """When tokens are refreshed, and how long a provider that fails is left alone."""
    environment: Literal["production", "development"] = "production"
    """`development` accepts unsafe choices, and upgrades an older database on start."""
    redirect_urls: frozenset[str] = frozenset()
    """The callbacks registered with the provider, the engine's own among them; empty: only that."""
    state_validation: bool = True
    """Off (development only): a callback is taken from any browser, whatever its cookie."""
    pkce_enabled: bool = True
    """Off (development only): someone else could exchange a stolen code."""
    audit: AuditBoundary | None = None
    """Where credential events are recorded; None: in the database, with keys derived from
    `encryption_keys`."""
    rate: RateBoundary | None = None
    """How often a person's authorization may be tried; None: 5 in 15 minutes, counted in the
    database."""
    verifier_url: str | None = None
    """The application's page that confirms who is signed in. Without it the engine asks on its own
    page, where anyone at the browser may answer: loopback only."""
    next_uris: tuple[str, ...] = ()
    """Exact addresses a browser may be sent to at the end."""
    loopback_next_uris: bool | None = None
    """Whether any loopback address is a valid `next_uri`; by default when `public_url` is one."""
    token_exposure: Literal["never", "granted"] = "never"
    """Under `never` a token leaves only in a signed worker call; under `granted` the keys named in
    `token_readers` also find it in the responses of /v1/auth/authorize and /v1/auth/status."""
    token_readers: frozenset[str] = frozenset()
    expose_developer_messages: bool = False
    """Whether a tool error keeps `developer_message` and, when asked for, `stacktrace`."""
    flow_ttl_s: float = 3600.0
    """How long the link of an authorization may be followed."""
    state_ttl_s: float = 600.0
    """How long a person may take at the provider, and then to confirm."""
    schedule_horizon_s: float = 90 * 86_400.0
    """How far ahead a call may be scheduled."""
    schedule_kept_s: float = 7 * 86_400.0
    """How long a scheduled call, its input and its outputs are kept after it has ended."""
    schedule_pending_per_user: int = 1000
    serve_openapi: bool | None = None
    """Whether /v1/swagger serves the API's OpenAPI document; by default on loopback only."""
    max_body_bytes: int = 48 * 1024 * 1024
    """Room for a message of 25 MiB with its attachments in base64."""

    @classmethod
    def configured(cls, boundaries: SecurityBoundaries) -> EngineSettings:
        """Read the settings from a security configuration.

        Raises:
            ConfigurationError: the file has no engine, or the engine refuses a setting.
        """
        engine, google = boundaries.engine, boundaries.google
        if engine is None or google is None or not boundaries.workers:
            raise ConfigurationError(
                "engine, providers.google and workers are all needed to start an engine."
            )
        workers = [WorkerSettings(**asdict(one)) for one in boundaries.workers]
        return cls(
            environment=boundaries.environment,
            api_keys=dict(engine.api_keys),
            encryption_keys=boundaries.encryption_keys,
            public_url=engine.public_url,
            worker=workers[0],
            more_workers=tuple(workers[1:]),
            provider=ProviderSettings(**asdict(google)),
            database_url=engine.database_url,
            token_store=engine.token_store,
            project=engine.project,
            verifier_url=engine.verifier_url,
            next_uris=engine.next_uris,
            # In production only what the file names; a developer's own pages change ports.
            loopback_next_uris=None if boundaries.environment == "development" else False,
            token_exposure=boundaries.token_exposure,
            token_readers=boundaries.token_readers,
            redirect_urls=boundaries.oauth.redirect_urls,
            state_validation=boundaries.oauth.state_validation,
            pkce_enabled=boundaries.oauth.pkce_enabled,
            audit=boundaries.audit,
            rate=boundaries.rate,
        )

    def __post_init__(self) -> None:
        self._check_keys()
        self._check_workers()
        self.keyring()
        check_url("public_url", self.public_url)
        if self.verifier_url is not None:
            check_url("verifier_url", self.verifier_url)
        elif not is_loopback(self.public_url):
            raise ConfigurationError(
                "verifier_url is required: the engine's own confirmation page is for loopback only."
            )
        for uri in self.next_uris:
            check_url("next_uris", uri)
        if not self.project.strip() or len(self.project) > _MAX_PROJECT:
            raise ConfigurationError(f"project must be a name of 1 to {_MAX_PROJECT} characters.")
        if self.token_store is not None and not self.token_store.startswith(_REDIS_SCHEMES):
            raise ConfigurationError("token_store must be the address of a Redis: rediss://…")
        self._check_oauth()

    def _check_oauth(self) -> None:
        if self.redirect_urls and self.redirect_uri not in self.redirect_urls:
            raise ConfigurationError("redirect_urls does not include the engine's own callback.")
        for name in ("state_validation", "pkce_enabled"):
            if not getattr(self, name) and self.environment != "development":
                raise ConfigurationError(f"{name} may be off in development only.")

    def _check_keys(self) -> None:
        keys = self.every_api_key
        if not keys or (self.api_key is not None and "default" in self.api_keys):
            raise ConfigurationError("api_key or api_keys is needed; `default` is api_key's name.")
        for name, key in keys.items():
            if not KEY_NAME.fullmatch(name):
                raise ConfigurationError("A name in api_keys is not usable for a key.")
            if len(key) < _MIN_API_KEY:
                raise ConfigurationError(f"api_key must have at least {_MIN_API_KEY} characters.")
        if len(set(keys.values())) != len(keys):
            raise ConfigurationError("api_keys has the same key under two names.")
        if self.token_exposure not in ("never", "granted"):
            raise ConfigurationError("token_exposure must be `never` or `granted`.")
        if self.token_readers and self.token_exposure == "never":
            raise ConfigurationError("token_readers needs token_exposure `granted`.")

    def _check_workers(self) -> None:
        ids = [worker.id for worker in self.workers]
        if len(set(ids)) != len(ids):
            raise ConfigurationError("Two workers have the same id.")

    @property
    def every_api_key(self) -> dict[str, str]:
        """The keys of the settings by name."""
        return {**({} if self.api_key is None else {"default": self.api_key}), **self.api_keys}

    @property
    def workers(self) -> tuple[WorkerSettings, ...]:
        return (self.worker, *self.more_workers)

    @property
    def shows_openapi(self) -> bool:
        """Whether /v1/swagger answers: on loopback, unless told otherwise."""
        return is_loopback(self.public_url) if self.serve_openapi is None else self.serve_openapi

    def may_read_tokens(self, key_name: str) -> bool:
        return self.token_exposure == "granted" and key_name in self.token_readers

    @property
    def auditing(self) -> AuditBoundary:
        """Where credential events are recorded."""
        if self.audit is not None:
            return self.audit
        return AuditBoundary(enabled=True, keys=self.encryption_keys)

    @property
    def limiting(self) -> RateBoundary:
        """How often a person's authorization may be tried."""
        if self.rate is not None:
            return self.rate
        return RateBoundary(enabled=True, max_attempts=5, window_s=900.0, backend="database")

    def keyring(self) -> Keyring:
        """Build the keyring, which checks every key."""
        return Keyring(self.encryption_keys)

    @property
    def origin(self) -> str:
        """`public_url` without a slash at its end."""
        return self.public_url.rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """The callback to register with the provider."""
        return f"{self.origin}/v1/oauth/callback"

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https:")

    def may_continue_at(self, uri: str) -> bool:
        """Say whether a browser may be sent to this `next_uri`: an exact match, or loopback."""
        if uri in self.next_uris:
            return True
        allowed = self.loopback_next_uris
        if allowed is None:
            allowed = is_loopback(self.public_url)
        return allowed and is_loopback(uri)
