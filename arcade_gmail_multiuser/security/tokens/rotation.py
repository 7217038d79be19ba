"""Reseal every stored token under the newest key while everything keeps running.

K1 → K1+K2 → K2: give every process both keys, the old one first, then the new one first,
run this, and take the old key away once nothing needs it and no process seals with it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import Reseal, TokenStore
from arcade_gmail_multiuser.security.tokens.token_sealer import TokenSealer

__all__ = ["Rotation", "rotate_tokens"]

_BATCH = 1000
_MAX_PASSES = 10


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a rotation ended."""

    resealed: int
    """Writes that were tried; one that a refresh came before is counted too."""
    unreadable: int
    """Records that no key of the ring opens. They were left as they are."""
    still_needed: frozenset[str]
    """Keys other than the newest that something is still sealed with."""

    @property
    def complete(self) -> bool:
        return not self.still_needed


async def rotate_tokens(store: TokenStore, keyring: Keyring, *, batch: int = _BATCH) -> Rotation:
    """Reseal all projects' records, batch by batch; run it again after a crash and it goes on.

    A record that is refreshed at the same moment keeps what the refresh wrote. Processes that
    still seal with an older key make more passes necessary; after ten, `still_needed` says so.

    Raises:
        StorageError: the store does not answer. What was resealed stays so.
    """
    sealer = TokenSealer(keyring)
    resealed = 0
    for _ in range(_MAX_PASSES):
        done, unreadable = 0, 0
        async for records in store.stale(sealer.key_id, batch=batch):
            # In a thread: a thousand records take long enough to delay a refresh on the loop.
            pairs = await asyncio.to_thread(_reseal_all, sealer, records)
            await store.reseal(pairs)
            done += len(pairs)
            unreadable += len(records) - len(pairs)
        resealed += done
        still_needed = await store.key_ids() - {sealer.key_id}
        if not done or not still_needed:
            break
    return Rotation(resealed, unreadable, still_needed)


def _reseal_all(sealer: TokenSealer, records: Sequence[TokenRecord]) -> list[Reseal]:
    return [
        Reseal(record, after)
        for record in records
        if (after := _reseal(sealer, record)) is not None
    ]


def _reseal(sealer: TokenSealer, record: TokenRecord) -> TokenRecord | None:
    try:
        return sealer.reseal(record)
    except StorageError:
        return None
