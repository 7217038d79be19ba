"""Keep flows: authorizations in progress, from the link to the stored connection.

    pending ──▶ held ──▶ exchanging ──▶ completed
       │          │          │
       └──────────┴──────────┴────────▶ failed (with a reason)

Every step is one conditional UPDATE, so one of many simultaneous requests succeeds. Expiry is
checked when a flow is read; sweeping only saves space.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import tables
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.sealing import Keyring

__all__ = ["Attempt", "Flow", "FlowStore", "digest"]

_LAYOUT = "1"
_KEPT_S = 86_400.0
"""An ended flow is kept for a day, so that its status can still be read."""
_F = tables.flows
_A = tables.attempts


def digest(secret: str) -> str:
    """Hash a random secret for storage, so that a reader of the database cannot use it."""
    return hashlib.sha256(secret.encode("utf-8", errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class Flow:
    id: str
    flow_id: str
    user_id: str
    provider: str
    scopes: tuple[str, ...]
    next_uri: str | None
    phase: str
    reason: str | None
    attempt: str | None
    expires_at: float
    sealed_code: bytes | None = field(repr=False)

    @property
    def over(self) -> bool:
        return self.phase in ("completed", "failed")

    @property
    def user_was_confirmed(self) -> bool:
        """Whether a connection was stored, even if the person granted less than was asked for."""
        return self.phase == "completed" or self.reason == "partial_consent"


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """One trip of one browser to the provider."""

    state_hash: str
    flow: str
    cookie_hash: str
    created_at: float
    consumed: bool
    sealed_verifier: bytes = field(repr=False)


class FlowStore:
    """Keep the flows of one project."""

    def __init__(
        self,
        engine: AsyncEngine,
        keyring: Keyring,
        *,
        project: str,
        clock: Callable[[], float],
        flow_ttl_s: float,
        state_ttl_s: float,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._project = project
        self._clock = clock
        self._flow_ttl_s = flow_ttl_s
        self._state_ttl_s = state_ttl_s

    async def open(
        self, user_id: str, provider: str, scopes: tuple[str, ...], next_uri: str | None
    ) -> Flow:
        """Return a pending flow for the same scopes, or a new one.

        So an agent that is refused a hundred times makes one flow and not a hundred.
        """
        now = self._clock()
        wanted = " ".join(sorted(scopes))
        waiting = (
            select(_F)
            .where(
                _F.c.project == self._project,
                _F.c.user_id == user_id,
                _F.c.phase == "pending",
                _F.c.provider == provider,
                _F.c.scopes == wanted,
                _F.c.next_uri.is_(None) if next_uri is None else _F.c.next_uri == next_uri,
                _F.c.expires_at > now + self._flow_ttl_s / 2,
            )
            .limit(1)
        )
        async with self._engine.connect() as db:
            found = _flow((await db.execute(waiting)).one_or_none())
        return found or await self._insert(user_id, provider, wanted, next_uri)

    async def _insert(self, user_id: str, provider: str, scopes: str, next_uri: str | None) -> Flow:
        now = self._clock()
        new = (
            insert(_F)
            .values(
                id=f"ac_{secrets.token_urlsafe(24)}",
                flow_id=f"fl_{secrets.token_urlsafe(32)}",
                project=self._project,
                user_id=user_id,
                provider=provider,
                scopes=scopes,
                next_uri=next_uri,
                phase="pending",
                created_at=now,
                expires_at=now + self._flow_ttl_s,
            )
            .returning(*_F.c)
        )
        async with self._engine.begin() as db:
            row = (await db.execute(new)).one()
            old = select(_F.c.id).where(_F.c.expires_at < now - _KEPT_S)
            await db.execute(delete(_A).where(_A.c.flow.in_(old)))
            await db.execute(delete(_F).where(_F.c.expires_at < now - _KEPT_S))
        return _make_flow(row)

    async def by_id(self, auth_id: str) -> Flow | None:
        """Find by the id of /v1/auth/status, within this project."""
        return await self._find(_F.c.id == auth_id)

    async def by_flow_id(self, flow_id: str) -> Flow | None:
        return await self._find(_F.c.flow_id == flow_id)

    async def _find(self, condition: Any) -> Flow | None:
        query = select(_F).where(_F.c.project == self._project, condition)
        async with self._engine.connect() as db:
            flow = _flow((await db.execute(query)).one_or_none())
        if flow is not None and not flow.over and flow.expires_at <= self._clock():
            await self.fail(flow, "expired")
            async with self._engine.connect() as db:
                flow = _flow((await db.execute(query)).one_or_none())
        return flow

    # Attempts

    async def begin(
        self, flow: Flow, *, state: HiddenText, cookie: HiddenText, verifier: HiddenText
    ) -> None:
        """Store that a browser leaves for the provider; state and cookie only as hashes."""
        state_hash = digest(state)
        sealed = self._keyring.seal(
            verifier.encode(), bound_to=self._binding(flow.id, state_hash, "verifier")
        )
        values = {
            "state_hash": state_hash,
            "flow": flow.id,
            "cookie_hash": digest(cookie),
            "verifier": sealed,
            "created_at": self._clock(),
        }
        async with self._engine.begin() as db:
            await db.execute(insert(_A).values(values))

    async def attempts_of(self, flow: Flow) -> int:
        """Count the attempts that may still come back."""
        alive = _A.c.created_at > self._clock() - self._state_ttl_s
        query = select(func.count()).select_from(_A).where(_A.c.flow == flow.id, alive)
        async with self._engine.connect() as db:
            return (await db.execute(query)).scalar() or 0

    async def attempt(self, state_hash: str) -> Attempt | None:
        """Find a callback's attempt; return None when it is older than `state_ttl_s`."""
        found = await self._attempt(state_hash)
        if found is None or found.created_at + self._state_ttl_s <= self._clock():
            return None
        return found

    async def attempt_of(self, flow: Flow) -> Attempt | None:
        """Find the attempt that brought the code; only the flow's own time limit applies."""
        return await self._attempt(flow.attempt) if flow.attempt else None

    async def _attempt(self, state_hash: str) -> Attempt | None:
        query = select(_A).where(_A.c.state_hash == state_hash)
        async with self._engine.connect() as db:
            row = (await db.execute(query)).one_or_none()
        if row is None:
            return None
        return Attempt(
            state_hash=row.state_hash,
            flow=row.flow,
            cookie_hash=row.cookie_hash,
            created_at=row.created_at,
            consumed=row.consumed_at is not None,
            sealed_verifier=bytes(row.verifier),
        )

    async def consume(self, attempt: Attempt) -> bool:
        """Use up a state; exactly one of any number of tries returns True."""
        now = self._clock()
        change = (
            update(_A)
            .where(
                _A.c.state_hash == attempt.state_hash,
                _A.c.consumed_at.is_(None),
                _A.c.created_at > now - self._state_ttl_s,
            )
            .values(consumed_at=now)
        )
        async with self._engine.begin() as db:
            return (await db.execute(change)).rowcount == 1

    # Steps

    async def hold(self, flow: Flow, attempt: Attempt, code: HiddenText) -> bool:
        """Store the code, sealed, until the user is confirmed."""
        sealed = self._keyring.seal(
            code.encode(), bound_to=self._binding(flow.id, attempt.state_hash, "code")
        )
        return await self._move(
            flow,
            ("pending",),
            phase="held",
            attempt=attempt.state_hash,
            code=sealed,
            expires_at=self._clock() + self._state_ttl_s,
        )

    async def claim(self, flow: Flow) -> bool:
        """Take the held code for exchange; only one caller gets it."""
        # Extended: an exchange that begins in the last second must be able to finish.
        later = self._clock() + self._state_ttl_s
        return await self._move(flow, ("held",), phase="exchanging", expires_at=later)

    async def release(self, flow: Flow) -> bool:
        """Return a claimed code that certainly never reached the provider."""
        return await self._move(flow, ("exchanging",), phase="held")

    async def complete(self, flow: Flow) -> bool:
        return await self._move(flow, ("exchanging",), phase="completed", code=None)

    async def fail(self, flow: Flow, reason: str) -> bool:
        """End a flow that is not over, and erase its code."""
        return await self._move(
            flow, ("pending", "held", "exchanging"), phase="failed", reason=reason, code=None
        )

    async def _move(self, flow: Flow, phases: tuple[str, ...], **values: Any) -> bool:
        change = update(_F).where(and_(_F.c.id == flow.id, _F.c.phase.in_(phases))).values(**values)
        async with self._engine.begin() as db:
            return (await db.execute(change)).rowcount == 1

    def code_and_verifier(self, flow: Flow, attempt: Attempt) -> tuple[HiddenText, HiddenText]:
        """Open code and verifier; StorageError if they belong to another flow or attempt."""
        code = self._keyring.open(
            flow.sealed_code or b"",
            bound_to=self._binding(flow.id, attempt.state_hash, "code"),
        )
        verifier = self._keyring.open(
            attempt.sealed_verifier,
            bound_to=self._binding(flow.id, attempt.state_hash, "verifier"),
        )
        return HiddenText(code.decode()), HiddenText(verifier.decode())

    def _binding(self, flow: str, attempt: str, column: str) -> tuple[str, ...]:
        return (self._project, flow, attempt, column, _LAYOUT)


def _flow(row: Row[Any] | None) -> Flow | None:
    return None if row is None else _make_flow(row)


def _make_flow(row: Row[Any]) -> Flow:
    return Flow(
        id=row.id,
        flow_id=row.flow_id,
        user_id=row.user_id,
        provider=row.provider,
        scopes=tuple(row.scopes.split()),
        next_uri=row.next_uri,
        phase=row.phase,
        reason=row.reason,
        attempt=row.attempt,
        expires_at=row.expires_at,
        sealed_code=None if row.code is None else bytes(row.code),
    )
