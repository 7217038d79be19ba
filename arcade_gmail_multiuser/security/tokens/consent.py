"""Merge a person's consent into their connection. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from arcade_gmail_multiuser.errors import Conflict
from arcade_gmail_multiuser.security.tokens.record import (
    TokenKey,
    TokenRecord,
    first_generation,
    new_connection_id,
)
from arcade_gmail_multiuser.security.tokens.token_sealer import TokenSealer

__all__ = ["Consent", "merge_consent"]


@dataclass(frozen=True, slots=True, repr=False)
class Consent:
    """What the provider returned for a consent, and whose account it is."""

    access_token: str
    refresh_token: str | None
    lifetime_s: float
    scopes: frozenset[str]
    subject: str
    email: str
    client_id: str


def merge_consent(
    held: TokenRecord | None, key: TokenKey, consent: Consent, sealer: TokenSealer, now: float
) -> TokenRecord:
    """Return the record to store, which is `held` itself if there is nothing to change.

    Raises:
        Conflict: the user is connected to another account.
        StorageError: the refresh token to keep cannot be read.
    """
    if held is None:
        return _record(key, consent, sealer, now)
    if held.subject != consent.subject:
        raise Conflict("This user is connected to another account; disconnect it first.")
    continues = held.usable and held.client_id == consent.client_id
    if continues and consent.scopes < held.scopes:
        # This consent began before a wider one and ended after it: the wider tokens stay.
        return held
    fresh = _record(key, consent, sealer, now)
    sealed_refresh = fresh.sealed_refresh
    # An old refresh token that is dead, or another client's, is useless.
    old = sealer.open_refresh(held) if continues and sealed_refresh is None else None
    return replace(
        fresh,
        id=held.id,
        generation=held.generation + 1,
        scopes=consent.scopes | held.scopes if continues else consent.scopes,
        sealed_refresh=sealed_refresh if old is None else sealer.refresh(key, old),
        created_at=held.created_at,
        last_used_at=held.last_used_at,
    )


def _record(key: TokenKey, consent: Consent, sealer: TokenSealer, now: float) -> TokenRecord:
    refresh = consent.refresh_token
    return TokenRecord(
        key=key,
        id=new_connection_id(),
        generation=first_generation(),
        status="active",
        client_id=consent.client_id,
        subject=consent.subject,
        email=consent.email,
        scopes=consent.scopes,
        key_id=sealer.key_id,
        sealed_access=sealer.access(key, consent.access_token),
        sealed_refresh=sealer.refresh(key, refresh) if refresh else None,
        issued_at=now,
        expires_at=now + consent.lifetime_s,
        created_at=now,
        updated_at=now,
    )
