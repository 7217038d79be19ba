"""Declare what each kind of tool does to a mailbox, for policies and MCP's hints."""

from __future__ import annotations

from arcade_core.metadata import Behavior, Classification, Operation, ServiceDomain, ToolMetadata

__all__ = [
    "CREATES_A_DRAFT",
    "CREATES_A_FILTER",
    "CREATES_A_LABEL",
    "DELETES_A_DRAFT",
    "DELETES_A_FILTER",
    "DELETES_A_LABEL",
    "LABELS",
    "READS",
    "RENAMES_A_LABEL",
    "SENDS",
    "SENDS_A_DRAFT",
    "SENDS_ONCE",
    "SETS",
    "TRASHES",
    "UNSUBSCRIBES",
    "UPDATES_A_DRAFT",
    "WATCHES",
]

_EMAIL = Classification(service_domains=[ServiceDomain.EMAIL])


def _metadata(
    *operations: Operation, read_only: bool = False, destructive: bool = False, idempotent: bool
) -> ToolMetadata:
    return ToolMetadata(
        classification=_EMAIL,
        behavior=Behavior(
            operations=list(operations),
            read_only=read_only,
            destructive=destructive,
            idempotent=idempotent,
            open_world=True,
        ),
    )


READS = _metadata(Operation.READ, read_only=True, idempotent=True)
SENDS = _metadata(Operation.CREATE, idempotent=False)
# Idempotent only under an idempotency_key, and a hint has to be true for every call.
SENDS_ONCE = _metadata(Operation.CREATE, Operation.READ, idempotent=False)
CREATES_A_DRAFT = _metadata(Operation.CREATE, idempotent=False)
# The draft is consumed: a second call finds nothing to send, so it has no further effect.
SENDS_A_DRAFT = _metadata(Operation.CREATE, Operation.UPDATE, idempotent=True)
LABELS = _metadata(Operation.UPDATE, idempotent=True)
# DELETE, in Arcade's words, covers moving to Trash: policies that gate deletion should see it.
TRASHES = _metadata(Operation.DELETE, destructive=True, idempotent=True)
# Destructive, because a filter may throw away mail that is still to come. Gmail keeps no two alike.
CREATES_A_FILTER = _metadata(Operation.CREATE, Operation.READ, destructive=True, idempotent=True)
DELETES_A_FILTER = _metadata(Operation.DELETE, Operation.READ, destructive=True, idempotent=True)
# Destructive, because the text that was there before is replaced.
SETS = _metadata(Operation.READ, Operation.UPDATE, destructive=True, idempotent=True)
WATCHES = _metadata(Operation.UPDATE, idempotent=True)
CREATES_A_LABEL = _metadata(Operation.CREATE, idempotent=False)
# Under its old name it is gone after the first call, so the second is an error.
RENAMES_A_LABEL = _metadata(Operation.UPDATE, idempotent=False)
DELETES_A_LABEL = _metadata(Operation.DELETE, destructive=True, idempotent=True)
DELETES_A_DRAFT = _metadata(Operation.DELETE, destructive=True, idempotent=True)
# What the draft said before is not kept anywhere.
UPDATES_A_DRAFT = _metadata(Operation.UPDATE, destructive=True, idempotent=True)
# It tells a stranger something, may send mail, and may move mail to Trash.
UNSUBSCRIBES = _metadata(
    Operation.CREATE, Operation.UPDATE, Operation.DELETE, destructive=True, idempotent=False
)
