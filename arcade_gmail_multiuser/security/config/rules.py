"""Find what makes a configuration unsafe; each rule names the key and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.findings import Findings, Location
from arcade_gmail_multiuser.security.config.schema import Document
from arcade_gmail_multiuser.security.config.urls import check_addresses
from arcade_gmail_multiuser.security.keys import decode_key
from arcade_gmail_multiuser.security.origins import is_loopback

__all__ = ["apply_rules"]

_REDIS = ("redis://", "rediss://", "unix://")
_MIN_API_KEY_BYTES = 16
_MIN_WORKER_SECRET_BYTES = 32
_MIN_CLIENT_SECRET_BYTES = 8
_MIN_DISTINCT_CHARS = 8
"""16 random hexadecimal digits have about 10 different ones; almost never fewer than 6."""

_PLACEHOLDER = re.compile(
    r"change[-_ ]?(me|this|it)|replace[-_ ]?(me|this)|placeholder|example|insert[-_ ]|"
    r"your[-_ ]|pass(word|phrase)|do[-_ ]not[-_ ]use|sandbox-secret|x{6,}|12345678|abcdefgh|"
    r"\.\.\.|…|^<.*>$|^(dev|test|default|secret|admin|todo|none|null|undefined)+$",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"//[^/?#]*:[^/?#]+@|[?&]password=")
_MAKE_ONE = "Make one with `openssl rand -base64 32` and set it in the environment."
_FROM_ENV = "Write ${env:NAME} and set NAME in the environment."


def apply_rules(document: Document, referring: frozenset[Location], findings: Findings) -> None:
    """Add a finding for everything unsafe or missing.

    Args:
        referring: locations whose value came from the environment.
    """
    rules: tuple[Callable[[Document, Findings], None], ...] = (
        _check_keys,
        _check_authentication,
        _check_audit,
        _check_flow_protection,
        _check_rate_limiting,
        _check_engine,
        _check_provider,
        _check_workers,
        _check_reuse,
        check_addresses,
    )
    for rule in rules:
        rule(document, findings)
    _check_written_secrets(document, referring, findings)


def _check_keys(document: Document, findings: Findings) -> None:
    encryption = document.security.encryption_keys
    where: Location = ("security", "encryption_keys")
    if not encryption:
        findings.error(where, "is missing: tokens are never stored unencrypted.", _MAKE_ONE)
    _check_key_list(where, encryption, findings)
    _check_key_list(("security", "audit", "keys"), document.security.audit.keys, findings)


def _check_key_list(where: Location, keys: list[SecretStr], findings: Findings) -> None:
    seen: set[bytes] = set()
    for index, key in enumerate(keys):
        here = (*where, index)
        text = key.get_secret_value()
        try:
            material = decode_key(text)
        except ConfigurationError as refused:
            why = refused.message.removesuffix("Make one with `openssl rand -base64 32`.").strip()
            findings.error(here, f"cannot be used: {why}", _MAKE_ONE)
            continue
        if material in seen:
            findings.error(here, "is listed twice.", "Remove the second.")
        seen.add(material)


def _check_authentication(document: Document, findings: Findings) -> None:
    section = document.security.authentication
    where: Location = ("security", "authentication", "token_readers")
    if section.token_exposure == "never" and section.token_readers:
        findings.error(
            where,
            "grants tokens although token_exposure is `never`.",
            "Remove it, or set token_exposure to `granted`.",
        )
    if section.token_exposure == "granted" and not section.token_readers:
        findings.error(
            where,
            "is empty although token_exposure is `granted`.",
            "Name the API keys that may read tokens, or set token_exposure to `never`.",
        )
    known = document.engine.api_keys if document.engine else {}
    for index, name in enumerate(section.token_readers):
        if name not in known:
            findings.error(
                (*where, index),
                "is not a name in engine.api_keys.",
                "Write one of the names there.",
            )
        elif name in section.token_readers[:index]:
            findings.error((*where, index), "is listed twice.", "Remove the second.")
    if not section.audit_logging and document.environment == "production":
        findings.warning(
            ("security", "authentication", "audit_logging"),
            "is off: no one can tell later who used which connection.",
            "Set it to true.",
        )


def _check_audit(document: Document, findings: Findings) -> None:
    section = document.security.audit
    where: Location = ("security", "audit")
    if section.file is not None and not section.file.strip():
        findings.error((*where, "file"), "is empty.", "Write a path, or remove the key.")
    if section.head_file is not None and section.file is None:
        findings.error(
            (*where, "head_file"),
            "needs audit.file, which is not set.",
            "Set audit.file, or remove this.",
        )
    elif section.head_file is not None and section.file is not None:
        same = Path(section.head_file) == Path(section.file)
        if same or not section.head_file.strip():
            findings.error(
                (*where, "head_file"),
                "must be another file than audit.file.",
                "Write another path.",
            )
    if section.file is None and document.engine is None and section.model_fields_set:
        findings.warning(
            (*where, "file"),
            "is not set, and there is no engine whose database could store the audit.",
            "Set it, or pass a database to `open_audit`.",
        )


def _check_flow_protection(document: Document, findings: Findings) -> None:
    for name, meaning in (
        ("state_validation", "anyone's callback would count as this person's"),
        ("pkce_enabled", "a stolen code could be exchanged"),
    ):
        if getattr(document.security.oauth, name):
            continue
        where: Location = ("security", "oauth", name)
        if document.environment == "production":
            findings.error(
                where,
                f"is off: {meaning}.",
                "Set it to true, or spell out `environment: development`.",
            )
        else:
            findings.warning(where, f"is off: {meaning}.", "Set it to true before production.")


def _check_rate_limiting(document: Document, findings: Findings) -> None:
    section = document.security.rate_limiting
    where: Location = ("security", "rate_limiting")
    production = document.environment == "production"
    if not section.enabled:
        add = findings.error if production else findings.warning
        add((*where, "enabled"), "is off: authorization attempts are unlimited.", "Set it to true.")
    backend = section.backend.get_secret_value()
    if backend == "memory":
        add = findings.error if production else findings.warning
        add(
            (*where, "backend"),
            "is `memory`: each process counts for itself.",
            "Write `database` or the address of a Redis.",
        )
    elif backend != "database" and not backend.startswith(_REDIS):
        findings.error(
            (*where, "backend"),
            "cannot be shared between processes.",
            "Write `database`, `redis://…` or `rediss://…`.",
        )
    elif backend == "database" and document.engine is None and section.model_fields_set:
        findings.warning(
            (*where, "backend"),
            "is `database`, and no engine section names one.",
            "Pass a database to the limiter, or write the address of a Redis.",
        )


def _check_engine(document: Document, findings: Findings) -> None:
    engine = document.engine
    if engine is None:
        return
    tokens = engine.token_store.get_secret_value()
    if tokens != "database" and not tokens.startswith(_REDIS):
        findings.error(
            ("engine", "token_store"),
            "cannot store tokens.",
            "Write `database`, `redis://…` or `rediss://…`.",
        )
    where: Location = ("engine", "api_keys")
    if not engine.api_keys:
        findings.error(where, "is missing.", "Name at least one: `agent: ${env:ARCADE_API_KEY}`.")
    for name, key in engine.api_keys.items():
        plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
        if not plain or len(name) > 32:
            findings.error(
                (*where, name), "is not a valid name.", "Use up to 32 letters, digits, - and _."
            )
        _check_secret((*where, name), key, _MIN_API_KEY_BYTES, findings)
    if not engine.project.strip() or len(engine.project) > 64:
        findings.error(("engine", "project"), "is not a valid name.", "Use 1 to 64 characters.")


def _check_provider(document: Document, findings: Findings) -> None:
    if document.engine is None:
        return
    google = document.providers.google
    where: Location = ("providers", "google")
    if google is None:
        findings.error(where, "is missing.", "Add an OAuth client's client_id and client_secret.")
        return
    if not google.client_id.strip():
        findings.error((*where, "client_id"), "is missing.", "Copy it from Google's console.")
    at_home = document.environment == "development" and is_loopback(google.endpoints.token_url)
    if at_home and google.client_secret.get_secret_value():
        return  # the sandbox's client secret is public
    _check_secret(
        (*where, "client_secret"), google.client_secret, _MIN_CLIENT_SECRET_BYTES, findings
    )


def _check_workers(document: Document, findings: Findings) -> None:
    if document.engine is not None and not document.workers:
        findings.error(("workers",), "is missing.", "Add the id, url and secret of one.")
    ids: set[str] = set()
    for index, worker in enumerate(document.workers):
        where: Location = ("workers", index)
        if not worker.id.strip() or worker.id in ids:
            findings.error((*where, "id"), "is empty or already used.", "Write another one.")
        ids.add(worker.id)
        _check_secret((*where, "secret"), worker.secret, _MIN_WORKER_SECRET_BYTES, findings)


def _check_secret(where: Location, secret: SecretStr, min_bytes: int, findings: Findings) -> None:
    weakness = weakness_of(secret.get_secret_value(), min_bytes=min_bytes)
    if weakness:
        findings.error(where, weakness, _MAKE_ONE)


def _check_reuse(document: Document, findings: Findings) -> None:
    """Refuse one secret in two places: anyone who knows one of them knows both."""
    seen: dict[str, Location] = {}
    for where, secret in _secrets_of(document):
        value = secret.get_secret_value()
        first = seen.setdefault(value, where) if value else where
        # Duplicates in a list of keys have their own finding; several workers may share a secret.
        if first != where and first[0] != where[0]:
            findings.error(where, "is the same secret as another key's.", _MAKE_ONE)
        elif first != where and where[:2] == ("engine", "api_keys"):
            findings.error(where, "is the same secret as another name's.", _MAKE_ONE)


def _secrets_of(document: Document) -> list[tuple[Location, SecretStr]]:
    security = document.security
    found: list[tuple[Location, SecretStr]] = [
        (("security", "encryption_keys", n), key) for n, key in enumerate(security.encryption_keys)
    ]
    found += [(("security", "audit", "keys", n), key) for n, key in enumerate(security.audit.keys)]
    if document.engine is not None:
        found += [(("engine", "api_keys", n), key) for n, key in document.engine.api_keys.items()]
    if document.providers.google is not None:
        found.append(
            (("providers", "google", "client_secret"), document.providers.google.client_secret)
        )
    found += [(("workers", n, "secret"), one.secret) for n, one in enumerate(document.workers)]
    return found


def _check_written_secrets(
    document: Document, referring: frozenset[Location], findings: Findings
) -> None:
    production = document.environment == "production"
    for where, secret in [*_secrets_of(document), *_addresses_with_passwords(document)]:
        if where in referring or not secret.get_secret_value():
            continue
        add = findings.error if production else findings.warning
        add(where, "is written into the file.", _FROM_ENV)


def _addresses_with_passwords(document: Document) -> list[tuple[Location, SecretStr]]:
    found: list[tuple[Location, SecretStr]] = [
        (("security", "rate_limiting", "backend"), document.security.rate_limiting.backend)
    ]
    if document.engine is not None:
        found.append((("engine", "database"), document.engine.database))
        found.append((("engine", "token_store"), document.engine.token_store))
    return [one for one in found if _PASSWORD.search(one[1].get_secret_value())]


def weakness_of(secret: str, *, min_bytes: int) -> str | None:
    """Say what is wrong with a secret, as the end of a sentence; None if nothing is.

    Args:
        min_bytes: how many UTF-8 bytes it needs.
    """
    if not secret:
        return "is missing."
    if len(secret.encode("utf-8", errors="replace")) < min_bytes:
        return f"is shorter than {min_bytes} bytes."
    if _PLACEHOLDER.search(secret):
        return "is a default or an example."
    if len(set(secret)) < min(_MIN_DISTINCT_CHARS, min_bytes):
        return "has too few different characters."
    if not secret.isprintable() or not secret.isascii() or " " in secret:
        return "has characters that a header cannot carry."
    return None
