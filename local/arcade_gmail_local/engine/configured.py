"""Turn the security configuration into what the engine is told."""

from __future__ import annotations

from dataclasses import asdict

from arcade_gmail_local.engine.settings import (
    EngineSettings,
    ProviderSettings,
    WorkerSettings,
)
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.boundaries import SecurityBoundaries

__all__ = ["configured_settings"]


def configured_settings(boundaries: SecurityBoundaries) -> EngineSettings:
    """Make the engine's settings; every key of the file ends up in one of them.

    Raises:
        ConfigurationError: the file has no engine, or the engine refuses a setting.
    """
    engine, google = boundaries.engine, boundaries.google
    if engine is None or google is None or not boundaries.workers:
        raise ConfigurationError(
            "engine, providers.google and workers are all needed to start an engine."
        )
    workers = [WorkerSettings(**asdict(one)) for one in boundaries.workers]
    return EngineSettings(
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
        # In production only what is written in the file; a developer's own pages change ports.
        loopback_next_uris=None if boundaries.environment == "development" else False,
        token_exposure=boundaries.token_exposure,
        token_readers=boundaries.token_readers,
        redirect_urls=boundaries.oauth.redirect_urls,
        state_validation=boundaries.oauth.state_validation,
        pkce_enabled=boundaries.oauth.pkce_enabled,
        audit=boundaries.audit,
        rate=boundaries.rate,
    )
