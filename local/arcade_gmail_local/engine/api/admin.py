"""/v1/health and /v1/admin/user_connections: what operators ask."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.connecting.revocation import Disconnector
from arcade_gmail_local.engine.http.answers import Refusal, answer, page_answer
from arcade_gmail_local.engine.http.bodies import bad_request, check_id, check_user_id, page_of
from arcade_gmail_local.engine.http.callers import caller_of
from arcade_gmail_local.engine.http.moments import iso, iso_or_none
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import TokenDirectory

__all__ = ["HEALTH_PATH", "AdminApi"]

HEALTH_PATH = "/v1/health"


class AdminApi:
    """Health and connections."""

    def __init__(
        self,
        engine: AsyncEngine,
        manager: SecureTokenManager,
        directory: TokenDirectory,
        disconnector: Disconnector,
    ) -> None:
        self._engine = engine
        self._manager = manager
        self._directory = directory
        self._disconnector = disconnector

    def routes(self) -> list[Route]:
        one = "/v1/admin/user_connections/{id}"
        return [
            Route(HEALTH_PATH, self.health, methods=["GET"]),
            Route("/v1/admin/user_connections", self.list_connections, methods=["GET"]),
            Route(one, self.get_connection, methods=["GET"]),
            Route(one, self.delete_connection, methods=["DELETE"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Say healthy when the database answers; asked without a key, so it says no more."""
        async with self._engine.connect() as db:
            await db.execute(text("SELECT 1"))
        return answer({"healthy": True})

    async def list_connections(self, request: Request) -> Response:
        """Give one page of connections, of one user or provider if asked; no token is opened."""
        limit, offset = page_of(request)
        user_id = _filter(request, "user")
        provider = _filter(request, "provider")
        if provider is not None and "\0" in provider:
            bad_request("provider_id is not usable.")
        await self._manager.flush()
        found, total = await self._directory.page(
            limit=limit,
            offset=offset,
            user_id=check_user_id(user_id) if user_id is not None else None,
            provider=provider,
        )
        items = [_describe(one) for one in found]
        return page_answer(items, limit=limit, offset=offset, total=total)

    async def get_connection(self, request: Request) -> Response:
        await self._manager.flush()
        return answer(_describe(await self._find(request)))

    async def delete_connection(self, request: Request) -> Response:
        """Erase a connection now, and revoke it at the provider as soon as that answers."""
        connection = await self._find(request)
        await self._disconnector.disconnect(connection, actor=caller_of(request).name)
        return Response(status_code=204)

    async def _find(self, request: Request) -> TokenRecord:
        connection = await self._directory.by_id(check_id(request.path_params["id"]))
        if connection is None:
            raise Refusal(404, "not_found", "There is no such connection.")
        return connection


def _filter(request: Request, name: str) -> str | None:
    # arcadepy writes user[id]=…; by hand one writes user.id=… or user_id=…
    given = request.query_params
    return next(
        (given[form] for form in (f"{name}[id]", f"{name}.id", f"{name}_id") if form in given), None
    )


def _describe(connection: TokenRecord) -> dict[str, Any]:
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
