"""Define what an audit store does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from arcade_gmail_multiuser.errors import StorageError, StorageUnavailable
from arcade_gmail_multiuser.security.audit.chain import AuditKeys, Head, Signed

__all__ = ["AuditStore", "Snapshot", "tampered", "unavailable"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A log at one moment, while others may go on writing."""

    head: Head | None
    end: int
    """Where to stop reading, in the store's own unit."""


class AuditStore(Protocol):
    """Keep signed records in order, and their head apart. Every method may raise StorageError."""

    async def prepare(self, keys: AuditKeys) -> None:
        """Create the log, unless there is one."""
        ...

    async def append(self, contents: Sequence[dict[str, Any]], keys: AuditKeys) -> Head:
        """Append records, all or none, after those of other writers; return the new head."""
        ...

    async def snapshot(self) -> Snapshot: ...

    def read(self, snapshot: Snapshot) -> AsyncIterator[Signed]:
        """Iterate over the records of a snapshot in order."""
        ...


def unavailable(cause: BaseException) -> StorageUnavailable:
    """Make the error for an unreachable audit; what it would record must not happen."""
    return StorageUnavailable(
        "The audit log cannot be read or written, so nothing was done. Try again in a moment.",
        developer_message=f"audit: {type(cause).__name__}",
    )


def tampered(what: str) -> StorageError:
    """Make the error for a log that was tampered with; nothing is added to it."""
    return StorageError(
        "The audit log was changed from outside, so nothing was done. Tell the operator.",
        developer_message=f"audit: {what} Run `arcade-gmail-multiuser audit verify`.",
    )
