"""Call Google's OAuth endpoints."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from arcade_gmail_local.engine.outbound import Outbound, OutboundAnswer, OutboundRequest
from arcade_gmail_local.engine.settings import ProviderSettings
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    RequestRefused,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.tokens.record import lifetime_of

__all__ = ["Account", "OAuthProvider", "TokenAnswer"]

logger = logging.getLogger(__name__)

_MAX_TOKEN = 8192


@dataclass(frozen=True, slots=True, repr=False)
class TokenAnswer:
    """The token endpoint's response. `scopes` is None when it names none."""

    access_token: HiddenText
    refresh_token: HiddenText | None
    lifetime_s: float
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """The account that consented; `subject` never changes, `email` may."""

    subject: str
    email: str


class OAuthProvider:
    """Call one provider as one client. No redirect is followed, no secret is logged."""

    def __init__(
        self, settings: ProviderSettings, outbound: Outbound, *, redirect_uri: str
    ) -> None:
        self._settings = settings
        self._outbound = outbound
        self._redirect_uri = redirect_uri

    @property
    def client_id(self) -> str:
        return self._settings.client_id

    def consent_url(
        self,
        *,
        state: str,
        verifier: str | None,
        scopes: Iterable[str],
        login_hint: str | None = None,
    ) -> str:
        """Return the address where a person consents; without a verifier there is no PKCE.

        `prompt=consent` always: a flow starts only when permissions or the refresh token are
        missing, and without it Google hands out no refresh token for the wider grant.
        """
        asked = dict.fromkeys((*self._settings.identity_scopes, *scopes))
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "scope": " ".join(asked),
            "state": state,
            "access_type": "offline",
            "include_granted_scopes": "true",
            "prompt": "consent",
        }
        if verifier is not None:
            challenge = hashlib.sha256(verifier.encode("ascii")).digest()
            query["code_challenge"] = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
            query["code_challenge_method"] = "S256"
        if login_hint:
            query["login_hint"] = login_hint
        address = self._settings.authorization_url
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"

    async def exchange(self, code: HiddenText, verifier: HiddenText | None) -> TokenAnswer:
        """Turn a code into tokens; a code works once."""
        return await self._token(
            {
                "grant_type": "authorization_code",
                "code": code,
                **({} if verifier is None else {"code_verifier": verifier}),
                "redirect_uri": self._redirect_uri,
            }
        )

    async def refresh(self, refresh_token: HiddenText) -> TokenAnswer:
        """Get a new access token.

        Raises:
            TokenRejected: the person has to connect again.
            ConfigurationError: it is our client that was refused; the grant may be fine.
            Unavailable, ConnectionFailed, DeadlineExceeded: the grant's state is unknown.
        """
        return await self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def account(self, access_token: HiddenText) -> Account:
        """Ask whose token it is."""
        reply = await self._outbound.send(
            OutboundRequest(
                "GET",
                self._settings.userinfo_url,
                headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
                timeout_s=self._settings.timeout_s,
            )
        )
        found = _object_in(reply)
        if reply.status != 200 or found is None:
            raise _unusable(reply, "The account behind the permission could not be read.")
        # The older userinfo calls `id` what OpenID Connect calls `sub`.
        subject = found.get("sub", found.get("id"))
        if not isinstance(subject, str | int) or isinstance(subject, bool) or subject == "":
            raise Unavailable("The provider did not say whose account it is.")
        email = found.get("email")
        return Account(str(subject), email if isinstance(email, str) else "")

    async def revoke(self, token: HiddenText) -> None:
        """Revoke a grant; a token that is already dead counts as revoked."""
        reply = await self._post(self._settings.revocation_url, {"token": token})
        if reply.status == 200:
            return
        error = (_object_in(reply) or {}).get("error")
        if reply.status != 400 or error not in ("invalid_token", "invalid_grant"):
            raise _unusable(reply, "The provider did not revoke the permission.")

    async def _token(self, fields: Mapping[str, str]) -> TokenAnswer:
        reply = await self._post(
            self._settings.token_url,
            {
                **fields,
                "client_id": self._settings.client_id,
                "client_secret": HiddenText(self._settings.client_secret),
            },
        )
        found = _object_in(reply)
        if reply.status == 200 and found is not None:
            return _token_answer(found)
        error = (found or {}).get("error")
        if error == "invalid_grant":
            raise TokenRejected("The permission has expired or was withdrawn; connect again.")
        if error in ("invalid_client", "unauthorized_client") or reply.status == 401:
            logger.critical("the provider refuses our OAuth client; check its id and secret")
            raise ConfigurationError(
                "The provider refuses the engine's OAuth client; tell the operator."
            )
        raise _unusable(reply, "The provider could not issue a token.")

    async def _post(self, url: str, fields: Mapping[str, str]) -> OutboundAnswer:
        return await self._outbound.send(
            OutboundRequest(
                "POST",
                url,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                },
                body=urlencode(fields).encode("ascii"),
                timeout_s=self._settings.timeout_s,
            )
        )


def _token_answer(found: Mapping[str, Any]) -> TokenAnswer:
    access, refresh, scope = (
        found.get(name) for name in ("access_token", "refresh_token", "scope")
    )
    if not _is_token(access) or str(found.get("token_type", "bearer")).lower() != "bearer":
        raise Unavailable("The provider's response has no usable token.")
    return TokenAnswer(
        access_token=HiddenText(access),
        refresh_token=HiddenText(refresh) if _is_token(refresh) else None,
        lifetime_s=lifetime_of(found.get("expires_in")),
        scopes=frozenset(scope.split()) if isinstance(scope, str) else None,
    )


def _is_token(value: Any) -> bool:
    # A token becomes a header, so nothing that could break out of one is accepted.
    return (
        isinstance(value, str)
        and 0 < len(value) <= _MAX_TOKEN
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _object_in(reply: OutboundAnswer) -> dict[str, Any] | None:
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    # Hidden, because tokens are among them and tracebacks may show local variables.
    return {name: HiddenText(one) if isinstance(one, str) else one for name, one in found.items()}


def _unusable(reply: OutboundAnswer, message: str) -> Unavailable | RequestRefused:
    # The provider's own text is not repeated: it can quote what it was sent.
    detail = f"HTTP {reply.status}"
    if 400 <= reply.status < 500 and reply.status not in (408, 429):
        return RequestRefused(message, developer_message=detail)
    return Unavailable(message, developer_message=detail)
