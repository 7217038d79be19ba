"""What whoever does something with credentials calls to have it written down first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

__all__ = ["Outcome", "Recorder"]

Outcome = Literal["started", "succeeded", "failed", "refused"]


class Recorder(Protocol):
    """Keep one event for good, or raise; `security.AuditLog` is one."""

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
