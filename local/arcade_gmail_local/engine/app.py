"""Compose the engine: stores, provider, worker and routes, in one Starlette application."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from arcade_gmail_local.engine.api.admin import HEALTH_PATH, AdminApi
from arcade_gmail_local.engine.api.auth import AuthApi
from arcade_gmail_local.engine.api.openapi import OpenApi
from arcade_gmail_local.engine.api.providers import ProvidersApi
from arcade_gmail_local.engine.api.scheduled_tools import ScheduleApi
from arcade_gmail_local.engine.api.tool_secrets import SecretsApi
from arcade_gmail_local.engine.api.tools import ToolsApi
from arcade_gmail_local.engine.api.workers import WorkersApi
from arcade_gmail_local.engine.connecting.authorizer import Authorizer
from arcade_gmail_local.engine.connecting.confirmation import Confirmation
from arcade_gmail_local.engine.connecting.flows import FlowStore
from arcade_gmail_local.engine.connecting.provider import OAuthProvider
from arcade_gmail_local.engine.connecting.revocation import Disconnector
from arcade_gmail_local.engine.connecting.visits import Visits
from arcade_gmail_local.engine.connecting.waiting import Bell
from arcade_gmail_local.engine.database import create_tables, is_shared, open_database
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.http.answers import exception_handlers
from arcade_gmail_local.engine.http.api_keys import ApiKeyStore
from arcade_gmail_local.engine.http.callers import Callers
from arcade_gmail_local.engine.http.guard import ApiKeyGuard
from arcade_gmail_local.engine.outbound import AiohttpOutbound, Outbound
from arcade_gmail_local.engine.pages.authorization_routes import (
    CALLBACK_PATH,
    CONFIRM_PATH,
    START_PATH,
    BrowserRoutes,
)
from arcade_gmail_local.engine.pages.connections_routes import (
    CONNECTION_PAGE_PATHS,
    ConnectionsPage,
)
from arcade_gmail_local.engine.pages.page_requests import (
    PageRefusal,
    refuse_with_page,
    with_pages,
)
from arcade_gmail_local.engine.rotation import refuse_missing_keys
from arcade_gmail_local.engine.running.catalog import Catalog
from arcade_gmail_local.engine.running.execution import Execution
from arcade_gmail_local.engine.running.planner import Planner
from arcade_gmail_local.engine.running.requirements import Requirements
from arcade_gmail_local.engine.running.schedule import Schedule
from arcade_gmail_local.engine.running.scheduler import Scheduler
from arcade_gmail_local.engine.running.secret_store import SecretStore
from arcade_gmail_local.engine.running.worker_pool import WorkerPool
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import ConfigurationError, StorageError, StorageUnavailable
from arcade_gmail_multiuser.security.audit.log import open_audit
from arcade_gmail_multiuser.security.rate_limits.limiter import open_limiter
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore
from arcade_gmail_multiuser.security.tokens.store import (
    TokenDirectory,
    TokenStore,
    open_token_store,
)

__all__ = ["create_engine_app"]

_OPEN_PATHS = frozenset(
    {HEALTH_PATH, START_PATH, CALLBACK_PATH, CONFIRM_PATH, *CONNECTION_PAGE_PATHS}
)


def create_engine_app(
    settings: EngineSettings,
    *,
    http: Outbound | None = None,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Make the embedded engine; its lifespan creates the tables and closes what was opened.

    Serve it with `access_log=False` (uvicorn): callbacks carry codes and states in their address.

    Args:
        http: carries calls to the worker and the provider; one aiohttp pool if not given.
        clock: gives the time in epoch seconds.
    """
    outbound = http if http is not None else AiohttpOutbound()
    keyring = settings.keyring()
    database = open_database(settings.database_url)
    project = settings.project
    provider = OAuthProvider(settings.provider, outbound, redirect_uri=settings.redirect_uri)
    audit = open_audit(settings.auditing, database, project=project, clock=clock)
    events = Events(audit, clock=clock)
    store = _token_store(settings, database)
    manager = SecureTokenManager(
        store,
        keyring,
        project=project,
        providers={settings.provider.id: provider},
        audit=audit,
        clock=clock,
        policy=settings.refresh,
    )
    directory = TokenDirectory(store, project=project)
    flows = FlowStore(
        database,
        keyring,
        project=project,
        clock=clock,
        flow_ttl_s=settings.flow_ttl_s,
        state_ttl_s=settings.state_ttl_s,
    )
    bell = Bell()
    tool_secrets = SecretStore(
        database, keyring, project=project, fixed=settings.tool_secrets, clock=clock
    )
    pool = WorkerPool(settings, database, keyring, outbound, clock=clock)
    catalog = Catalog(pool, clock=clock, ttl_s=settings.worker.catalog_ttl_s)
    limiter = open_limiter(settings.limiting, database, clock=clock)
    authorizer = Authorizer(
        settings,
        flows,
        manager,
        directory,
        bell,
        limiter,
        events,
        # Only a shared database has others who may complete what somebody here waits for.
        look_again_s=1.0 if is_shared(database) else 5.0,
    )
    requirements = Requirements(authorizer, tool_secrets, provider_id=settings.provider.id)
    confirmation = Confirmation(
        flows,
        manager,
        provider,
        bell,
        events,
        identity_scopes=settings.provider.identity_scopes,
        pkce=settings.pkce_enabled,
    )
    disconnector = Disconnector(
        database, keyring, manager, directory, provider, events, project=project, clock=clock
    )
    execution = Execution(settings, authorizer, manager, pool, tool_secrets, events, clock=clock)
    schedule = Schedule(
        database, keyring, project=project, clock=clock, kept_s=settings.schedule_kept_s
    )
    scheduler = Scheduler(schedule, catalog, execution, clock=clock)
    planner = Planner(settings, schedule, scheduler, execution, clock=clock)
    api_keys = ApiKeyStore(database, settings.encryption_keys, project=project, clock=clock)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background: list[asyncio.Task[None]] = []
        try:
            await create_tables(database)
            await refuse_missing_keys(database, keyring)
            await manager.prepare()
            await limiter.prepare()
            await audit.prepare()
            await _begin_audit(events)
            works = (disconnector.keep_trying(), scheduler.keep_running())
            background += map(asyncio.create_task, works)
            yield
        finally:
            for task in background:
                task.cancel()
            if background:
                await asyncio.wait(background)
            await manager.close()
            await limiter.close()
            await audit.close()
            await outbound.close()
            await database.dispose()

    tools = ToolsApi(settings, catalog, requirements, authorizer, execution, planner)
    browser_routes = BrowserRoutes(
        settings, flows, manager, provider, confirmation, bell, limiter, events
    )
    connections_page = ConnectionsPage(
        settings,
        Visits(database, project=project, clock=clock),
        manager,
        directory,
        disconnector,
        events,
    )
    app = Starlette(
        routes=[
            # First, since they are looked for in order and these are asked for most.
            *tools.routes(),
            *AdminApi(database, manager, directory, disconnector).routes(),
            *ProvidersApi(settings).routes(),
            *SecretsApi(tool_secrets, events).routes(),
            *WorkersApi(settings, pool, catalog, requirements, events).routes(),
            *AuthApi(settings, authorizer, confirmation).routes(),
            *ScheduleApi(schedule).routes(),
            *browser_routes.routes(),
            *connections_page.routes(),
            *(OpenApi(settings).routes() if settings.shows_openapi else ()),
        ],
        middleware=[
            Middleware(
                ApiKeyGuard,
                callers=Callers(settings, api_keys, clock=clock),
                limiter=limiter,
                events=events,
                open_paths=_OPEN_PATHS,
            ),
        ],
        exception_handlers={
            **{
                kind: handler if kind in (HTTPException, Exception) else with_pages(handler)
                for kind, handler in exception_handlers().items()
            },
            PageRefusal: refuse_with_page,
        },
        lifespan=lifespan,
    )
    # For who runs the engine inside of something else, and wants to look.
    app.state.scheduler, app.state.disconnector = scheduler, disconnector
    app.state.manager, app.state.audit, app.state.database = manager, audit, database
    app.state.api_keys = api_keys
    # Such a redirect would be built from the Host header, which anyone can write.
    app.router.redirect_slashes = False
    return app


def _token_store(settings: EngineSettings, database: AsyncEngine) -> TokenStore:
    if settings.token_store is None:
        return SqlTokenStore(database)
    return open_token_store(settings.token_store)


async def _begin_audit(events: Events) -> None:
    """Write that the engine starts, so that the log's end is signed with the newest key.

    Raises:
        ConfigurationError: the log is not ours to go on with. StorageError: it is away.
    """
    try:
        await events.tell("engine.started", "succeeded", actor="engine")
    except StorageUnavailable:
        raise
    except StorageError as refused:
        raise ConfigurationError(
            "The audit log cannot be continued: it was changed, or it was signed with a key that "
            "is not configured. Add that key after the newest one, and run `audit verify`.",
            developer_message=refused.developer_message,
        ) from None
