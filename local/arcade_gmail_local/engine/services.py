"""Open everything that lives as long as the engine, and close it again, in one place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from arcade_gmail_local.engine.authorization.authorizer import Authorizer
from arcade_gmail_local.engine.authorization.confirmation import Confirmation
from arcade_gmail_local.engine.authorization.flows import FlowStore
from arcade_gmail_local.engine.authorization.notifier import Notifier
from arcade_gmail_local.engine.authorization.provider import OAuthProvider
from arcade_gmail_local.engine.authorization.revocation import Disconnector
from arcade_gmail_local.engine.authorization.visits import Visits
from arcade_gmail_local.engine.database import is_shared, open_database, prepare_database
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.execution.catalog import Catalog
from arcade_gmail_local.engine.execution.schedule import Schedule
from arcade_gmail_local.engine.execution.scheduler import Scheduler
from arcade_gmail_local.engine.execution.tool_executor import ToolExecutor
from arcade_gmail_local.engine.execution.worker_client import WorkerClient
from arcade_gmail_local.engine.http.api_keys import ApiKeyStore, Callers
from arcade_gmail_local.engine.outbound import AiohttpOutbound, Outbound
from arcade_gmail_local.engine.rotation import refuse_missing_keys
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import ConfigurationError, StorageError, StorageUnavailable
from arcade_gmail_multiuser.security.audit.log import Auditor, open_audit
from arcade_gmail_multiuser.security.rate_limits.limiter import AttemptLimiter, open_limiter
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore
from arcade_gmail_multiuser.security.tokens.store import TokenDirectory, open_token_store

__all__ = ["Services", "open_services", "services_of"]

_GRACE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Services:
    """What requests are answered with."""

    settings: EngineSettings
    database: AsyncEngine
    audit: Auditor
    events: Events
    limiter: AttemptLimiter
    manager: SecureTokenManager
    directory: TokenDirectory
    provider: OAuthProvider
    flows: FlowStore
    notifier: Notifier
    authorizer: Authorizer
    confirmation: Confirmation
    disconnector: Disconnector
    visits: Visits
    workers: dict[str, WorkerClient]
    catalog: Catalog
    executor: ToolExecutor
    schedule: Schedule
    scheduler: Scheduler
    api_keys: ApiKeyStore
    callers: Callers


def services_of(request: Request) -> Services:
    """Return the services of the engine that a request reached."""
    services: Services = request.app.state.services
    return services


@contextlib.asynccontextmanager
async def open_services(
    settings: EngineSettings, *, outbound: Outbound | None, clock: Callable[[], float]
) -> AsyncIterator[Services]:
    """Open the services, and run the engine's background tasks meanwhile.

    Raises:
        ConfigurationError: the settings, the database or the audit log do not fit together.
        StorageError: the audit log is away.
    """
    async with contextlib.AsyncExitStack() as exits:
        outbound = outbound or AiohttpOutbound()
        exits.push_async_callback(outbound.close)
        database = open_database(settings.database_url)
        exits.push_async_callback(database.dispose)
        services = _build(settings, database, outbound, clock)
        for one in (services.audit, services.limiter, services.manager):
            exits.push_async_callback(one.close)
        await prepare_database(database, upgrade=settings.environment == "development")
        await refuse_missing_keys(database, settings.keyring())
        await services.manager.prepare()
        await services.limiter.prepare()
        await services.audit.prepare()
        await _begin_audit(services.events)
        for work in (services.disconnector, services.scheduler):
            exits.push_async_callback(_end, work, asyncio.create_task(work.keep_running()))
        yield services


def _build(
    settings: EngineSettings,
    database: AsyncEngine,
    outbound: Outbound,
    clock: Callable[[], float],
) -> Services:
    keyring, project = settings.keyring(), settings.project
    provider = OAuthProvider(settings.provider, outbound, redirect_uri=settings.redirect_uri)
    audit = open_audit(settings.auditing, database, project=project, clock=clock)
    limiter = open_limiter(settings.limiting, database, clock=clock)
    events = Events(audit, clock=clock)
    notifier = Notifier()
    store = (
        SqlTokenStore(database)
        if settings.token_store is None
        else open_token_store(settings.token_store)
    )
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
    authorizer = Authorizer(
        settings,
        flows=flows,
        manager=manager,
        directory=directory,
        notifier=notifier,
        limiter=limiter,
        events=events,
        # Only a shared database has other processes that may complete what a request waits for.
        poll_s=1.0 if is_shared(database) else 5.0,
    )
    workers = {one.id: WorkerClient(one, outbound, clock=clock) for one in settings.workers}
    catalog = Catalog(workers, clock=clock, ttl_s=settings.worker.catalog_ttl_s)
    executor = ToolExecutor(
        settings,
        authorizer=authorizer,
        manager=manager,
        workers=workers,
        events=events,
        clock=clock,
    )
    schedule = Schedule(
        database, keyring, project=project, clock=clock, kept_s=settings.schedule_kept_s
    )
    api_keys = ApiKeyStore(database, settings.encryption_keys, project=project, clock=clock)
    return Services(
        settings=settings,
        database=database,
        audit=audit,
        events=events,
        limiter=limiter,
        manager=manager,
        directory=directory,
        provider=provider,
        flows=flows,
        notifier=notifier,
        authorizer=authorizer,
        confirmation=Confirmation(
            settings,
            flows=flows,
            manager=manager,
            provider=provider,
            notifier=notifier,
            events=events,
        ),
        disconnector=Disconnector(
            database,
            keyring,
            manager=manager,
            directory=directory,
            provider=provider,
            events=events,
            project=project,
            clock=clock,
        ),
        visits=Visits(database, project=project, clock=clock),
        workers=workers,
        catalog=catalog,
        executor=executor,
        schedule=schedule,
        scheduler=Scheduler(
            schedule,
            catalog,
            executor,
            clock=clock,
            horizon_s=settings.schedule_horizon_s,
            max_pending_per_user=settings.schedule_pending_per_user,
        ),
        api_keys=api_keys,
        callers=Callers(
            settings.every_api_key,
            api_keys,
            may_read_tokens=settings.may_read_tokens,
            clock=clock,
        ),
    )


async def _begin_audit(events: Events) -> None:
    """Record that the engine starts, so that the log's end is signed with the newest key.

    Raises:
        ConfigurationError: the log is not ours to continue. StorageError: it is away.
    """
    try:
        await events.record("engine.started", "succeeded", actor="engine")
    except StorageUnavailable:
        raise
    except StorageError as refused:
        raise ConfigurationError(
            "The audit log cannot be continued: it was changed, or it was signed with a key that "
            "is not configured. Add that key after the newest one, and run `audit verify`.",
            developer_message=refused.developer_message,
        ) from None


async def _end(work: Disconnector | Scheduler, task: asyncio.Task[None]) -> None:
    # A query that is cancelled leaves a connection behind, so ask first.
    work.stop()
    _, late = await asyncio.wait([task], timeout=_GRACE_S)
    if late:
        task.cancel()
        await asyncio.wait(late)
