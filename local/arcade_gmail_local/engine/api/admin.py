"""Answer operators: /v1/health, /v1/admin/user_connections and /v1/admin/auth_providers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.http.api_keys import caller_of
from arcade_gmail_local.engine.http.bodies import check_id, check_user_id, page_of
from arcade_gmail_local.engine.http.responses import (
    Refusal,
    bad_request,
    json_response,
    page_response,
)
from arcade_gmail_local.engine.http.timestamps import iso, iso_or_none
from arcade_gmail_local.engine.services import services_of
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.security.tokens.record import TokenRecord

__all__ = ["HEALTH_PATH", "ROUTES"]

HEALTH_PATH = "/v1/health"


async def health(request: Request) -> Response:
    """Report healthy if the database answers; without a key, so it reveals nothing more."""
    async with services_of(request).database.connect() as db:
        await db.execute(text("SELECT 1"))
    return json_response({"healthy": True})


async def list_connections(request: Request) -> Response:
    """Return one page of connections, of one user or provider if asked; no token is opened."""
    services = services_of(request)
    limit, offset = page_of(request)
    user_id, provider = _filter(request, "user"), _filter(request, "provider")
    if provider is not None and "\0" in provider:
        bad_request("provider_id is not usable.")
    await services.manager.flush()
    found, total = await services.directory.page(
        limit=limit,
        offset=offset,
        user_id=check_user_id(user_id) if user_id is not None else None,
        provider=provider,
    )
    items = [_connection(one) for one in found]
    return page_response(items, limit=limit, offset=offset, total=total)


async def get_connection(request: Request) -> Response:
    await services_of(request).manager.flush()
    return json_response(_connection(await _find(request)))


async def delete_connection(request: Request) -> Response:
    """Erase a connection now, and revoke it at the provider as soon as that answers."""
    connection = await _find(request)
    actor = caller_of(request).name
    await services_of(request).disconnector.disconnect(connection, actor=actor)
    return Response(status_code=204)


async def _find(request: Request) -> TokenRecord:
    directory = services_of(request).directory
    connection = await directory.by_id(check_id(request.path_params["id"]))
    if connection is None:
        raise Refusal(404, "not_found", "There is no such connection.")
    return connection


def _filter(request: Request, name: str) -> str | None:
    # arcadepy sends user[id]=…; people write user.id=… or user_id=…
    given = request.query_params
    return next(
        (given[form] for form in (f"{name}[id]", f"{name}.id", f"{name}_id") if form in given), None
    )


def _connection(connection: TokenRecord) -> dict[str, Any]:
    return {
        "id": connection.id,
        "connection_id": connection.id,
        "connection_status": connection.status,
        "provider_id": connection.provider,
        "provider_type": "oauth2",
        "provider_description": "Google",
        "provider_user_info": {"sub": connection.subject, "email": connection.email},
        "scopes": sorted(connection.scopes),
        "user_id": connection.user_id,
        "created_at": iso(connection.created_at),
        "updated_at": iso(connection.updated_at),
        "last_used_at": iso_or_none(connection.last_used_at),
    }


async def list_providers(request: Request) -> Response:
    limit, offset = page_of(request)
    every = [_provider(services_of(request).settings)]
    return page_response(every[offset : offset + limit], limit=limit, offset=offset, total=1)


async def get_provider(request: Request) -> Response:
    settings = services_of(request).settings
    if request.path_params["id"] != settings.provider.id:
        raise Refusal(404, "not_found", "There is no such provider.")
    return json_response(_provider(settings))


async def refuse_provider_change(_request: Request) -> Response:
    """Change nothing: only the engine's settings decide where tokens go."""
    raise Refusal(
        405,
        "providers_are_fixed",
        "Providers are set in the engine's settings; change them there and restart it.",
        headers={"Allow": "GET"},
    )


def _provider(settings: EngineSettings) -> dict[str, Any]:
    provider = settings.provider
    return {
        "id": provider.id,
        "provider_id": provider.id,
        "description": "Google",
        "type": "oauth2",
        "status": "active",
        "binding": {"id": "settings", "type": "static"},
        "oauth2": {
            "client_id": provider.client_id,
            "client_secret": {"binding": "static", "exists": True, "editable": False},
            "redirect_uri": settings.redirect_uri,
            "scope_delimiter": " ",
            "pkce": {"enabled": True, "code_challenge_method": "S256"},
            "authorize_request": {"method": "GET", "endpoint": provider.authorization_url},
            "token_request": {"method": "POST", "endpoint": provider.token_url},
            "refresh_request": {"method": "POST", "endpoint": provider.token_url},
            "user_info_request": {"method": "GET", "endpoint": provider.userinfo_url},
        },
    }


_CONNECTION = "/v1/admin/user_connections/{id}"
_PROVIDERS, _PROVIDER = "/v1/admin/auth_providers", "/v1/admin/auth_providers/{id}"

ROUTES = [
    Route(HEALTH_PATH, health, methods=["GET"]),
    Route("/v1/admin/user_connections", list_connections, methods=["GET"]),
    Route(_CONNECTION, get_connection, methods=["GET"]),
    Route(_CONNECTION, delete_connection, methods=["DELETE"]),
    Route(_PROVIDERS, list_providers, methods=["GET"]),
    Route(_PROVIDERS, refuse_provider_change, methods=["POST"]),
    Route(_PROVIDER, get_provider, methods=["GET"]),
    Route(_PROVIDER, refuse_provider_change, methods=["PATCH", "DELETE"]),
]
