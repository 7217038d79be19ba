"""/v1/admin/auth_providers: the provider that people connect through, without its secret."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.http.answers import Refusal, answer, page_answer
from arcade_gmail_local.engine.http.bodies import page_of
from arcade_gmail_local.engine.settings import EngineSettings

__all__ = ["ProvidersApi"]


class ProvidersApi:
    """What arcadepy's `client.admin.auth_providers` reads; writing is refused."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        every, one = "/v1/admin/auth_providers", "/v1/admin/auth_providers/{id}"
        return [
            Route(every, self.list, methods=["GET"]),
            Route(every, self.refuse, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.refuse, methods=["PATCH", "DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        limit, offset = page_of(request)
        every = [self._describe()]
        page = every[offset : offset + limit]
        return page_answer(page, limit=limit, offset=offset, total=len(every))

    async def get(self, request: Request) -> Response:
        if request.path_params["id"] != self._settings.provider.id:
            raise Refusal(404, "not_found", "There is no such provider.")
        return answer(self._describe())

    async def refuse(self, _request: Request) -> Response:
        """Change nothing: where tokens go is decided in the engine's settings alone."""
        raise Refusal(
            405,
            "providers_are_fixed",
            "Providers are set in the engine's settings; change them there and restart it.",
            headers={"Allow": "GET"},
        )

    def _describe(self) -> dict[str, Any]:
        provider = self._settings.provider
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
                "redirect_uri": self._settings.redirect_uri,
                "scope_delimiter": " ",
                "pkce": {"enabled": True, "code_challenge_method": "S256"},
                "authorize_request": {"method": "GET", "endpoint": provider.authorization_url},
                "token_request": {"method": "POST", "endpoint": provider.token_url},
                "refresh_request": {"method": "POST", "endpoint": provider.token_url},
                "user_info_request": {"method": "GET", "endpoint": provider.userinfo_url},
            },
        }
