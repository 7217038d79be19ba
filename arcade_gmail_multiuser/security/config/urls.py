"""Find wrong, open and unencrypted addresses in a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.findings import Findings, Location
from arcade_gmail_multiuser.security.config.schema import Document, EndpointsSection
from arcade_gmail_multiuser.security.origins import (
    check_provider_url,
    check_url,
    is_loopback,
    split_url,
)

__all__ = ["CALLBACK_PATH", "callback_of", "check_addresses"]

CALLBACK_PATH = "/v1/oauth/callback"
"""Where the provider sends browsers back to, below the engine's public URL."""

_DATABASES = ("sqlite://", "sqlite+aiosqlite://", "postgresql+asyncpg://")
_IN_MEMORY = re.compile(r"sqlite[^:]*:(//|///|///:memory:|.*mode=memory.*)$")
_LOOPBACK_HOST = re.compile(r"[a-z+]+://([^@/]*@)?(127\.\d+\.\d+\.\d+|localhost|\[::1\])?([:/?]|$)")


def callback_of(public_url: str) -> str:
    """Return the redirect URL to register with the provider."""
    return public_url.rstrip("/") + CALLBACK_PATH


def check_addresses(document: Document, findings: Findings) -> None:
    """Add a finding for every address that is not safe to use."""
    for index, url in enumerate(document.security.oauth.redirect_urls):
        _check(("security", "oauth", "redirect_urls", index), url, findings)
    for worker_index, worker in enumerate(document.workers):
        _check(("workers", worker_index, "url"), worker.url, findings)
    if document.engine is not None:
        _check_engine(document, findings)
    if document.providers.google is not None:
        endpoints = document.providers.google.endpoints
        _check_endpoints(endpoints, document.environment == "production", findings)
    backend = document.security.rate_limiting.backend.get_secret_value()
    _warn_of_plain_redis(document, ("security", "rate_limiting", "backend"), backend, findings)
    if document.engine is not None:
        tokens = document.engine.token_store.get_secret_value()
        _warn_of_plain_redis(document, ("engine", "token_store"), tokens, findings)


def _check(
    where: Location,
    url: str,
    findings: Findings,
    check: Callable[[str, str], None] = check_url,
) -> bool:
    if not url:
        findings.error(where, "is missing.", "Write an https address.")
        return False
    try:
        check("It", url)
    except ConfigurationError as refused:
        findings.error(where, f"is refused. {refused.message}", "Write an https address.")
        return False
    return True


def _check_engine(document: Document, findings: Findings) -> None:
    engine = document.engine
    if engine is None:
        return
    for index, url in enumerate(engine.next_uris):
        _check(("engine", "next_uris", index), url, findings)
    if engine.verifier_url is not None:
        _check(("engine", "verifier_url"), engine.verifier_url, findings)
    _check_database(document, engine.database.get_secret_value(), findings)
    if not _check(("engine", "public_url"), engine.public_url, findings):
        return
    parts = split_url(engine.public_url)
    if parts is None or parts.path not in ("", "/") or parts.query:
        findings.error(
            ("engine", "public_url"),
            "must be an origin: scheme, host and port.",
            "Remove the path.",
        )
    if engine.verifier_url is None and not is_loopback(engine.public_url):
        findings.error(
            ("engine", "verifier_url"),
            "is missing: the engine's own page accepts anyone, so it is for loopback only.",
            "Write the URL of your page that confirms who is signed in.",
        )
    registered = document.security.oauth.redirect_urls
    # By default the callback alone is registered; a list, even an empty one, must contain it.
    given = "redirect_urls" in document.security.oauth.model_fields_set
    if given and callback_of(engine.public_url) not in registered:
        findings.error(
            ("security", "oauth", "redirect_urls"),
            f"lacks the engine's own callback, engine.public_url with {CALLBACK_PATH}.",
            "Add it here and at the provider.",
        )


def _check_database(document: Document, url: str, findings: Findings) -> None:
    where: Location = ("engine", "database")
    if not url.startswith(_DATABASES):
        findings.error(
            where,
            "is not a supported database.",
            "Write sqlite+aiosqlite:///path or postgresql+asyncpg://user@host/name.",
        )
    elif document.environment == "production" and _IN_MEMORY.match(url):
        findings.error(where, "is in memory: a restart loses every connection.", "Name a file.")
    elif document.environment == "production" and _is_plain(url):
        findings.warning(where, "is reached without TLS.", "Add ?ssl=verify-full.")


def _is_plain(database_url: str) -> bool:
    remote = database_url.startswith("postgresql") and not _LOOPBACK_HOST.match(database_url)
    return remote and not re.search(r"[?&]ssl=(require|verify-ca|verify-full)\b", database_url)


def _check_endpoints(endpoints: EndpointsSection, production: bool, findings: Findings) -> None:
    for name in EndpointsSection.model_fields:
        where: Location = ("providers", "google", "endpoints", name)
        url: str = getattr(endpoints, name)
        if _check(where, url, findings, check_provider_url) and production and is_loopback(url):
            findings.error(
                where,
                "points at this machine, where only a sandbox can be.",
                "Remove it, or spell out `environment: development`.",
            )


def _warn_of_plain_redis(document: Document, where: Location, url: str, findings: Findings) -> None:
    plain = url.startswith("redis://") and not _LOOPBACK_HOST.match(url)
    if plain and document.environment == "production":
        findings.warning(where, "is reached without TLS.", "Use rediss://.")
