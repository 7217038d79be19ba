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
from arcade_gmail_multiuser.security.backend_errors import failing_closed
from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord

__all__ = [
    "Lease",
    "LeaseHolder",
    "Reseal",
    "TokenDirectory",
    "TokenStore",
    "open_token_store",
    "patiently",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Who may refresh now. While `cooling`, nobody: the provider has just failed."""

    cooling: bool
    remaining_s: float


@dataclass(frozen=True, slots=True, repr=False)
class Reseal:
    """A record as it was read, and the same one sealed with another key."""

    before: TokenRecord
    after: TokenRecord


class TokenStore(Protocol):
    """Keep sealed records. Every method raises StorageError, and StorageUnavailable among them.

    A lease says who may talk to the provider for one connection. It is counted by the store's own
    clock, and losing it is no harm: what its former holder writes is stopped by the generation.
    """

    async def prepare(self) -> None:
        """Make tables and the like, unless they are there."""
        ...

    async def get(self, key: TokenKey) -> TokenRecord | None: ...

    async def put_if_generation(self, record: TokenRecord, *, expected: int | None) -> bool:
        """Write the record if the stored one has this generation; None means there must be none."""
        ...

    async def delete(self, key: TokenKey, *, expected: int) -> bool:
        """Erase the record if it has this generation. Nothing of it stays behind, nor its lease."""
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
        """Give one page of a project's records, oldest first, and how many there are in all."""
        ...

    async def users_of_account(self, project: str, provider: str, subject: str) -> int:
        """Count a project's records of one account."""
        ...

    async def touch(self, used: Mapping[TokenKey, float]) -> None:
        """Note when connections were last used; never brings back one that is gone."""
        ...

    async def key_ids(self) -> frozenset[str]:
        """Name every encryption key that something is sealed with."""
        ...

    def stale(self, newest_key_id: str, *, batch: int) -> AsyncIterator[Sequence[TokenRecord]]:
        """Go once through the records sealed with another key; what cannot be read is passed over.

        They may be resealed while this goes on. Some may be given twice.
        """
        ...

    async def reseal(self, pairs: Iterable[Reseal]) -> None:
        """Replace the sealed bytes of records whose generation and key are still as before."""
        ...

    async def acquire_lease(self, key: TokenKey, owner: str, seconds: float) -> LeaseHolder | None:
        """Take the lease and give None, or tell who has it."""
        ...

    async def renew_lease(self, key: TokenKey, owner: str, seconds: float) -> bool: ...

    async def release_lease(self, key: TokenKey, owner: str, *, cooldown_s: float = 0.0) -> None:
        """Let go of the lease if it is still the owner's; for `cooldown_s` nobody else gets it."""
        ...

    async def close(self) -> None: ...


def patiently(seconds: float) -> AbstractAsyncContextManager[None]:
    """Turn every failure of a store's backend into StorageUnavailable, after `seconds` at most."""
    return failing_closed(seconds, _unavailable)


def _unavailable(cause: BaseException) -> StorageUnavailable:
    return StorageUnavailable(
        "The connections cannot be reached just now; try again in a moment.",
        developer_message=f"token store: {type(cause).__name__}",
        retry_after_ms=2000,
    )


class Lease:
    """One attempt of one task to refresh one connection; use it as `async with lease.let_go():`."""

    def __init__(self, store: TokenStore, key: TokenKey, seconds: float) -> None:
        self._store = store
        self._key = key
        self._seconds = seconds
        self._owner = secrets.token_urlsafe(18)
        self._may_be_ours = False
        self.cooldown_s = 0.0
        """For how long nobody asks the provider about this user after the lease is let go."""

    async def take(self) -> LeaseHolder | None:
        """Take the lease and give None, or tell who has it."""
        # Noted first: who is cancelled while asking may have been given it.
        self._may_be_ours = True
        try:
            holder = await self._store.acquire_lease(self._key, self._owner, self._seconds)
        except StorageError:
            # A store that does not answer would not let go of it either; the lease runs out.
            self._may_be_ours = False
            raise
        self._may_be_ours = holder is None
        return holder

    @contextlib.asynccontextmanager
    async def let_go(self) -> AsyncIterator[None]:
        """Release the lease at the end, also when the task is cancelled."""
        try:
            yield
        finally:
            if self._may_be_ours:
                await asyncio.shield(asyncio.ensure_future(self._release()))

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew the lease for as long as the body takes."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                if not await self._store.renew_lease(self._key, self._owner, self._seconds):
                    # Stopped for too long. Another may be refreshing; the generation decides.
                    logger.warning("a lease was lost while the provider was asked")
                    return
            except StorageError:
                logger.warning("a lease could not be renewed; trying again")

    async def _release(self) -> None:
        try:
            await self._store.release_lease(self._key, self._owner, cooldown_s=self.cooldown_s)
        except StorageError:
            logger.warning("a lease could not be let go; it ends by itself")


class TokenDirectory:
    """Find and list the connections of one project. Another project's are not there."""

    def __init__(self, store: TokenStore, *, project: str) -> None:
        self._store = store
        self._project = project

    async def by_id(self, connection_id: str) -> TokenRecord | None:
        """Find a connection by the id it has outside."""
        return await self._store.find(self._project, connection_id)

    async def page(
        self, *, limit: int, offset: int, user_id: str | None = None, provider: str | None = None
    ) -> tuple[list[TokenRecord], int]:
        """Give one page, oldest first, and how many there are in all."""
        return await self._store.page(
            self._project, limit=limit, offset=offset, user_id=user_id, provider=provider
        )

    async def users_of_account(self, provider: str, subject: str) -> int:
        """Count the users of the project who are connected to an account.

        Google revokes an account's whole grant with any of its tokens, so while there are any
        nothing may be revoked.
        """
        return await self._store.users_of_account(self._project, provider, subject)


def open_token_store(url: str, *, schema: str | None = None) -> TokenStore:
    """Make the store; await its `prepare` at start and its `close` at the end.

    Args:
        url: `memory:` (one process, gone when it ends; has to be asked for by this name),
            `sqlite:///…`, `postgresql://…`, `redis://…` or `rediss://…`.
        schema: PostgreSQL's schema, or the prefix of Redis's keys, if not the usual one.

    Raises:
        ConfigurationError: not an address of any of these.
    """
    # Each backend is an extra of its own, needed only by whoever names it.
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
