"""Issue, check and revoke codes and tokens, and remember the consents behind them.

Nothing here knows HTTP. Every method is synchronous, so that no other request can come between
checking a code and using it up: that is what makes a code single-use.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from arcade_gmail_local.sandbox.errors import InvalidInput

SANDBOX_CLIENT_ID = "sandbox-client"
# Public on purpose: it opens nothing but the sandbox.
SANDBOX_CLIENT_SECRET = "sandbox-secret"

CODE_LIFETIME_S = 600
ACCESS_TOKEN_LIFETIME_S = 3599
MAX_REFRESH_TOKENS_PER_GRANT = 100
MAX_CODES = 10_000
MAX_ACCESS_TOKENS = 200_000


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token grants. `expires_at` is in epoch seconds of the sandbox's clock."""

    email: str
    scopes: frozenset[str]
    expires_at: float
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application. `redirect_uris` None allows any loopback address."""

    client_id: str
    secret: str = field(repr=False)
    redirect_uris: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Consent:
    """One person's consent to one client, which an authorization code stands for."""

    client_id: str
    redirect_uri: str
    email: str
    scopes: frozenset[str]
    offline: bool = False
    prompted: bool = False
    code_challenge: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """The result of a token request; `refresh_token` only where Google would send one."""

    access_token: str
    expires_in: int
    scopes: frozenset[str]
    email: str
    refresh_token: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An OAuth error; `error` and `description` are Google's words and safe to send."""

    error: str
    description: str
    status: int = 400


@dataclass(slots=True, repr=False)
class _Code:
    consent: Consent
    expires_at: float
    used: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class _Access:
    grant: Grant
    family: str


@dataclass(frozen=True, slots=True, repr=False)
class _Refresh:
    client_id: str
    email: str
    scopes: frozenset[str]
    family: str


@dataclass(slots=True, repr=False)
class _Standing:
    """Everything that a person has granted a client so far."""

    scopes: frozenset[str] = frozenset()
    offline: bool = False
    refresh_tokens: list[str] = field(default_factory=list)


def canonical_email(email: str) -> str:
    """Normalise an address, as the key of accounts and tokens."""
    return email.strip().lower()


