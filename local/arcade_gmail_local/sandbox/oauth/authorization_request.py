"""Check what an application asks of the authorization endpoint."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from arcade_gmail_local.sandbox.oauth.consent_scopes import read_scopes, unknown_scopes
from arcade_gmail_local.sandbox.oauth.identity import Client, Identity

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PROMPTS = frozenset({"none", "consent", "select_account"})


@dataclass(frozen=True, slots=True, repr=False)
class AuthorizationRequest:
    """A request that passed every check."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    offline: bool
    prompts: frozenset[str]
    include_granted_scopes: bool
    code_challenge: str | None
    login_hint: str
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A request that must not be redirected, because its redirect address is not trusted."""

    error: str
    description: str
    status: int = 400


@dataclass(frozen=True, slots=True, repr=False)
class SentBack:
    """A refusal to report to the application at its redirect address."""

    redirect_uri: str
    state: str | None
    error: str
    description: str


def read_authorization_request(
    pairs: Sequence[tuple[str, str]], identity: Identity
) -> AuthorizationRequest | Blocked | SentBack:
    """Check the query of GET /o/oauth2/v2/auth, client and redirect address before all else."""
    given = dict(pairs)
    twice = {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
    client = identity.client(given.get("client_id", ""))
    blocked = _check_where_to_answer(given, twice, client)
    if blocked is not None:
        return blocked
    redirect_uri = given["redirect_uri"]
    # If there are two states, neither can be trusted.
    state = None if "state" in twice else given.get("state")
    problem = ("invalid_request", f"Given twice: {min(twice)}") if twice else _problem(given)
    if problem is not None:
        return SentBack(redirect_uri, state, *problem)
    return AuthorizationRequest(
        client_id=given["client_id"],
        redirect_uri=redirect_uri,
        scopes=read_scopes(given["scope"]),
        state=state,
        offline=given.get("access_type") == "offline",
        prompts=frozenset(given.get("prompt", "").split()),
        include_granted_scopes=given.get("include_granted_scopes") == "true",
        code_challenge=given.get("code_challenge"),
        login_hint=given.get("login_hint", ""),
        nonce=given.get("nonce"),
    )


def redirect_with(uri: str, answer: dict[str, str | None]) -> str:
    """Add the answer to a redirect address, whose own query stays; absent values are left out."""
    parts = urlsplit(uri)
    added = urlencode({name: value for name, value in answer.items() if value is not None})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def _check_where_to_answer(
    given: dict[str, str], twice: set[str], client: Client | None
) -> Blocked | None:
    if "client_id" in twice or "redirect_uri" in twice:
        return Blocked("invalid_request", "client_id and redirect_uri may be given once only.")
    if not given.get("client_id"):
        return Blocked("invalid_request", "Missing required parameter: client_id")
    if client is None:
        return Blocked("invalid_client", "The OAuth client was not found.", 401)
    if not given.get("redirect_uri"):
        return Blocked("invalid_request", "Missing required parameter: redirect_uri")
    if not _may_redirect(client, given["redirect_uri"]):
        return Blocked(
            "redirect_uri_mismatch",
            "The redirect_uri of the request is not one that this application registered.",
        )
    return None


def _may_redirect(client: Client, uri: str) -> bool:
    if client.redirect_uris is not None:
        return uri in client.redirect_uris
    # Browsers read backslashes and control characters differently from urlsplit.
    if not uri.isascii() or not uri.isprintable() or "\\" in uri or " " in uri:
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or parts.username is not None or "#" in uri:
        return False
    return host == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(given: dict[str, str]) -> tuple[str, str] | None:
    response_type = given.get("response_type")
    if not response_type:
        return "invalid_request", "Missing required parameter: response_type"
    if response_type != "code":
        return "unsupported_response_type", "Only response_type=code is supported."
    return _problem_with_scope(given) or _problem_with_pkce(given) or _problem_with_options(given)


def _problem_with_scope(given: dict[str, str]) -> tuple[str, str] | None:
    scopes = read_scopes(given.get("scope", ""))
    if not scopes:
        return "invalid_request", "Missing required parameter: scope"
    unknown = unknown_scopes(scopes)
    if unknown:
        return "invalid_scope", f"Some requested scopes were invalid: {unknown[0][:200]}"
    return None


def _problem_with_pkce(given: dict[str, str]) -> tuple[str, str] | None:
    challenge, method = given.get("code_challenge"), given.get("code_challenge_method")
    if challenge is None:
        if method is None:
            return None
        return "invalid_request", "code_challenge_method without code_challenge"
    if method != "S256":
        # An absent method means plain, which shows the verifier to anyone who reads the request.
        return "invalid_request", "code_challenge_method must be S256."
    if not _CHALLENGE.fullmatch(challenge):
        return "invalid_request", "code_challenge is not a base64url SHA-256."
    return None


def _problem_with_options(given: dict[str, str]) -> tuple[str, str] | None:
    if given.get("access_type", "online") not in {"online", "offline"}:
        return "invalid_request", "Invalid parameter value for access_type"
    if given.get("include_granted_scopes", "false") not in {"true", "false"}:
        return "invalid_request", "Invalid parameter value for include_granted_scopes"
    prompts = given.get("prompt", "").split()
    if not set(prompts) <= _PROMPTS or ("none" in prompts and len(prompts) > 1):
        return "invalid_request", "Invalid parameter value for prompt"
    return None
