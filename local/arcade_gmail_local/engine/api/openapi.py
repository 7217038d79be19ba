"""/v1/swagger: the API's own description, for who has a key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.api.openapi_document import openapi_document
from arcade_gmail_local.engine.http.answers import answer
from arcade_gmail_local.engine.settings import EngineSettings

__all__ = ["OpenApi"]


class OpenApi:
    """Give the OpenAPI document."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        return [Route("/v1/swagger", self.document, methods=["GET"])]

    async def document(self, _request: Request) -> Response:
        return answer(openapi_document(server=self._settings.origin))
