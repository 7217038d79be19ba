"""Authenticate MCP over HTTP: signed tokens only, and each session only for its owner.

arcade_mcp_server's `ResourceServerAuth` checks signature, issuer and audience. But it accepts a
token without an expiry, knows a person by `sub` alone although two issuers may use the same one,
and lets anyone with a token use anyone's session.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arcade_mcp_server.resource_server import AuthorizationServerEntry, ResourceServerAuth
from arcade_mcp_server.resource_server.base import InvalidTokenError, ResourceOwner
from arcade_mcp_server.resource_server.middleware import RESOURCE_OWNER_SCOPE_KEY
from arcade_mcp_server.resource_server.validators.jwks import SUPPORTED_ALGORITHMS
from arcade_mcp_server.settings import ResourceServerSettings
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.origins import check_url

__all__ = ["McpAuth", "OwnSessionsOnly", "make_mcp_auth", "mcp_auth_from_environment"]

KEY_CACHE_S = 300
"""How long an issuer's keys are cached: a withdrawn one still works, and a new one may not yet."""

SESSION_HEADER = "mcp-session-id"
SESSION_UNKNOWN = -32600


class McpAuth(ResourceServerAuth):
    """Accept tokens that expire and name a person, whose `sub` is the user id."""

    async def validate_token(self, token: str) -> ResourceOwner:
        owner = await super().validate_token(token)
        if not isinstance(owner.claims.get("exp"), int | float):
            raise InvalidTokenError("Token has no expiry")
        if not isinstance(owner.user_id, str) or not owner.user_id.strip():
            raise InvalidTokenError("Token names no user")
        return owner


def make_mcp_auth(
    *,
    resource: str,
    issuer: str,
    jwks_uri: str,
    audiences: Iterable[str] = (),
    algorithm: str = "RS256",
) -> McpAuth:
    """Accept the tokens of one authorization server.

    Args:
        resource: this server's own address with its path; also the audience, unless `audiences`
            names others.

    Raises:
        ConfigurationError: an address that is not https (or loopback), an unknown algorithm.
    """
    if algorithm not in SUPPORTED_ALGORITHMS:
        known = ", ".join(sorted(SUPPORTED_ALGORITHMS))
        raise ConfigurationError(f"The algorithm must be one of {known}.")
    entry = AuthorizationServerEntry(
        authorization_server_url=issuer,
        issuer=issuer,
        jwks_uri=jwks_uri,
        algorithm=algorithm,
        expected_audiences=list(audiences) or None,
    )
    return _make(resource, [entry])


def mcp_auth_from_environment() -> McpAuth | None:
    """Read arcade_mcp_server's own MCP_RESOURCE_SERVER_… variables; return None without them.

    Raises:
        ConfigurationError: unreadable, unsafe, or several issuers.
    """
    try:
        settings = ResourceServerSettings()
        entries = settings.to_authorization_server_entries()
    except (ValidationError, KeyError, TypeError, ValueError) as unreadable:
        raise ConfigurationError(
            f"The MCP_RESOURCE_SERVER_ variables cannot be read ({type(unreadable).__name__})."
        ) from None
    if settings.canonical_url is None and not entries:
        return None
    if settings.canonical_url is None or not entries:
        raise ConfigurationError(
            "MCP_RESOURCE_SERVER_CANONICAL_URL and MCP_RESOURCE_SERVER_AUTHORIZATION_SERVERS "
            "belong together."
        )
    return _make(settings.canonical_url, entries)


def _make(resource: str, entries: list[AuthorizationServerEntry]) -> McpAuth:
    check_url("The resource", resource)
    for entry in entries:
        check_url("The issuer", entry.issuer)
        check_url("The JWKS address", entry.jwks_uri)
    if len({entry.issuer for entry in entries}) > 1:
        raise ConfigurationError(
            "Only one issuer can be trusted: two may use the same `sub` for different people."
        )
    try:
        return McpAuth(entries, resource, cache_ttl=KEY_CACHE_S)
    except ValueError:
        raise ConfigurationError("The resource is not a valid address.") from None


class OwnSessionsOnly:
    """Keep a session to the person who opened it; for anyone else it does not exist.

    A session's id is no credential, but arcade_mcp_server matches the answers of a session by
    request number alone: two people in one session could get each other's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._owners: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        owner: ResourceOwner = scope[RESOURCE_OWNER_SCOPE_KEY]
        session = Headers(scope=scope).get(SESSION_HEADER)
        if session is not None and self._owners.get(session) != owner.user_id:
            await _no_such_session()(scope, receive, send)
            return

        async def send_and_record_owner(message: Message) -> None:
            if message["type"] == "http.response.start" and session is None:
                opened = Headers(raw=message["headers"]).get(SESSION_HEADER)
                if opened is not None:
                    self._owners[opened] = owner.user_id
            await send(message)

        await self._app(scope, receive, send_and_record_owner)
        if session is not None and scope["method"] == "DELETE":
            self._owners.pop(session, None)


def _no_such_session() -> JSONResponse:
    error: dict[str, Any] = {"code": SESSION_UNKNOWN, "message": "There is no such session."}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 404)
