"""Store and hand out people's tokens: sealed, refreshed before they expire, for their user only."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar, final

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    ConfigurationError,
    InvalidInput,
    MissingScope,
    MissingToken,
    StorageError,
    TokenRejected,
    Unavailable,
)
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.recorder import Recorder
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.consent import Consent, merge_consent
from arcade_gmail_multiuser.security.tokens.provider import TokenProvider
from arcade_gmail_multiuser.security.tokens.record import (
    TokenKey,
    TokenRecord,
    UserToken,
    lifetime_of,
)
from arcade_gmail_multiuser.security.tokens.refresh import (
    RefreshPolicy,
    TokenEvents,
    TokenRefresher,
)
from arcade_gmail_multiuser.security.tokens.store import TokenStore
from arcade_gmail_multiuser.security.tokens.token_sealer import TokenSealer
from arcade_gmail_multiuser.security.tokens.usage import UseLog

__all__ = ["HasToken", "NeedsRefresh", "NotAuthenticated", "SecureTokenManager", "UserContext"]

_DEFAULT_PROVIDER = "google"
_MAX_TOKEN_CHARS = 8192
_MAX_SUBJECT_CHARS = 255
_MAX_RACES = 20

T = TypeVar("T")


@final
class NotAuthenticated(TypedDict):
    """The user has to connect, or to grant more."""

    authenticated: Literal[False]


@final
class NeedsRefresh(TypedDict):
    """The token is too old to use, and can be refreshed."""

    needs_refresh: Literal[True]


@final
class HasToken(TypedDict):
    """The user is connected; the token's repr is a mask."""

    authenticated: Literal[True]
    token: str


UserContext: TypeAlias = NotAuthenticated | NeedsRefresh | HasToken


