"""The workers: those of the settings, and those registered over the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import schema
from arcade_gmail_local.engine.bindings import bind_worker
from arcade_gmail_local.engine.outbound import Outbound
from arcade_gmail_local.engine.running.worker_client import WorkerClient
from arcade_gmail_local.engine.settings import EngineSettings, WorkerSettings
from arcade_gmail_multiuser.errors import Conflict, StorageError, Unavailable
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["WorkerPool", "WorkerRecord"]

_LOOK_AGAIN_S = 5.0
"""How long another process's change of the registered workers may go unnoticed."""
_MOST_WORKERS = 64
_W = schema.workers


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker; `fixed` ones come from the settings and change only there."""

    settings: WorkerSettings
    enabled: bool
    fixed: bool

    @property
    def id(self) -> str:
        return self.settings.id


class WorkerPool:
    """Know every worker, and speak to each.

    Where none may be registered, the database is never asked.
    """

    def __init__(
        self,
        settings: EngineSettings,
        engine: AsyncEngine,
        keyring: Keyring,
        outbound: Outbound,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._keyring = keyring
        self._outbound = outbound
        self._clock = clock
        self._fixed = {w.id: WorkerRecord(w, enabled=True, fixed=True) for w in settings.workers}
        self._registered: dict[str, WorkerRecord] = {}
        self._read_at: float | None = None
        self._clients: dict[str, tuple[WorkerSettings, WorkerClient]] = {}

    async def every(self) -> list[WorkerRecord]:
        """Give all workers; those of the settings first, and they win where two serve one tool."""
        await self._read()
        return [*self._fixed.values(), *self._registered.values()]

    async def get(self, worker_id: str) -> WorkerRecord | None:
        await self._read()
        return self._fixed.get(worker_id) or self._registered.get(worker_id)

    async def active(self) -> list[tuple[str, WorkerClient]]:
        """Give the clients of the workers that are enabled."""
        return [(one.id, self.client_of(one)) for one in await self.every() if one.enabled]

    async def client(self, worker_id: str) -> WorkerClient:
        """Give the client of an enabled worker.

        Raises:
            Unavailable: it was removed or disabled since its tools were read.
        """
        record = self._fixed.get(worker_id) or await self.get(worker_id)
        if record is None or not record.enabled:
            raise Unavailable("The worker of this tool was removed; nothing was done.")
        return self.client_of(record)

    def client_of(self, record: WorkerRecord) -> WorkerClient:
        known = self._clients.get(record.id)
        if known is None or known[0] != record.settings:
            made = WorkerClient(record.settings, self._outbound, clock=self._clock)
            known = self._clients[record.id] = (record.settings, made)
        return known[1]

    async def register(self, worker: WorkerSettings, *, enabled: bool) -> WorkerRecord:
        """Add a worker.

        Raises:
            Conflict: one has that id, or there are too many.
        """
        if await self.get(worker.id) is not None:
            raise Conflict("There is a worker of that id.")
        if len(self._registered) >= _MOST_WORKERS:
            raise Conflict("There are too many workers; remove one first.")
        now = self._clock()
        values = {**self._values(worker), "enabled": enabled, "created_at": now, "updated_at": now}
        new = insert(_W).values(project=self._settings.project, id=worker.id, **values)
        try:
            async with self._engine.begin() as db:
                await db.execute(new)
        except IntegrityError:
            raise Conflict("There is a worker of that id.") from None
        self._read_at = None
        return WorkerRecord(worker, enabled=enabled, fixed=False)

    async def change(self, worker: WorkerSettings, *, enabled: bool) -> WorkerRecord | None:
        """Put other values in a registered worker's place; None when it is gone."""
        values = {**self._values(worker), "enabled": enabled, "updated_at": self._clock()}
        async with self._engine.begin() as db:
            changed = (await db.execute(self._row(update(_W), worker.id).values(values))).rowcount
        self._read_at = None
        return WorkerRecord(worker, enabled=enabled, fixed=False) if changed else None

    async def remove(self, worker_id: str) -> bool:
        async with self._engine.begin() as db:
            removed = (await db.execute(self._row(delete(_W), worker_id))).rowcount
        self._read_at = None
        self._clients.pop(worker_id, None)
        return removed == 1

    def _row(self, statement: Any, worker_id: str) -> Any:
        return statement.where(_W.c.project == self._settings.project, _W.c.id == worker_id)

    def _values(self, worker: WorkerSettings) -> dict[str, Any]:
        secret = self._keyring.seal(
            worker.secret.encode(), bound_to=bind_worker(self._settings.project, worker.id)
        )
        return {"url": worker.url, "secret": secret, "timeout_s": worker.timeout_s}

    async def _read(self) -> None:
        if not self._settings.worker_origins:
            return
        now = self._clock()
        if self._read_at is not None and 0 <= now - self._read_at < _LOOK_AGAIN_S:
            return
        query = select(_W).where(_W.c.project == self._settings.project)
        async with self._engine.connect() as db:
            rows = (await db.execute(query.order_by(_W.c.created_at, _W.c.id))).all()
        found = [record for row in rows if (record := self._record(row)) is not None]
        self._registered = {record.id: record for record in found}
        self._read_at = now

    def _record(self, row: Row[Any]) -> WorkerRecord | None:
        # The settings may have changed since: what is not allowed any more gets no token.
        if row.id in self._fixed or not self._settings.may_register_worker_at(row.url):
            return None
        try:
            secret = self._keyring.open(
                bytes(row.secret), bound_to=bind_worker(self._settings.project, row.id)
            ).decode()
        except StorageError:
            return None
        worker = WorkerSettings(url=row.url, secret=secret, id=row.id, timeout_s=row.timeout_s)
        return WorkerRecord(worker, enabled=row.enabled, fixed=False)
