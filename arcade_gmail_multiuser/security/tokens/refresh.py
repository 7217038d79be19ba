"""Refresh a connection's tokens with one call to the provider, across tasks and processes."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    RateLimited,
    RequestRefused,
    StorageError,
    StorageUnavailable,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.recorder import Outcome, Recorder
from arcade_gmail_multiuser.security.tokens.provider import RefreshAnswer, TokenProvider
from arcade_gmail_multiuser.security.tokens.record import (
    DEFAULT_LIFETIME_S,
    TokenKey,
    TokenRecord,
    lifetime_of,
)
from arcade_gmail_multiuser.security.tokens.store import Lease, LeaseHolder, TokenStore
from arcade_gmail_multiuser.security.tokens.token_sealer import TokenSealer

__all__ = ["RefreshPolicy", "TokenEvents", "TokenRefresher"]

logger = logging.getLogger(__name__)

_MIN_POLL_S = 0.02
_MAX_POLL_S = 0.25
_PROVIDER_TROUBLE = (
    ConnectionFailed,
    DeadlineExceeded,
    RateLimited,
    RequestRefused,
    Unavailable,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class RefreshPolicy:
    """Time limits, in seconds."""

    early_s: float = 660.0
    """Refresh this long before expiry: two processes' clocks may be 5 minutes off in opposite
    directions, and the call takes time. At most a fifth of the token's lifetime, so that short
    ones are not refreshed at every use."""
    last_moment_s: float = 20.0
    """With less than this left, a token is not served even if the provider does not answer."""
    lease_s: float = 15.0
    """How soon others may take over after a process died during a refresh."""
    provider_timeout_s: float = 20.0
    wait_s: float = 30.0
    """How long to wait for a refresh that another process started."""
    cooldown_s: float = 15.0
    """How long the provider is not asked again about a user after it failed."""
    max_writes: int = 4


class TokenRefresher:
    """Refresh the records of a store.

    Callers in one process share a task. Between processes a lease decides who refreshes, and the
    generation rejects what a former holder writes.
    """

    def __init__(
        self,
        store: TokenStore,
        sealer: TokenSealer,
        providers: Mapping[str, TokenProvider],
        events: TokenEvents,
        *,
        policy: RefreshPolicy,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._providers = providers
        self._events = events
        self._policy = policy
        self._clock = clock
        self._running: dict[TokenKey, asyncio.Task[TokenRecord]] = {}

    def good_for(self, record: TokenRecord, seconds: float) -> bool:
        return record.usable and record.expires_at - self._clock() > seconds

    def is_due(self, record: TokenRecord) -> bool:
        """Say whether the token expires soon enough to be refreshed."""
        return not self.good_for(record, self._early_s(record))

    def _early_s(self, record: TokenRecord) -> float:
        if record.sealed_refresh is None:
            # It cannot be refreshed, so it is used as long as it works.
            return self._policy.last_moment_s
        lifetime = max(record.expires_at - record.issued_at, 0.0)
        if math.isclose(lifetime, DEFAULT_LIFETIME_S):
            # The provider did not say when it expires; the assumed time is early enough.
            return 0.0
        return min(self._policy.early_s, lifetime / 5)

    async def renew(self, seen: TokenRecord) -> TokenRecord:
        """Return a record of another generation than the one seen.

        Raises:
            AuthorizationError: it was disconnected, or (TokenRejected) has to be connected again.
            Unavailable: the provider does not answer; the connection is kept.
            ConfigurationError: our client is refused; the connection is kept.
            StorageError: the new token could not be stored, so it is not served.
        """
        while True:
            task = self._running.get(seen.key)
            # A finished task may still be here, and its result may be the record seen.
            if task is None or task.done():
                task = asyncio.create_task(self._refresh(seen))
                self._running[seen.key] = task
                task.add_done_callback(lambda done: self._land(seen.key, done))
            # Shielded: a cancelled caller must not cancel the refresh for the others.
            record = await asyncio.shield(task)
            # Else the shared refresh was for an older record, and its result is the one seen.
            if record.generation != seen.generation:
                return record

    async def mark_dead(self, held: TokenRecord) -> bool:
        """Mark that the person has to connect again, unless the record has changed since."""
        dead = replace(
            held,
            generation=held.generation + 1,
            status="reauthorize",
            updated_at=self._clock(),
        )
        return await self._put(dead, expected=held.generation)

    async def close(self) -> None:
        """Cancel refreshes in progress, and wait until their leases are released."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _land(self, key: TokenKey, done: asyncio.Task[TokenRecord]) -> None:
        if self._running.get(key) is done:
            del self._running[key]
        if not done.cancelled():
            # Retrieves the exception, in case every caller was cancelled.
            done.exception()

    async def _refresh(self, seen: TokenRecord) -> TokenRecord:
        lease = Lease(self._store, seen.key, self._policy.lease_s)
        async with lease.releasing():
            held = await self._wait_for_turn(lease, seen)
            if self._is_newer(held, seen):
                return held
            async with lease.renewing():
                return await self._ask_provider(lease, held)

    def _is_newer(self, held: TokenRecord, seen: TokenRecord) -> bool:
        return held.generation != seen.generation and self.good_for(
            held, self._policy.last_moment_s
        )

    async def _wait_for_turn(self, lease: Lease, seen: TokenRecord) -> TokenRecord:
        """Return once the lease is ours, or with a record that another process refreshed."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self._policy.wait_s, _MIN_POLL_S
        while True:
            holder = await lease.acquire()
            # Read after acquiring: the previous holder may just have written.
            held = await self._reread(seen.key)
            if holder is None or self._is_newer(held, seen):
                return held
            if holder.cooling or loop.time() >= deadline:
                raise _not_now(holder)
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311  (spreads load, hides nothing)
            pause = min(pause * 1.6, _MAX_POLL_S)

    async def _ask_provider(self, lease: Lease, held: TokenRecord) -> TokenRecord:
        provider = self._provider_of(held)
        refresh_token = await self._open_refresh(held)
        if refresh_token is None:
            return await self._give_up(held)
        try:
            async with asyncio.timeout(self._policy.provider_timeout_s):
                answer = await provider.refresh(refresh_token)
        except TokenRejected:
            return await self._give_up(held)
        except ConfigurationError:
            lease.cooldown_s = self._policy.cooldown_s
            await self._events.record(
                "token.refreshed", held.key, "failed", reason="client_refused"
            )
            raise
        except _PROVIDER_TROUBLE as trouble:
            lease.cooldown_s = self._policy.cooldown_s
            logger.warning("a refresh failed: %s; the connection is kept", type(trouble).__name__)
            await self._events.record(
                "token.refreshed", held.key, "failed", reason=type(trouble).__name__
            )
            raise _not_now(LeaseHolder(True, self._policy.cooldown_s)) from None
        return await self._keep(held, self._record_of(held, answer))

    def _provider_of(self, held: TokenRecord) -> TokenProvider:
        provider = self._providers.get(held.provider)
        if provider is None:
            raise ConfigurationError("The provider of this connection is not configured.")
        if provider.client_id != held.client_id:
            # Not marked: it is fine for a process that still runs as the other client.
            raise _connect_again()
        return provider

    async def _open_refresh(self, held: TokenRecord) -> HiddenText | None:
        try:
            return self._sealer.open_refresh(held)
        except StorageError:
            await self._events.record("token.unreadable", held.key, "failed", field="refresh_token")
            raise

    def _record_of(self, held: TokenRecord, answer: RefreshAnswer) -> TokenRecord:
        now = self._clock()
        refresh_token = answer.refresh_token or self._sealer.open_refresh(held)
        return replace(
            held,
            generation=held.generation + 1,
            scopes=held.scopes if answer.scopes is None else answer.scopes,
            # Both are resealed, so that a record has one key.
            key_id=self._sealer.key_id,
            sealed_access=self._sealer.access(held.key, answer.access_token),
            sealed_refresh=self._sealer.refresh(held.key, refresh_token) if refresh_token else None,
            issued_at=now,
            expires_at=now + lifetime_of(answer.lifetime_s),
            updated_at=now,
        )

    async def _keep(self, held: TokenRecord, renewed: TokenRecord) -> TokenRecord:
        """Store the new tokens; until then they are not served."""
        await self._events.record("token.refreshed", held.key)
        if await self._put(renewed, expected=held.generation):
            return renewed
        # Another writer was faster; or it was us, and only the store's answer was lost.
        stored = await self._reread(held.key)
        if stored.sealed_access == renewed.sealed_access:
            return stored
        await self._events.record("token.refreshed", held.key, "refused", reason="superseded")
        if self._is_newer(stored, held):
            return stored
        raise _not_now(LeaseHolder(False, 1.0))

    async def _put(self, record: TokenRecord, *, expected: int) -> bool:
        for attempt in range(self._policy.max_writes):
            try:
                return await self._store.put_if_generation(record, expected=expected)
            except StorageUnavailable:
                if attempt + 1 == self._policy.max_writes:
                    raise
                await asyncio.sleep(0.05 * 4**attempt)
        return False

    async def _give_up(self, held: TokenRecord) -> TokenRecord:
        """Mark the grant as dead, unless the record is no longer current."""
        await self._events.record("token.refreshed", held.key, "refused", reason="invalid_grant")
        if await self.mark_dead(held):
            raise _connect_again()
        stored = await self._reread(held.key)
        if self._is_newer(stored, held):
            return stored
        raise _not_now(LeaseHolder(False, 1.0))

    async def _reread(self, key: TokenKey) -> TokenRecord:
        held = await self._store.get(key)
        if held is None:
            raise AuthorizationError("The connection was removed; the person has to connect again.")
        if not held.usable:
            raise _connect_again()
        return held


def _connect_again() -> TokenRejected:
    return TokenRejected(
        "The permission has expired or was withdrawn; the person has to connect again."
    )


def _not_now(holder: LeaseHolder) -> Unavailable:
    return Unavailable(
        "The permission could not be renewed just now; try again in a moment.",
        retry_after_ms=max(int(holder.remaining_s * 1000), 250),
    )


class TokenEvents:
    """Record a connection's events before they take effect.

    A recorder that raises stops the operation: what cannot be audited does not happen.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder

    async def record(
        self,
        event: str,
        key: TokenKey,
        outcome: Outcome = "succeeded",
        *,
        actor: str = "token_manager",
        **detail: str | int | bool,
    ) -> None:
        if self._recorder is not None:
            await self._recorder.record(
                event,
                outcome=outcome,
                actor=actor,
                user_id=key.user_id,
                provider=key.provider,
                detail=detail,
            )
