"""What a place for tokens has to do, the same for memory, SQL and Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from arcade_gmail_multiuser.errors import StorageUnavailable
from arcade_gmail_multiuser.security.backend_errors import failing_closed
from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord

__all__ = ["LeaseHolder", "Reseal", "TokenStore", "patiently"]


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