class Identity:
    """Issue, check, narrow and revoke tokens the way Google does.

    Tokens and codes are kept only as SHA-256 digests, so no dump or repr can leak one.

    Args:
        clock: seconds since the epoch; every expiry is measured by it.
        access_token_lifetime: seconds an access token from the token endpoint lives.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        access_token_lifetime: int = ACCESS_TOKEN_LIFETIME_S,
    ) -> None:
        self.clock = clock
        self.access_token_lifetime = access_token_lifetime
        self.token_calls = 0
        """How many requests the token endpoint has seen, refused ones included."""
        self._clients: dict[str, Client] = {}
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Access] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._standing: dict[tuple[str, str], _Standing] = {}
        self.register_client(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET)

    def __repr__(self) -> str:
        return f"<Identity: {len(self._access)} access tokens, {len(self._refresh)} refresh tokens>"

    # Clients

    def register_client(
        self, client_id: str, secret: str, *, redirect_uris: Iterable[str] | None = None
    ) -> Client:
        """Add a client, or replace the one with that id."""
        if not client_id or not secret:
            raise InvalidInput("A client needs an id and a secret.")
        uris = None if redirect_uris is None else frozenset(redirect_uris)
        client = Client(client_id, secret, uris)
        self._clients[client_id] = client
        return client

    def client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def authenticate_client(self, client_id: str, secret: str) -> Refusal | None:
        """Check a client's secret in constant time; None means it is right."""
        client = self._clients.get(client_id)
        if client is None:
            return Refusal("invalid_client", "The OAuth client was not found.", 401)
        if not hmac.compare_digest(client.secret.encode(), secret.encode()):
            return Refusal("invalid_client", "Unauthorized", 401)
        return None

    # Access tokens

    def issue_token(self, email: str, scopes: Iterable[str] | str, expires_in: float = 3600) -> str:
        """Issue an access token without consent; it belongs to no client.

        `scopes` may be one space-separated string. An `expires_in` of 0 or less gives a token that
        has expired already, which is how a test makes one.
        """
        if not email.strip():
            raise InvalidInput("A token needs the e-mail address of its account.")
        granted = frozenset(scopes.split() if isinstance(scopes, str) else scopes)
        return self._issue_access("", email, granted, expires_in, family="")

    def grant_of(self, token: str) -> Grant | None:
        """Return what an access token grants; None if unknown, expired or revoked."""
        found = self._access.get(_digest(token))
        if found is None or found.grant.expires_at <= self.clock():
            return None
        return found.grant

    def expire_access(self, email: str) -> int:
        """Expire a person's access tokens now; the consents behind them stay."""
        now, email = self.clock(), canonical_email(email)
        every = self._access.items()
        live = {d: a for d, a in every if a.grant.email == email and a.grant.expires_at > now}
        for digest, access in live.items():
            self._access[digest] = replace(access, grant=replace(access.grant, expires_at=now))
        return len(live)

    # Consents and codes

    def granted_scopes(self, email: str, client_id: str) -> frozenset[str]:
        """Return every scope the person has granted the client so far."""
        standing = self._standing.get((client_id, canonical_email(email)))
        return standing.scopes if standing else frozenset()

    def issue_code(self, consent: Consent) -> str:
        """Turn a person's consent into an authorization code, good once and for ten minutes."""
        self._evict_codes()
        key = (consent.client_id, canonical_email(consent.email))
        standing = self._standing.setdefault(key, _Standing())
        standing.scopes |= consent.scopes
        code = "4/0A" + secrets.token_urlsafe(48)
        self._codes[_digest(code)] = _Code(consent, self.clock() + CODE_LIFETIME_S)
        return code

    def redeem(
        self, code: str, *, client_id: str, redirect_uri: str, code_verifier: str | None
    ) -> Issued | Refusal:
        """Exchange a code for tokens, once.

        Any attempt by an authenticated client uses the code up, even a failed one. A second attempt
        revokes everything the first one yielded, since one of the two was a thief.
        """
        family = _digest(code)
        found = self._codes.get(family)
        if found is None:
            return Refusal("invalid_grant", "Malformed auth code.")
        if found.used:
            self._revoke_family(family)
            return Refusal("invalid_grant", "Bad Request")
        found.used = True
        consent = found.consent
        if found.expires_at <= self.clock() or consent.client_id != client_id:
            return Refusal("invalid_grant", "Bad Request")
        if consent.redirect_uri != redirect_uri:
            return Refusal("redirect_uri_mismatch", "Bad Request")
        refusal = _check_verifier(consent.code_challenge, code_verifier)
        return refusal or self._issue_for(consent, family)

    def _issue_for(self, consent: Consent, family: str) -> Issued:
        email = canonical_email(consent.email)
        standing = self._standing.setdefault((consent.client_id, email), _Standing(consent.scopes))
        refresh_token = None
        if consent.offline and (consent.prompted or not standing.offline):
            standing.offline = True
            refresh_token = self._issue_refresh(standing, consent, family)
        access_token = self._issue_access(
            consent.client_id, email, consent.scopes, self.access_token_lifetime, family=family
        )
        return Issued(
            access_token=access_token,
            expires_in=self.access_token_lifetime,
            scopes=consent.scopes,
            email=email,
            refresh_token=refresh_token,
            nonce=consent.nonce,
        )

    # Refresh and revocation

    def refresh(
        self, refresh_token: str, *, client_id: str, scopes: frozenset[str] | None = None
    ) -> Issued | Refusal:
        """Issue a new access token; the refresh token stays valid and none is sent.

        `scopes` narrows the new token and can never widen it.
        """
        found = self._refresh.get(_digest(refresh_token))
        if found is None:
            return Refusal("invalid_grant", "Token has been expired or revoked.")
        if found.client_id != client_id:
            return Refusal("unauthorized_client", "Unauthorized", 401)
        if scopes is not None and not scopes <= found.scopes:
            return Refusal("invalid_scope", "Some requested scopes were not granted.")
        kept = found.scopes if scopes is None else scopes
        lifetime = self.access_token_lifetime
        return Issued(
            access_token=self._issue_access(
                client_id, found.email, kept, lifetime, family=found.family
            ),
            expires_in=lifetime,
            scopes=kept,
            email=found.email,
        )

    def revoke(self, token: str) -> bool:
        """Revoke the whole grant behind an access or refresh token; False if there is none.

        As at Google, every other token of that person and client dies with it, and the client has
        to ask for consent again. A token from `issue_token` has no grant and dies alone.
        """
        digest = _digest(token)
        refresh = self._refresh.get(digest)
        if refresh is not None:
            self.withdraw_consent(refresh.email, refresh.client_id)
            return True
        if self.grant_of(token) is None:
            return False
        grant = self._access.pop(digest).grant
        if grant.client_id:
            self.withdraw_consent(grant.email, grant.client_id)
        return True

    def withdraw_every_consent(self, email: str) -> int:
        """Withdraw all consents of a person; return the number of clients they were for."""
        email = canonical_email(email)
        clients = [client for client, person in self._standing if person == email]
        for client in clients:
            self.withdraw_consent(email, client)
        return len(clients)

    def withdraw_consent(self, email: str, client_id: str) -> None:
        """Withdraw everything the person granted the client, as in their Google account."""
        email = canonical_email(email)
        self._standing.pop((client_id, email), None)
        self._access = {
            digest: access
            for digest, access in self._access.items()
            if (access.grant.client_id, access.grant.email) != (client_id, email)
        }
        self._refresh = {
            digest: refresh
            for digest, refresh in self._refresh.items()
            if (refresh.client_id, refresh.email) != (client_id, email)
        }
        for code in self._codes.values():
            if (code.consent.client_id, canonical_email(code.consent.email)) == (client_id, email):
                code.used = True

    # Internals

    def _issue_access(
        self, client_id: str, email: str, scopes: frozenset[str], expires_in: float, *, family: str
    ) -> str:
        self._evict_access_tokens()
        token = "ya29.a0" + secrets.token_urlsafe(96)
        grant = Grant(canonical_email(email), scopes, self.clock() + expires_in, client_id)
        self._access[_digest(token)] = _Access(grant, family)
        return token

    def _issue_refresh(self, standing: _Standing, consent: Consent, family: str) -> str:
        token = "1//0" + secrets.token_urlsafe(72)
        email = canonical_email(consent.email)
        digest = _digest(token)
        self._refresh[digest] = _Refresh(consent.client_id, email, consent.scopes, family)
        standing.refresh_tokens.append(digest)
        while len(standing.refresh_tokens) > MAX_REFRESH_TOKENS_PER_GRANT:
            # Google drops the oldest silently, and so does this.
            self._refresh.pop(standing.refresh_tokens.pop(0), None)
        return token

    def _revoke_family(self, family: str) -> None:
        self._access = {d: a for d, a in self._access.items() if a.family != family}
        self._refresh = {d: r for d, r in self._refresh.items() if r.family != family}
        for standing in self._standing.values():
            standing.refresh_tokens = [d for d in standing.refresh_tokens if d in self._refresh]
            # With no refresh token left, the next offline consent has to yield one again.
            standing.offline = standing.offline and bool(standing.refresh_tokens)

    def _evict_codes(self) -> None:
        if len(self._codes) < MAX_CODES:
            return
        now = self.clock()
        self._codes = {d: code for d, code in self._codes.items() if code.expires_at > now}
        while len(self._codes) >= MAX_CODES:
            del self._codes[next(iter(self._codes))]

    def _evict_access_tokens(self) -> None:
        if len(self._access) < MAX_ACCESS_TOKENS:
            return
        now = self.clock()
        self._access = {d: a for d, a in self._access.items() if a.grant.expires_at > now}
        while len(self._access) >= MAX_ACCESS_TOKENS:
            del self._access[next(iter(self._access))]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _check_verifier(challenge: str | None, verifier: str | None) -> Refusal | None:
    if challenge is None:
        # A verifier without a challenge suggests that someone stripped the challenge.
        return (
            Refusal("invalid_grant", "code_verifier or verifier is not needed.")
            if verifier
            else None
        )
    if not verifier:
        return Refusal("invalid_grant", "Missing code verifier.")
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not hmac.compare_digest(made, challenge.encode()):
        return Refusal("invalid_grant", "Invalid code verifier.")
    return None
