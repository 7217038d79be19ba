"""Keep calls that run later in the database, sealed, each claimed by one engine at a time.

    pending ──▶ running ──▶ success
       ▲           │
       └───────────┴──────▶ failed

Only a call that certainly did nothing, or only reads, goes back to pending. The engine that runs a
call renews a lease on it. A lease that expires means that the process is gone, and then a call
that writes has failed with an unknown outcome: it is never repeated.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import tables
from arcade_gmail_local.engine.execution.tool_entry import ToolEntry
from arcade_gmail_local.engine.tables import Binding, bind_attempt, bind_input
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["CallAttempt", "Schedule", "ScheduledCall"]

LEASE_S = 360.0
"""Longer than the clocks of two machines may differ."""

_OFF_THE_LOOP_BYTES = 256 * 1024
_C = tables.scheduled_calls
_A = tables.call_attempts


@dataclass(frozen=True, slots=True, repr=False)
class ScheduledCall:
    """A call as it was when read; its input stays sealed until asked for."""

    id: str
    user_id: str
    toolkit: str
    tool: str
    version: str | None
    read_only: bool
    stacktrace: bool
    phase: str
    tries: int
    run_at: float
    due_at: float
    owner: str | None
    created_at: float
    updated_at: float
    started_at: float | None
    finished_at: float | None
    sealed_input: bytes = field(repr=False)

    @property
    def over(self) -> bool:
        return self.phase in ("success", "failed")


@dataclass(frozen=True, slots=True, repr=False)
class CallAttempt:
    """One attempt at a call. `outcome` holds `output`, which may be mail, or a `message`."""

    id: str
    started_at: float
    finished_at: float
    success: bool
    outcome: dict[str, Any] = field(repr=False)


class Schedule:
    """Keep the scheduled calls of one project, and ended ones for `kept_s`."""

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        *,
        project: str,
        clock: Callable[[], float],
        kept_s: float,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._project = project
        self._clock = clock
        self._kept_s = kept_s

    async def add(
        self,
        call_id: str,
        tool: ToolEntry,
        user_id: str,
        inputs: dict[str, Any],
        run_at: float,
        *,
        stacktrace: bool,
    ) -> None:
        """Store a call; once this returns it will run, whatever happens to this process."""
        now = self._clock()
        values = {
            "id": call_id,
            "project": self._project,
            "user_id": user_id,
            "toolkit": tool.toolkit,
            "tool": tool.name,
            "version": tool.version,
            "read_only": tool.read_only,
            "stacktrace": stacktrace,
            "input": await self._seal(inputs, bind_input(self._project, user_id, call_id)),
            "phase": "pending",
            "tries": 0,
            "run_at": run_at,
            "due_at": run_at,
            "created_at": now,
            "updated_at": now,
        }
        async with self._engine.begin() as db:
            await db.execute(insert(_C).values(values))

    async def count_open(self, user_id: str) -> int:
        """Count a user's calls that have not ended."""
        query = (
            select(func.count())
            .select_from(_C)
            .where(self._mine(), _C.c.user_id == user_id, _C.c.phase.in_(("pending", "running")))
        )
        async with self._engine.connect() as db:
            return (await db.execute(query)).scalar() or 0

    async def page(
        self, *, limit: int, offset: int, user_id: str | None
    ) -> tuple[list[ScheduledCall], int]:
        """Return one page, oldest first, and the total count."""
        wanted = [self._mine(), self._not_old()]
        if user_id is not None:
            wanted.append(_C.c.user_id == user_id)
        rows = select(_C).where(*wanted).order_by(_C.c.created_at, _C.c.id)
        async with self._engine.connect() as db:
            total = (await db.execute(select(func.count()).select_from(_C).where(*wanted))).scalar()
            found = (await db.execute(rows.limit(limit).offset(offset))).all()
        return [_call(row) for row in found], total or 0

    async def get(self, call_id: str) -> ScheduledCall | None:
        query = select(_C).where(self._mine(), self._not_old(), _C.c.id == call_id)
        async with self._engine.connect() as db:
            row = (await db.execute(query)).one_or_none()
        return None if row is None else _call(row)

    async def attempts_of(self, call: ScheduledCall) -> list[CallAttempt]:
        """Return a call's attempts, oldest first, with their outcomes.

        Raises:
            StorageError: an outcome cannot be read.
        """
        query = select(_A).where(_A.c.call == call.id).order_by(_A.c.started_at, _A.c.id)
        async with self._engine.connect() as db:
            rows = (await db.execute(query)).all()
        return [
            CallAttempt(
                id=row.id,
                started_at=row.started_at,
                finished_at=row.finished_at,
                success=row.success,
                outcome=await self._open(
                    bytes(row.outcome), bind_attempt(self._project, call.user_id, call.id, row.id)
                ),
            )
            for row in rows
        ]

    async def inputs_of(self, call: ScheduledCall) -> dict[str, Any]:
        """Open a call's input; StorageError if it cannot be read."""
        return await self._open(call.sealed_input, bind_input(self._project, call.user_id, call.id))

    async def remove(self, call: ScheduledCall) -> bool:
        """Cancel a call, or erase one that ended; return False while it runs."""
        change = delete(_C).where(self._mine(), _C.c.id == call.id, _C.c.phase != "running")
        async with self._engine.begin() as db:
            if (await db.execute(change)).rowcount != 1:
                return False
            await db.execute(delete(_A).where(_A.c.call == call.id))
        return True

    # Running

    async def next_due(self) -> float | None:
        """Return when the next call is due."""
        query = select(func.min(_C.c.due_at)).where(self._mine(), _C.c.phase == "pending")
        async with self._engine.connect() as db:
            found: float | None = (await db.execute(query)).scalar()
        return found

    async def claim_due(self, owner: str, limit: int) -> list[ScheduledCall]:
        """Claim calls that are due; exactly one of several engines gets each."""
        now = self._clock()
        due = and_(self._mine(), _C.c.phase == "pending", _C.c.due_at <= now)
        candidates = select(_C.c.id).where(due).order_by(_C.c.due_at).limit(limit)
        async with self._engine.connect() as db:
            found = (await db.execute(candidates)).scalars().all()
        claimed: list[ScheduledCall] = []
        for call_id in found:
            take = (
                update(_C)
                .where(due, _C.c.id == call_id)
                .values(
                    phase="running",
                    owner=owner,
                    lease_until=now + LEASE_S,
                    tries=_C.c.tries + 1,
                    started_at=func.coalesce(_C.c.started_at, now),
                    updated_at=now,
                )
                .returning(*_C.c)
            )
            try:
                async with self._engine.begin() as db:
                    row = (await db.execute(take)).one_or_none()
            except SQLAlchemyError:
                if not claimed:
                    raise
                # Those already claimed must run: no other engine will take them.
                break
            if row is not None:
                claimed.append(_call(row))
        return claimed

    async def renew_lease(self, call: ScheduledCall) -> None:
        """Renew the lease of a call that is still running."""
        change = self._held(call).values(lease_until=self._clock() + LEASE_S)
        async with self._engine.begin() as db:
            await db.execute(change)

    async def finish(
        self,
        call: ScheduledCall,
        outcome: dict[str, Any],
        *,
        success: bool,
        begun: float,
        retry_at: float | None = None,
    ) -> bool:
        """Store an attempt's outcome; the call ends unless it is to be retried at `retry_at`.

        A result that arrives after the lease expired still counts if no other engine took the
        call: it is the truth that was missing.
        """
        now = self._clock()
        over = {"phase": "success" if success else "failed", "finished_at": now}
        values = over if retry_at is None else {"phase": "pending", "due_at": retry_at}
        attempt = f"ta_{secrets.token_urlsafe(18)}"
        sealed = await self._seal(
            outcome, bind_attempt(self._project, call.user_id, call.id, attempt)
        )
        async with self._engine.begin() as db:
            change = self._held(call).values(updated_at=now, lease_until=None, **values)
            if (await db.execute(change)).rowcount != 1:
                return False
            await db.execute(
                insert(_A).values(
                    id=attempt,
                    call=call.id,
                    started_at=begun,
                    finished_at=now,
                    success=success,
                    outcome=sealed,
                )
            )
        return True

    async def abandoned(self) -> list[ScheduledCall]:
        """Return running calls whose lease expired: their engine is gone."""
        query = select(_C).where(
            self._mine(), _C.c.phase == "running", _C.c.lease_until <= self._clock()
        )
        async with self._engine.connect() as db:
            return [_call(row) for row in await db.execute(query.limit(100))]

    async def delete_old(self) -> None:
        """Delete calls that ended more than `kept_s` ago."""
        old = select(_C.c.id).where(self._mine(), _C.c.finished_at <= self._clock() - self._kept_s)
        async with self._engine.begin() as db:
            await db.execute(delete(_A).where(_A.c.call.in_(old)))
            await db.execute(delete(_C).where(_C.c.id.in_(old)))

    def _held(self, call: ScheduledCall) -> Any:
        # `tries` tells two runs by one owner apart.
        return update(_C).where(
            self._mine(),
            _C.c.id == call.id,
            _C.c.owner == call.owner,
            _C.c.tries == call.tries,
            _C.c.phase.in_(("running", "failed")),
        )

    def _mine(self) -> Any:
        return _C.c.project == self._project

    def _not_old(self) -> Any:
        # Checked when read; deleting only saves space.
        return or_(_C.c.finished_at.is_(None), _C.c.finished_at > self._clock() - self._kept_s)

    async def _seal(self, value: dict[str, Any], binding: Binding) -> bytes:
        plain = json.dumps(value).encode("ascii")
        if len(plain) > _OFF_THE_LOOP_BYTES:
            return await asyncio.to_thread(self._keyring.seal, plain, bound_to=binding)
        return self._keyring.seal(plain, bound_to=binding)

    async def _open(self, sealed: bytes, binding: Binding) -> dict[str, Any]:
        opened = await asyncio.to_thread(
            lambda: json.loads(self._keyring.open(sealed, bound_to=binding))
        )
        return dict(opened)


def _call(row: Row[Any]) -> ScheduledCall:
    names = ScheduledCall.__dataclass_fields__.keys() - {"sealed_input"}
    return ScheduledCall(
        **{name: getattr(row, name) for name in names}, sealed_input=bytes(row.input)
    )
