"""Define what a token store does, the same in memory, SQL and Redis, and open one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from arcade_gmail_multiuser.errors import StorageError, StorageUnavailable
from arcade_gmail_multiuser.security.backend_errors import fail_closed
from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord

__all__ = [
    "Lease",
    "LeaseHolder",
    "Reseal",
    "TokenDirectory",
    "TokenStore",
    "bounded",
    "open_token_store",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Who may refresh now. While `cooling`, no one: the provider has just failed."""

    cooling: bool
    remaining_s: float


@dataclass(frozen=True, slots=True, repr=False)
class Reseal:
    """A record as it was read, and the same one sealed with another key."""

    before: TokenRecord
    after: TokenRecord


class TokenStore(Protocol):
    """Keep sealed records. Every method may raise StorageError, such as StorageUnavailable.

    A lease says who may ask the provider about one connection. It runs by the store's own clock,
    and losing it does no harm: the generation rejects what its former holder writes.
    """

    async def prepare(self) -> None:
        """Create tables and the like, unless they exist."""
        ...

    async def get(self, key: TokenKey) -> TokenRecord | None: ...

    async def put_if_generation(self, record: TokenRecord, *, expected: int | None) -> bool:
        """Write the record if the stored one has this generation; None means there must be none."""
        ...

    async def delete(self, key: TokenKey, *, expected: int) -> bool:
        """Erase the record and its lease if it has this generation."""
        ...

    async def find(self, project: str, connection_id: str) -> TokenRecord | None:
        """Find a record of a project by its id."""
        ...

    async def page(
        self,
        project: str,
        *,
        limit: int,
        offset: int,
        user_id: str | None = None,
        provider: str | None = None,
    ) -> tuple[list[TokenRecord], int]:
        """Return one page of a project's records, oldest first, and how many there are in all."""
        ...

    async def users_of_account(self, project: str, provider: str, subject: str) -> int:
        """Count a project's records of one account."""
        ...

    async def touch(self, used: Mapping[TokenKey, float]) -> None:
        """Write when connections were last used; an erased one stays erased."""
        ...

    async def key_ids(self) -> frozenset[str]:
        """Return the id of every encryption key in use."""
        ...

    def stale(self, newest_key_id: str, *, batch: int) -> AsyncIterator[Sequence[TokenRecord]]:
        """Iterate over the records sealed with another key, skipping unreadable ones.

        They may be resealed meanwhile. Some may come twice.
        """
        ...

    async def reseal(self, pairs: Iterable[Reseal]) -> None:
        """Replace the sealed bytes of records whose generation and key are still as before."""
        ...

    async def acquire_lease(self, key: TokenKey, owner: str, seconds: float) -> LeaseHolder | None:
        """Acquire the lease and return None, or return its holder."""
        ...

    async def renew_lease(self, key: TokenKey, owner: str, seconds: float) -> bool: ...

    async def release_lease(self, key: TokenKey, owner: str, *, cooldown_s: float = 0.0) -> None:
        """Release the lease if it is still the owner's; for `cooldown_s` no one else gets it."""
        ...

    async def close(self) -> None: ...


def bounded(seconds: float) -> AbstractAsyncContextManager[None]:
    """Turn every failure of a store's backend into StorageUnavailable, within `seconds`."""
    return fail_closed(seconds, _unavailable)


def _unavailable(cause: BaseException) -> StorageUnavailable:
    return StorageUnavailable(
        "The connections cannot be reached right now; try again in a moment.",
        developer_message=f"token store: {type(cause).__name__}",
        retry_after_ms=2000,
    )


class Lease:
    """One task's lease on one connection; use it inside `async with lease.releasing():`."""

    def __init__(self, store: TokenStore, key: TokenKey, seconds: float) -> None:
        self._store = store
        self._key = key
        self._seconds = seconds
        self._owner = secrets.token_urlsafe(18)
        self._may_be_ours = False
        self.cooldown_s = 0.0
        """How long no one may ask the provider about this user after the release."""

    async def acquire(self) -> LeaseHolder | None:
        """Acquire the lease and return None, or return its holder."""
        # Set first: a task that is cancelled meanwhile may have acquired it.
        self._may_be_ours = True
        try:
            holder = await self._store.acquire_lease(self._key, self._owner, self._seconds)
        except StorageError:
            # A store that does not answer would not release it either; the lease runs out.
            self._may_be_ours = False
            raise
        self._may_be_ours = holder is None
        return holder

    @contextlib.asynccontextmanager
    async def releasing(self) -> AsyncIterator[None]:
        """Release the lease at the end, even if the task is cancelled."""
        try:
            yield
        finally:
            if self._may_be_ours:
                await asyncio.shield(asyncio.ensure_future(self._release()))

    @contextlib.asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Renew the lease while the body runs."""
        keeper = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                if not await self._store.renew_lease(self._key, self._owner, self._seconds):
                    # Paused too long. Another process may be refreshing; the generation decides.
                    logger.warning("a lease was lost while the provider was asked")
                    return
            except StorageError:
                logger.warning("a lease could not be renewed; trying again")

    async def _release(self) -> None:
        try:
            await self._store.release_lease(self._key, self._owner, cooldown_s=self.cooldown_s)
        except StorageError:
            logger.warning("a lease could not be released; it runs out by itself")


class TokenDirectory:
    """Find and list the connections of one project, and no other project's."""

    def __init__(self, store: TokenStore, *, project: str) -> None:
        self._store = store
        self._project = project

    async def by_id(self, connection_id: str) -> TokenRecord | None:
        """Find a connection by its public id."""
        return await self._store.find(self._project, connection_id)

    async def page(
        self, *, limit: int, offset: int, user_id: str | None = None, provider: str | None = None
    ) -> tuple[list[TokenRecord], int]:
        """Return one page, oldest first, and how many there are in all."""
        return await self._store.page(
            self._project, limit=limit, offset=offset, user_id=user_id, provider=provider
        )

    async def users_of_account(self, provider: str, subject: str) -> int:
        """Count the users of the project who are connected to an account.

        Revoking any token of an account revokes its whole grant at Google, so nothing may be
        revoked while there are any.
        """
        return await self._store.users_of_account(self._project, provider, subject)


def open_token_store(url: str, *, schema: str | None = None) -> TokenStore:
    """Open a token store; await its `prepare` at start and its `close` at the end.

    Args:
        url: `memory:` (this process only, lost when it ends), `sqlite:///…`, `postgresql://…`,
            `redis://…` or `rediss://…`.
        schema: the PostgreSQL schema, or the prefix of the Redis keys, if not the default one.

    Raises:
        ConfigurationError: not an address of any of these.
    """
    # Each backend is an extra that only its own address needs.
    if url == "memory:":
        from arcade_gmail_multiuser.security.tokens.memory_store import MemoryTokenStore  # noqa: PLC0415

        return MemoryTokenStore()
    if url.startswith(("redis:", "rediss:", "unix:")):
        from arcade_gmail_multiuser.security.tokens.redis_store import RedisTokenStore  # noqa: PLC0415

        return RedisTokenStore(url) if schema is None else RedisTokenStore(url, prefix=schema)
    from arcade_gmail_multiuser.security.database import (  # noqa: PLC0415
        open_token_database,
    )
    from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore  # noqa: PLC0415

    return SqlTokenStore(open_token_database(url, schema=schema), owns_engine=True)
