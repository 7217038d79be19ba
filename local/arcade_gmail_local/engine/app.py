"""Build the engine's Starlette application."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from arcade_gmail_local.engine.api import admin, auth, openapi, scheduled_tools, tools, workers
from arcade_gmail_local.engine.http.guard import ApiKeyGuard
from arcade_gmail_local.engine.http.responses import exception_handlers
from arcade_gmail_local.engine.outbound import Outbound
from arcade_gmail_local.engine.pages import authorization_routes, connections_routes
from arcade_gmail_local.engine.pages.page_requests import (
    PageRefusal,
    refuse_with_page,
    with_pages,
)
from arcade_gmail_local.engine.services import open_services
from arcade_gmail_local.engine.settings import EngineSettings

__all__ = ["create_engine_app"]

_OPEN_PATHS = authorization_routes.PATHS | connections_routes.PATHS | {admin.HEALTH_PATH}


def create_engine_app(
    settings: EngineSettings,
    *,
    http: Outbound | None = None,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Build the embedded engine; its lifespan opens `app.state.services` and closes them.

    Serve it with `access_log=False` (uvicorn): the addresses of callbacks contain codes and states.

    Args:
        http: carries calls to the workers and the provider; one aiohttp pool if not given.
        clock: returns the time in epoch seconds.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings, outbound=http, clock=clock) as services:
            app.state.services = services
            yield

    app = Starlette(
        routes=[
            # Routes are matched in order, so those that are called most come first.
            *tools.ROUTES,
            *admin.ROUTES,
            *workers.ROUTES,
            *auth.ROUTES,
            *scheduled_tools.ROUTES,
            *authorization_routes.ROUTES,
            *connections_routes.ROUTES,
            *(openapi.ROUTES if settings.shows_openapi else ()),
        ],
        middleware=[Middleware(ApiKeyGuard, open_paths=_OPEN_PATHS)],
        exception_handlers={
            **{
                kind: handler if kind in (HTTPException, Exception) else with_pages(handler)
                for kind, handler in exception_handlers().items()
            },
            PageRefusal: refuse_with_page,
        },
        lifespan=lifespan,
    )
    # Starlette would build such a redirect from the Host header, which anyone can write.
    app.router.redirect_slashes = False
    return app
