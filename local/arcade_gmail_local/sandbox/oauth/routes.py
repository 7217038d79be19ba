"""Serve the token and revocation endpoints, and list the routes of Google's sign-in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.sandbox.oauth.consent import ConsentEndpoint, issuer_of
from arcade_gmail_local.sandbox.oauth.consent_scopes import (
    GMAIL,
    OPENID,
    SIGN_IN,
    read_scopes,
    write_scopes,
)
from arcade_gmail_local.sandbox.oauth.http_bodies import GoogleJSON, form_pairs
from arcade_gmail_local.sandbox.oauth.id_tokens import IdTokenSigner
from arcade_gmail_local.sandbox.oauth.identity import Identity, Issued, Refusal
from arcade_gmail_local.sandbox.oauth.pages import AUTHORIZATION_PATH
from arcade_gmail_local.sandbox.oauth.people import People
from arcade_gmail_local.sandbox.oauth.profile import ProfileEndpoints


def oauth_routes(identity: Identity, people: People, *, issuer: str | None = None) -> list[Route]:
    """Return the routes of Google's sign-in, to mount at the root of an application.

    Args:
        identity: holds codes, tokens and consents; the Gmail routes ask the same one.
        people: the accounts to choose from.
        issuer: the `iss` of redirects and ID tokens; by default the origin of the request.
    """
    signer = IdTokenSigner(identity.clock)
    consent = ConsentEndpoint(identity, people, issuer=issuer)
    tokens = TokenEndpoints(identity, people, signer, issuer=issuer)
    profile = ProfileEndpoints(identity, people)
    return [
        Route(AUTHORIZATION_PATH, consent.ask, methods=["GET"]),
        Route(AUTHORIZATION_PATH, consent.decide, methods=["POST"]),
        Route("/token", tokens.token, methods=["POST"]),
        Route("/revoke", tokens.revoke, methods=["POST"]),
        Route("/oauth2/v3/certs", tokens.certs, methods=["GET"]),
        Route("/.well-known/openid-configuration", tokens.configuration, methods=["GET"]),
        Route("/oauth2/v2/userinfo", profile.userinfo_v2, methods=["GET"]),
        Route("/v1/userinfo", profile.userinfo_oidc, methods=["GET", "POST"]),
        Route("/v1/people/me", profile.people_me, methods=["GET"]),
    ]


class TokenEndpoints:
    """Serve /token and /revoke, the ID token keys and the OpenID configuration."""

    def __init__(
        self,
        identity: Identity,
        people: People,
        signer: IdTokenSigner,
        *,
        issuer: str | None = None,
    ) -> None:
        self._identity = identity
        self._people = people
        self._signer = signer
        self._issuer = issuer

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token for an access token."""
        self._identity.token_calls += 1
        fields = await _single_fields(request)
        if fields is None:
            return _refuse(Refusal("invalid_request", "Bad Request"))
        client_id = self._authenticated_client(request, fields)
        if isinstance(client_id, Refusal):
            return _refuse(client_id)
        issued = self._exchange(client_id, fields)
        if isinstance(issued, Refusal):
            return _refuse(issued)
        return GoogleJSON(await self._token_body(request, client_id, issued))

    async def revoke(self, request: Request) -> Response:
        """Revoke the grant behind `token`, which may be in the body or, as at Google, the query."""
        fields = await form_pairs(request) or []
        given = [value for name, value in fields if name == "token"]
        given = given or request.query_params.getlist("token")
        if not given or not given[0]:
            return _refuse(Refusal("invalid_request", "Required parameter is missing: token"))
        if len(given) > 1 or not self._identity.revoke(given[0]):
            return _refuse(Refusal("invalid_token", "Token expired or revoked"))
        return GoogleJSON({})

    async def certs(self, _request: Request) -> Response:
        """Publish the public keys for checking ID tokens."""
        return GoogleJSON(await self._signer.key_set())

    async def configuration(self, request: Request) -> Response:
        """Publish the OpenID Connect discovery document."""
        issuer = issuer_of(request, self._issuer)
        return GoogleJSON(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}{AUTHORIZATION_PATH}",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/v1/userinfo",
                "revocation_endpoint": f"{issuer}/revoke",
                "jwks_uri": f"{issuer}/oauth2/v3/certs",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": [*SIGN_IN, *GMAIL],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def _authenticated_client(self, request: Request, fields: Mapping[str, str]) -> str | Refusal:
        client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
        basic = _basic_credentials(request)
        if basic is not None:
            if secret or (client_id and client_id != basic[0]):
                return Refusal("invalid_request", "Client credentials were given twice.")
            client_id, secret = basic
        if not client_id:
            return Refusal("invalid_request", "Could not determine client ID from request.")
        if not secret:
            return Refusal("invalid_request", "client_secret is missing.")
        return self._identity.authenticate_client(client_id, secret) or client_id

    def _exchange(self, client_id: str, fields: Mapping[str, str]) -> Issued | Refusal:
        grant_type = fields.get("grant_type", "")
        needed = {
            "authorization_code": ("code", "redirect_uri"),
            "refresh_token": ("refresh_token",),
        }
        if not grant_type:
            return Refusal("invalid_request", "Required parameter is missing: grant_type")
        if grant_type not in needed:
            return Refusal("unsupported_grant_type", f"Invalid grant_type: {grant_type[:100]}")
        for name in needed[grant_type]:
            if not fields.get(name):
                return Refusal("invalid_request", f"Missing required parameter: {name}")
        if grant_type == "authorization_code":
            return self._identity.redeem(
                fields["code"],
                client_id=client_id,
                redirect_uri=fields["redirect_uri"],
                code_verifier=fields.get("code_verifier"),
            )
        asked = frozenset(read_scopes(fields.get("scope", "")))
        return self._identity.refresh(
            fields["refresh_token"], client_id=client_id, scopes=asked or None
        )

    async def _token_body(self, request: Request, client_id: str, issued: Issued) -> dict[str, Any]:
        body: dict[str, Any] = {
            "access_token": issued.access_token,
            "expires_in": issued.expires_in,
            "scope": write_scopes(issued.scopes),
            "token_type": "Bearer",
        }
        if issued.refresh_token is not None:
            body["refresh_token"] = issued.refresh_token
        person = self._people.get(issued.email)
        if OPENID in issued.scopes and person is not None:
            issuer = issuer_of(request, self._issuer)
            body["id_token"] = await self._signer.sign(
                person, issued, issuer=issuer, client_id=client_id
            )
        return body


async def _single_fields(request: Request) -> dict[str, str] | None:
    """Read a form; None if it cannot be read or a field comes twice."""
    pairs = await form_pairs(request)
    if pairs is None or len({name for name, _ in pairs}) != len(pairs):
        return None
    return dict(pairs)


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        # Present but unreadable: treat as an unknown client, never fall back to the body.
        return "?", "?"
    return unquote_plus(client_id), unquote_plus(secret)


def _refuse(refusal: Refusal) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    return GoogleJSON(body, refusal.status)
