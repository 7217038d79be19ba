"""Serve the API's OpenAPI document at /v1/swagger, to callers with a key."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.http.responses import json_response
from arcade_gmail_local.engine.services import services_of

__all__ = ["ROUTES", "openapi_document"]


def openapi_document(*, server: str) -> dict[str, Any]:
    """Read the document, and name the server in it."""
    text = files(__package__).joinpath("openapi.yaml").read_text(encoding="utf-8")
    return {**yaml.safe_load(text), "servers": [{"url": server}]}


async def swagger(request: Request) -> Response:
    return json_response(openapi_document(server=services_of(request).settings.origin))


ROUTES = [Route("/v1/swagger", swagger, methods=["GET"])]
