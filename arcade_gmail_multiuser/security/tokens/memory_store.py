"""Keep tokens in this process alone, for tests and experiments."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace

from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord
from arcade_gmail_multiuser.security.tokens.store import LeaseHolder, Reseal

__all__ = ["MemoryTokenStore"]


class MemoryTokenStore:
    """Keep sealed records in a dictionary. Two processes would each have their own: use one.

    No method awaits anything, so each is atomic on the event loop.
    """

    def __init__(self) -> None:
        self._records: dict[TokenKey, TokenRecord] = {}
        self._leases: dict[TokenKey, tuple[str, float]] = {}  # owner ("" is cooling), until

    async def prepare(self) -> None:
        """Do nothing: there is nothing to create."""

    async def get(self, key: TokenKey) -> TokenRecord | None:
        return self._records.get(key)

    async def put_if_generation(self, record: TokenRecord, *, expected: int | None) -> bool:
        if self._generation(record.key) != expected:
            return False
        self._records[record.key] = record
        return True

    async def delete(self, key: TokenKey, *, expected: int) -> bool:
        if self._generation(key) != expected:
            return False
        del self._records[key]
        self._leases.pop(key, None)
        return True

    async def find(self, project: str, connection_id: str) -> TokenRecord | None:
        mine = (one for one in self._records.values() if one.key.project == project)
        return next((one for one in mine if one.id == connection_id), None)

    async def page(
        self,
        project: str,
        *,
        limit: int,
        offset: int,
        user_id: str | None = None,
        provider: str | None = None,
    ) -> tuple[list[TokenRecord], int]:
        found = [
            one
            for one in self._records.values()
            if one.key.project == project
            and user_id in (None, one.user_id)
            and provider in (None, one.provider)
        ]
        found.sort(key=lambda one: (one.created_at, one.id))
        return found[offset : offset + limit], len(found)

    async def users_of_account(self, project: str, provider: str, subject: str) -> int:
        wanted = (project, provider, subject)
        every = self._records.values()
        return sum((one.key.project, one.provider, one.subject) == wanted for one in every)

    async def touch(self, used: Mapping[TokenKey, float]) -> None:
        for key, at in used.items():
            if key in self._records:
                self._records[key] = replace(self._records[key], last_used_at=at)

    async def key_ids(self) -> frozenset[str]:
        return frozenset(record.key_id for record in self._records.values())

    async def stale(
        self, newest_key_id: str, *, batch: int
    ) -> AsyncIterator[Sequence[TokenRecord]]:
        found = [one for one in self._records.values() if one.key_id != newest_key_id]
        for first in range(0, len(found), batch):
            yield found[first : first + batch]

    async def reseal(self, pairs: Iterable[Reseal]) -> None:
        for pair in pairs:
            held = self._records.get(pair.before.key)
            if held and (held.generation, held.key_id) == (
                pair.before.generation,
                pair.before.key_id,
            ):
                self._records[held.key] = replace(
                    held,
                    key_id=pair.after.key_id,
                    sealed_access=pair.after.sealed_access,
                    sealed_refresh=pair.after.sealed_refresh,
                )

    async def acquire_lease(self, key: TokenKey, owner: str, seconds: float) -> LeaseHolder | None:
        now = time.monotonic()
        holder, until = self._leases.get(key, ("", 0.0))
        if until > now and holder != owner:
            return LeaseHolder(cooling=holder == "", remaining_s=until - now)
        self._leases[key] = (owner, now + seconds)
        return None

    async def renew_lease(self, key: TokenKey, owner: str, seconds: float) -> bool:
        now = time.monotonic()
        holder, until = self._leases.get(key, ("", 0.0))
        if holder != owner or until <= now:
            return False
        self._leases[key] = (owner, now + seconds)
        return True

    async def release_lease(self, key: TokenKey, owner: str, *, cooldown_s: float = 0.0) -> None:
        if self._leases.get(key, ("", 0.0))[0] != owner:
            return
        if cooldown_s > 0:
            self._leases[key] = ("", time.monotonic() + cooldown_s)
        else:
            del self._leases[key]

    async def close(self) -> None:
        """Keep everything: another manager of this process may use it."""

    def _generation(self, key: TokenKey) -> int | None:
        held = self._records.get(key)
        return None if held is None else held.generation

    def __repr__(self) -> str:
        return f"<MemoryTokenStore of {len(self._records)} connections>"
