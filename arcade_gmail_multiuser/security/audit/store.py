"""What a place for audit records has to do."""

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
    """Where to stop reading, in the store's own measure."""


class AuditStore(Protocol):
    """Keep signed records in order, and their head apart. Every method raises StorageError."""

    async def prepare(self, keys: AuditKeys) -> None:
        """Make room for a log, unless there is one."""
        ...

    async def append(self, contents: Sequence[dict[str, Any]], keys: AuditKeys) -> Head:
        """Add records, all or none, after those of every other writer; give the new head."""
        ...

    async def snapshot(self) -> Snapshot: ...

    def read(self, snapshot: Snapshot) -> AsyncIterator[Signed]:
        """Go through the records of a snapshot in order."""
        ...


def unavailable(cause: BaseException) -> StorageUnavailable:
    """Make the error of an audit out of reach; what it would record must not happen."""
    return StorageUnavailable(
        "The audit log cannot be read or written, so nothing was done. Try again in a moment.",
        developer_message=f"audit: {type(cause).__name__}",
    )


def tampered(what: str) -> StorageError:
    """Make the error of a log that somebody else has changed: nothing is added to it."""
    return StorageError(
        "The audit log is not as it was left, so nothing was done. Ask the operator.",
        developer_message=f"audit: {what} Run `arcade-gmail-multiuser audit verify`.",
    )
