"""Write a tamper-evident log of who did what to whose connection."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from arcade_gmail_multiuser.errors import ConfigurationError, InvalidInput, StorageError
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.store import AuditStore, unavailable
from arcade_gmail_multiuser.security.audit.verify import Anchor, Verdict, verify_audit
from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
from arcade_gmail_multiuser.security.recorder import Outcome, Recorder
from arcade_gmail_multiuser.security.redaction import redact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["AuditLog", "Auditor", "NoAudit", "open_audit"]

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31}){0,3}")
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_MAX_TEXT_CHARS = 256
_MAX_REDACTED_CHARS = 1 << 16  # a token is masked whole before anything is cut
_MAX_DETAILS = 16
_MAX_BATCH = 128
_MAX_WAITING = 10_000


class Auditor(Recorder, Protocol):
    """A recorder that is opened and closed."""

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...


class NoAudit:
    """Stand in for the audit when the configuration says `audit_logging: false`."""

    async def record(self, event: str, **_what: Any) -> None:
        """Write nothing."""

    async def prepare(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


class AuditLog:
    """Append records to a store; use it on one event loop.

    Records that wait at the same time are written together, in the order of the calls.

    Args:
        project: in every record, and part of a user's hash.
        name_users: False writes a keyed hash instead of the user id.
        clock: returns the time in epoch seconds.
    """

    def __init__(
        self,
        store: AuditStore,
        keys: AuditKeys,
        *,
        project: str = "default",
        name_users: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._keys = keys
        self._project = project
        self._name_users = name_users
        self._clock = clock
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Start the log, or find the existing one.

        Raises:
            StorageError: the store cannot be reached.
        """
        await self._store.prepare(self._keys)

    async def record(
        self,
        event: str,
        *,
        outcome: Outcome,
        actor: str,
        user_id: str | None = None,
        provider: str | None = None,
        detail: Mapping[str, str | int | bool] | None = None,
    ) -> None:
        """Write a record, and return once it is stored.

        Call it before a credential operation takes effect, and let its error stop the operation.
        Texts are cut to 256 characters; line breaks and invisible characters become `\\uXXXX`, and
        what looks like a token is masked.

        Args:
            event: `noun.verb` in lower case, such as `token.refreshed`.
            actor: the API key's name, `browser`, or the part of the engine that acted.
            detail: at most 16 short facts; no token, no mail.

        Raises:
            StorageError: it could not be written, or it is unknown whether it was.
            InvalidInput: not an event name.
        """
        if not _EVENT.fullmatch(event):
            raise InvalidInput("An audit event must be `noun.verb` in lower case.")
        content = {
            "at": self._now(),
            "event": event,
            "outcome": outcome,
            "actor": _clean(actor),
            "project": _clean(self._project),
            "user": self._user(user_id),
            "provider": None if provider is None else _clean(provider),
            "detail": _clean_details(detail or {}),
        }
        if len(self._waiting) >= _MAX_WAITING:
            raise unavailable(TimeoutError())
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((content, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def verify(self, *, expect: Anchor | None = None) -> Verdict:
        """Check the whole log; see `verify_audit`."""
        return await verify_audit(self._store, self._keys, expect=expect)

    async def close(self) -> None:
        """Wait until every pending record is written or refused."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def _write(self) -> None:
        """Write pending records, in a task of its own: a cancelled caller stops no other."""
        while self._waiting:
            batch = self._waiting[:_MAX_BATCH]
            del self._waiting[: len(batch)]
            try:
                await self._store.append([content for content, _ in batch], self._keys)
            except StorageError as failed:
                _settle(batch, failed)
            except asyncio.CancelledError as cancelled:
                # The loop is closing; no caller may believe that these were written.
                _settle(batch + self._waiting, unavailable(cancelled))
                self._waiting.clear()
                raise
            except Exception as failed:  # noqa: BLE001 - a store's bug must not let callers go on
                _settle(batch, unavailable(failed))
            else:
                _settle(batch, None)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="microseconds")

    def _user(self, user_id: str | None) -> dict[str, str] | None:
        if user_id is None:
            return None
        named = {"hash": self._keys.name_user(self._project, user_id)}
        return {**named, "id": _clean(user_id)} if self._name_users else named


def _settle(
    batch: list[tuple[dict[str, Any], asyncio.Future[None]]], failed: StorageError | None
) -> None:
    for _, done in batch:
        if done.done():
            continue  # its caller was cancelled
        if failed is None:
            done.set_result(None)
        else:
            # One for each: a traceback shared between callers grows with every raise.
            own = type(failed)(failed.message, developer_message=failed.developer_message)
            done.set_exception(own)


def _clean(text: str) -> str:
    masked = redact(text[:_MAX_REDACTED_CHARS])
    shown = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", masked)
    return shown if len(shown) <= _MAX_TEXT_CHARS else f"{shown[: _MAX_TEXT_CHARS - 1]}…"


def _clean_details(detail: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    found = [*detail.items()][:_MAX_DETAILS]
    return {
        _clean(str(name))[:64]: value
        if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53)
        else _clean(str(value))
        for name, value in found
    }


def open_audit(
    boundary: AuditBoundary,
    database: AsyncEngine | None,
    *,
    project: str,
    clock: Callable[[], float] = time.time,
) -> Auditor:
    """Open the audit that a configuration asks for; await its `prepare` and, at the end, `close`.

    Raises:
        ConfigurationError: it needs a database, and there is none.
    """
    if not boundary.enabled:
        return NoAudit()
    store: AuditStore
    if boundary.file is not None:
        store = FileAuditStore(boundary.file, head_path=boundary.head_file)
    elif database is not None:
        # A file needs no SQLAlchemy.
        from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore  # noqa: PLC0415

        store = SqlAuditStore(database)
    else:
        raise ConfigurationError("Set security.audit.file: there is no database for the audit.")
    keys = AuditKeys(boundary.keys)
    return AuditLog(store, keys, project=project, name_users=boundary.name_users, clock=clock)
