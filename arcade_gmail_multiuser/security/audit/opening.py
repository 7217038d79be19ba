"""Open the audit that a configuration asks for."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog, Auditor, NoAudit
from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
from arcade_gmail_multiuser.security.audit.store import AuditStore
from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary

__all__ = ["open_audit"]


def open_audit(
    boundary: AuditBoundary,
    database: AsyncEngine | None,
    *,
    project: str,
    clock: Callable[[], float] = time.time,
) -> Auditor:
    """Make the auditor; await its `prepare` at start and its `close` at the end.

    Raises:
        ConfigurationError: it has to be in a database, and there is none.
    """
    if not boundary.enabled:
        return NoAudit()
    store: AuditStore
    if boundary.file is not None:
        store = FileAuditStore(boundary.file, head_path=boundary.head_file)
    elif database is not None:
        store = SqlAuditStore(database)
    else:
        raise ConfigurationError("security.audit.file is needed where there is no database.")
    keys = AuditKeys.from_base64(boundary.keys)
    return AuditLog(store, keys, project=project, name_users=boundary.name_users, clock=clock)
