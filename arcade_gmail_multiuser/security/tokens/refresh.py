"""Refresh a connection's tokens: one call to the provider, however many ask, wherever they run."""

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

_FIRST_LOOK_S = 0.02
_SLOWEST_LOOK_S = 0.25
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
    """How long things may take, in seconds."""

    early_s: float = 660.0
    """Refresh this long before the end: a writer's and a reader's clock may be 5 minutes off, each
    the other way, and the call takes time. At most a fifth of the token's life, so that short
    tokens are not refreshed at every use."""
    last_moment_s: float = 20.0
    """With less than this left a token is not served, even if the provider does not answer."""
    lease_s: float = 15.0
    """How soon others may go on after a process died in the middle of a refresh."""
    provider_timeout_s: float = 20.0
    wait_s: float = 30.0
    """How long to wait for a refresh that another process has begun."""
    cooldown_s: float = 15.0
    """For how long a user's provider is not asked again after it failed or did not answer."""
    write_tries: int = 4


class TokenRefresher:
    """Renew records of a store.

    Callers in one process share a task. Between processes a lease says whose turn it is, and the
    generation stops what a former holder writes.
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
        self._under_way: dict[TokenKey, asyncio.Task[TokenRecord]] = {}

    def good_for(self, record: TokenRecord, seconds: float) -> bool:
        return record.usable and record.expires_at - self._clock() > seconds

    def is_due(self, record: TokenRecord) -> bool:
        """Say whether the token ends soon enough to be refreshed."""
        return not self.good_for(record, self._early_s(record))

    def _early_s(self, record: TokenRecord) -> float:
        if record.sealed_refresh is None:
            # Nothing can be refreshed, so it is of use as long as it works.
            return self._policy.last_moment_s
        lifetime = max(record.expires_at - record.issued_at, 0.0)
        if math.isclose(lifetime, DEFAULT_LIFETIME_S):
            # Nobody said when it ends; what is assumed is early enough.
            return 0.0
        return min(self._policy.early_s, lifetime / 5)

    async def renew(self, seen: TokenRecord) -> TokenRecord:
        """Give a record of another generation than the one that was seen.

        Raises:
            AuthorizationError: it was disconnected, or (TokenRejected) has to be connected again.
            Unavailable: the provider does not answer; the connection is kept.
            ConfigurationError: our client is refused; the connection is kept.
            StorageError: what the provider gave could not be stored, and is served to nobody.
        """
        while True:
            task = self._under_way.get(seen.key)
            # A task that has just ended is still here, and may have ended at what was seen.
            if task is None or task.done():
                task = asyncio.create_task(self._refresh(seen))
                self._under_way[seen.key] = task
                task.add_done_callback(lambda done: self._land(seen.key, done))
            # Shielded: a caller that gives up must not take the refresh away from the others.
            record = await asyncio.shield(task)
            # Else the shared refresh was for an older record, and ended at the one that was seen.
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
        """Cancel what is under way, and wait until its leases are let go."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _land(self, key: TokenKey, done: asyncio.Task[TokenRecord]) -> None:
        if self._under_way.get(key) is done:
            del self._under_way[key]
        if not done.cancelled():
            # Marks the exception as seen, should every caller have gone.
            done.exception()

    async def _refresh(self, seen: TokenRecord) -> TokenRecord:
        lease = Lease(self._store, seen.key, self._policy.lease_s)
        async with lease.let_go():
            held = await self._wait_for_turn(lease, seen)
            if self._is_newer(held, seen):
                return held
            async with lease.kept():
                return await self._ask_provider(lease, held)

    def _is_newer(self, held: TokenRecord, seen: TokenRecord) -> bool:
        return held.generation != seen.generation and self.good_for(
            held, self._policy.last_moment_s
        )

    async def _wait_for_turn(self, lease: Lease, seen: TokenRecord) -> TokenRecord:
        """Return with the lease, or with a record that another has refreshed meanwhile."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self._policy.wait_s, _FIRST_LOOK_S
        while True:
            holder = await lease.take()
            # Read after the lease is taken: who had it before may just have written.
            held = await self._reread(seen.key)
            if holder is None or self._is_newer(held, seen):
                return held
            if holder.cooling or loop.time() >= deadline:
                raise _not_now(holder)
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311  (spreads, hides nothing)
            pause = min(pause * 1.6, _SLOWEST_LOOK_S)

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
            await self._events.tell("token.refreshed", held.key, "failed", reason="client_refused")
            raise
        except _PROVIDER_TROUBLE as trouble:
            lease.cooldown_s = self._policy.cooldown_s
            logger.warning("a refresh failed: %s; the connection is kept", type(trouble).__name__)
            await self._events.tell(
                "token.refreshed", held.key, "failed", reason=type(trouble).__name__
            )
            raise _not_now(LeaseHolder(True, self._policy.cooldown_s)) from None
        return await self._keep(held, self._record_of(held, answer))

    def _provider_of(self, held: TokenRecord) -> TokenProvider:
        provider = self._providers.get(held.provider)
        if provider is None:
            raise ConfigurationError("The provider of this connection is not configured.")
        if provider.client_id != held.client_id:
            # Not marked: for a process that still runs as the other client it is in order.
            raise _connect_again()
        return provider

    async def _open_refresh(self, held: TokenRecord) -> HiddenText | None:
        try:
            return self._sealer.open_refresh(held)
        except StorageError:
            await self._events.tell("token.unreadable", held.key, "failed", field="refresh_token")
            raise

    def _record_of(self, held: TokenRecord, answer: RefreshAnswer) -> TokenRecord:
        now = self._clock()
        refresh_token = answer.refresh_token or self._sealer.open_refresh(held)
        return replace(
            held,
            generation=held.generation + 1,
            scopes=held.scopes if answer.scopes is None else answer.scopes,
            # Both anew, so that a record has one key.
            key_id=self._sealer.key_id,
            sealed_access=self._sealer.access(held.key, answer.access_token),
            sealed_refresh=self._sealer.refresh(held.key, refresh_token) if refresh_token else None,
            issued_at=now,
            expires_at=now + lifetime_of(answer.lifetime_s),
            updated_at=now,
        )

    async def _keep(self, held: TokenRecord, renewed: TokenRecord) -> TokenRecord:
        """Store what the provider gave. Until that is done nobody is served it."""
        await self._events.tell("token.refreshed", held.key)
        if await self._put(renewed, expected=held.generation):
            return renewed
        # Another writer was faster; or it was us, and only the store's answer was lost.
        stored = await self._reread(held.key)
        if stored.sealed_access == renewed.sealed_access:
            return stored
        await self._events.tell("token.refreshed", held.key, "refused", reason="superseded")
        if self._is_newer(stored, held):
            return stored
        raise _not_now(LeaseHolder(False, 1.0))

    async def _put(self, record: TokenRecord, *, expected: int) -> bool:
        for attempt in range(self._policy.write_tries):
            try:
                return await self._store.put_if_generation(record, expected=expected)
            except StorageUnavailable:
                if attempt + 1 == self._policy.write_tries:
                    raise
                await asyncio.sleep(0.05 * 4**attempt)
        return False

    async def _give_up(self, held: TokenRecord) -> TokenRecord:
        """The grant is dead, unless that was said of a generation that is no longer current."""
        await self._events.tell("token.refreshed", held.key, "refused", reason="invalid_grant")
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
    """Record events before what they tell of takes effect.

    A recorder that raises stops the operation: what cannot be audited does not happen.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder

    async def tell(
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
