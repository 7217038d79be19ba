"""Record a credential event before it takes effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

__all__ = ["Outcome", "Recorder"]

Outcome = Literal["started", "succeeded", "failed", "refused"]


class Recorder(Protocol):
    """Store one event permanently, or raise. `security.AuditLog` is one."""

    async def record(
        self,
        event: str,
        *,
        outcome: Outcome,
        actor: str,
        user_id: str | None = None,
        provider: str | None = None,
        detail: Mapping[str, str | int | bool] | None = None,
    ) -> None: ...