class SecureTokenManager:
    """Store and hand out the tokens of one project's users; use it on one event loop.

    Args:
        store: where sealed records are stored; `open_token_store` opens one. The manager closes it.
        keyring: seals with its first key, opens with all.
        project: no other project's connections are visible.
        providers: who refreshes, by provider id, such as `{"google": …}`.
        audit: records every event before it takes effect, and stops it by raising.
        clock: returns epoch seconds.
    """

    def __init__(
        self,
        store: TokenStore,
        keyring: Keyring,
        *,
        project: str,
        providers: Mapping[str, TokenProvider],
        audit: Recorder | None = None,
        clock: Callable[[], float] = time.time,
        policy: RefreshPolicy | None = None,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._project = project
        self._providers = dict(providers)
        self._clock = clock
        self._policy = policy or RefreshPolicy()
        self._sealer = TokenSealer(keyring)
        self._events = TokenEvents(audit)
        self._refresher = TokenRefresher(
            store, self._sealer, self._providers, self._events, policy=self._policy, clock=clock
        )
        self._uses = UseLog(store)

    async def prepare(self) -> None:
        """Prepare the store, and refuse to start if a key that something needs is missing.

        Raises:
            ConfigurationError: names the missing keys by their one-way ids.
            StorageError: the store does not answer.
        """
        await self._store.prepare()
        missing = sorted(await self.needed_key_ids() - self._keyring.key_ids)
        if missing:
            raise ConfigurationError(
                "Stored tokens need encryption keys that are not configured:"
                f" {', '.join(missing)}. Add them after the newest one, or rotate first."
            )

    async def close(self) -> None:
        """Stop refreshes in progress and close the store."""
        await self._refresher.close()
        await self._uses.close()
        await self._store.close()

    async def needed_key_ids(self) -> frozenset[str]:
        """Return the id of every key that something in the store is sealed with."""
        return await self._store.key_ids()

    async def connection(
        self, user_id: str, *, provider: str = _DEFAULT_PROVIDER
    ) -> TokenRecord | None:
        """Return a connection's record, its tokens still sealed."""
        return await self._store.get(self._key(user_id, provider))

    async def store_user_token(
        self,
        user_id: str,
        provider: str = _DEFAULT_PROVIDER,
        *,
        access_token: str,
        refresh_token: str | None = None,
        expires_in: Any = None,
        scopes: Collection[str] = (),
        subject: str = "",
        email: str = "",
        actor: str = "token_manager",
    ) -> TokenRecord:
        """Store a consent, merging it into what the same account granted before.

        Scopes only grow while the connection is in use. Without a `refresh_token` the old one is
        kept, if it is the same account's and client's; else the connection ends with its token.

        Args:
            expires_in: as the provider returned it; missing or unusable counts as 3,500 seconds.
            subject: the provider's own id of the account.

        Raises:
            InvalidInput, MissingToken: nothing was stored.
            Conflict: the user is connected to another account; nothing was changed.
            StorageError: nothing was stored, as far as is known.
        """
        # Error reporters collect the variables around an error.
        access_token, refresh_token = _hidden(access_token), _hidden(refresh_token)
        key = self._key(user_id, provider)
        if len(subject) > _MAX_SUBJECT_CHARS or any("\0" in text for text in (subject, email)):
            raise InvalidInput("The account's id or address cannot be stored.")
        consent = Consent(
            access_token=_checked(access_token),
            refresh_token=_checked(refresh_token) if refresh_token else None,
            lifetime_s=lifetime_of(expires_in),
            scopes=frozenset(scopes),
            subject=subject,
            email=email,
            client_id=self._client_id(provider),
        )
        await self._events.record("token.stored", key, "started", actor=actor)
        for _ in range(_MAX_RACES):
            held = await self._store.get(key)
            record = merge_consent(held, key, consent, self._sealer, self._clock())
            expected = None if held is None else held.generation
            if record is held or await self._store.put_if_generation(record, expected=expected):
                return record
        raise StorageError("The connection keeps changing, so it could not be stored.")

    def needs_refresh(self, record: TokenRecord) -> bool:
        """Say whether the access token has expired or expires soon.

        Soon is up to eleven minutes, by the provider's expiry. If that is unknown, a token is
        refreshed once it is 3,500 seconds old.
        """
        return self._refresher.is_due(record)

    def is_out_of_reach(self, record: TokenRecord) -> bool:
        """Say whether only another OAuth client could refresh it: then it takes a new consent."""
        provider = self._providers.get(record.provider)
        foreign = provider is not None and provider.client_id != record.client_id
        return foreign and self.needs_refresh(record)

    async def get_user_context(
        self, user_id: str, *, provider: str = _DEFAULT_PROVIDER, scopes: Collection[str] = ()
    ) -> UserContext:
        """Look the user up, without asking the provider.

        Returns:
            `{"authenticated": False}` if the person has to connect or to grant more,
            `{"needs_refresh": True}` if `token_for` would refresh, else
            `{"authenticated": True, "token": …}`; the token's repr is a mask.

        Raises:
            StorageError: the answer is unknown.
        """
        record = await self.connection(user_id, provider=provider)
        if record is None or not record.covers(scopes):
            return {"authenticated": False}
        if self.needs_refresh(record):
            if record.sealed_refresh is not None:
                return {"needs_refresh": True}
            return {"authenticated": False}
        return {"authenticated": True, "token": (await self._hand_out(record)).access_token}

    async def token_for(
        self, user_id: str, scopes: Collection[str] = (), *, provider: str = _DEFAULT_PROVIDER
    ) -> UserToken:
        """Return a token that still works, refreshed if it expires soon.

        A provider that does not answer does no harm while the old token works.

        Raises:
            AuthorizationError: not connected; MissingScope, or TokenRejected to connect again.
            Unavailable: the token has expired and the provider does not answer.
            ConfigurationError: the provider refuses our client.
            StorageError: the store does not answer, or its record cannot be read.
        """
        return await self._hand_out(await self.fresh(user_id, scopes, provider=provider))

    async def fresh(
        self, user_id: str, scopes: Collection[str] = (), *, provider: str = _DEFAULT_PROVIDER
    ) -> TokenRecord:
        """Refresh if `token_for` would, and raise what it would; the token is not opened."""
        record = _granted(await self.connection(user_id, provider=provider), scopes)
        if self.needs_refresh(record):
            record = _granted(await self._refreshed(record), scopes)
        return record

    async def mark_rejected(
        self, user_id: str, rejected: str, *, provider: str = _DEFAULT_PROVIDER
    ) -> UserToken:
        """Replace a token that Google answered 401 to.

        If it was replaced already, the newer one is returned without asking the provider. Call it
        once for a request, as `call_with_token` does.
        """
        record = _granted(await self.connection(user_id, provider=provider), ())
        if hmac.compare_digest((await self._open(record)).encode(), rejected.encode()):
            await self._events.record("token.rejected", record.key, "refused")
            record = await self._refresher.renew(record)
        return await self._hand_out(record)

    async def call_with_token(
        self,
        user_id: str,
        scopes: Collection[str],
        call: Callable[[UserToken], Awaitable[T]],
        *,
        provider: str = _DEFAULT_PROVIDER,
    ) -> T:
        """Await `call(token)`; if it raises TokenRejected, once more with a refreshed token."""
        token = await self.token_for(user_id, scopes, provider=provider)
        try:
            return await call(token)
        except TokenRejected:
            pass
        newer = await self.mark_rejected(user_id, token.access_token, provider=provider)
        _granted(newer.record, scopes)
        return await call(newer)

    async def demand_consent(self, record: TokenRecord, *, actor: str = "token_manager") -> bool:
        """Mark that the person has to connect again, unless the connection has just changed."""
        await self._events.record("token.refused", record.key, "refused", actor=actor)
        return await self._refresher.mark_dead(record)

    async def disconnect(
        self,
        user_id: str,
        *,
        provider: str = _DEFAULT_PROVIDER,
        connection_id: str | None = None,
        before_erasing: Callable[[TokenRecord, HiddenText | None], Awaitable[None]] | None = None,
        actor: str = "token_manager",
    ) -> bool:
        """Erase a connection; return False if there is none. A refresh in progress cannot undo it.

        Args:
            connection_id: erase only this one, not one made since.
            before_erasing: called with the record and the token to revoke (None if it cannot be
                read); if it raises, the connection stays. A refresh in between calls it again.
        """
        key = self._key(user_id, provider)
        for _ in range(_MAX_RACES):
            held = await self._store.get(key)
            if held is None or connection_id not in (None, held.id):
                return False
            await self._events.record("token.erased", key, "started", actor=actor)
            if before_erasing is not None:
                await before_erasing(held, self._revocable(held))
            if await self._store.delete(key, expected=held.generation):
                self._uses.forget(key)
                return True
        raise StorageError("The connection keeps changing, so it could not be erased.")

    async def flush(self) -> None:
        """Write the times of last use now."""
        await self._uses.flush()

    async def _refreshed(self, record: TokenRecord) -> TokenRecord:
        try:
            return await self._refresher.renew(record)
        except (Unavailable, ConfigurationError):
            if self._refresher.good_for(record, self._policy.last_moment_s):
                return record
            raise

    async def _hand_out(self, record: TokenRecord) -> UserToken:
        token = UserToken(await self._open(record), record)
        self._uses.add(record.key, self._clock())
        return token

    async def _open(self, record: TokenRecord) -> HiddenText:
        try:
            return self._sealer.open_access(record)
        except StorageError:
            await self._events.record(
                "token.unreadable", record.key, "failed", field="access_token"
            )
            raise

    def _revocable(self, record: TokenRecord) -> HiddenText | None:
        try:
            return self._sealer.open_refresh(record) or self._sealer.open_access(record)
        except StorageError:
            # It can still be erased, just not revoked.
            return None

    def _client_id(self, provider: str) -> str:
        if provider not in self._providers:
            raise InvalidInput("There is no provider of that name.")
        return self._providers[provider].client_id

    def _key(self, user_id: str, provider: str) -> TokenKey:
        return TokenKey(self._project, user_id, provider)

    def __repr__(self) -> str:
        return f"<SecureTokenManager of {type(self._store).__name__}>"


def _granted(record: TokenRecord | None, scopes: Collection[str]) -> TokenRecord:
    if record is None:
        raise AuthorizationError("This person has not connected an account; ask them to connect.")
    if not record.usable:
        raise TokenRejected(
            "The permission has expired or was withdrawn; the person has to connect again."
        )
    if missing := tuple(sorted(set(scopes) - record.scopes)):
        raise MissingScope("The person has to grant more permissions.", accepted=missing)
    return record


def _hidden(token: Any) -> Any:
    return HiddenText(token) if isinstance(token, str) else token


def _checked(token: str) -> str:
    if not isinstance(token, str) or not token.strip():
        raise MissingToken("There is no token to store.")
    # A token becomes a header: what could break out of one is not a token.
    if len(token) > _MAX_TOKEN_CHARS or not (token.isascii() and token.isprintable()):
        raise InvalidInput("That is not a token.")
    return token
