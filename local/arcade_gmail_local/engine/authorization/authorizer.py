"""Say whether a user has granted scopes, and where to grant them if not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from arcade_gmail_local.engine.authorization.flows import Flow, FlowStore
from arcade_gmail_local.engine.authorization.notifier import Notifier, wait_for_event
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.http.api_keys import Caller
from arcade_gmail_local.engine.http.responses import Refusal, bad_request
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import AuthorizationError, RateLimited
from arcade_gmail_multiuser.security.rate_limits.limiter import AttemptLimiter
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import TokenDirectory

__all__ = ["Authorizer"]

logger = logging.getLogger(__name__)


class Authorizer:
    """Build arcadepy's AuthorizationResponse: id, status, url, scopes and user.

    It contains a token only for a caller that is granted token reading.

    Args:
        poll_s: how long another process's completion may go unnoticed by a waiting request.
    """

    def __init__(
        self,
        settings: EngineSettings,
        *,
        flows: FlowStore,
        manager: SecureTokenManager,
        directory: TokenDirectory,
        notifier: Notifier,
        limiter: AttemptLimiter,
        events: Events,
        poll_s: float,
    ) -> None:
        self._settings = settings
        self._flows = flows
        self._manager = manager
        self._directory = directory
        self._notifier = notifier
        self._limiter = limiter
        self._events = events
        self._poll_s = poll_s

    async def authorize(
        self,
        user_id: str,
        scopes: Iterable[str],
        next_uri: str | None = None,
        *,
        actor: str,
        caller: Caller | None = None,
    ) -> dict[str, Any]:
        """Return "completed" if the scopes are held, else "pending" with the url to open.

        Raises:
            Refusal: 400 for a `next_uri` that is not registered.
            RateLimited: this user's authorization has been tried too often.
        """
        if next_uri is not None and not self._settings.may_continue_at(next_uri):
            bad_request("next_uri is not one of the registered addresses.", name="bad_next_uri")
        wanted = tuple(dict.fromkeys(scopes))
        connection = await self.connection_of(user_id)
        if connection is not None and connection.covers(frozenset(wanted)):
            found = self._completed(connection.id, connection, wanted)
            if await self._add_token(found, caller):
                return found
        # Scopes already held cost no attempt, nor does an unusable request.
        await self._admit(user_id, actor)
        provider = self._settings.provider.id
        await self._events.record(
            "authorization.asked",
            "started",
            actor=actor,
            user_id=user_id,
            provider=provider,
            scopes=_short(wanted),
        )
        flow = await self._flows.open(user_id, provider, wanted, next_uri)
        return self._under_way(flow)

    async def _admit(self, user_id: str, actor: str) -> None:
        try:
            await self._limiter.admit(self._settings.project, user_id)
        except RateLimited:
            await self._events.record_once_a_minute(
                "authorization.limited", "refused", about=(user_id,), actor=actor, user_id=user_id
            )
            raise

    async def demand(self, user_id: str, scopes: Iterable[str], *, actor: str) -> Refusal:
        """Build the 403 of an unauthorized execute, with the authorization in its body."""
        found = await self.authorize(user_id, scopes, actor=actor)
        return Refusal(
            403,
            "tool_authorization_required",
            "tool authorization required: ask the person to open the url, then call again",
            body={"authorization": found, "url": found.get("url")},
        )

    async def connection_of(self, user_id: str) -> TokenRecord | None:
        """Return a user's connection, unless this engine's OAuth client cannot use it."""
        found = await self._manager.connection(user_id, provider=self._settings.provider.id)
        return None if found is None or self._manager.is_out_of_reach(found) else found

    async def status(
        self,
        auth_id: str,
        scopes: tuple[str, ...] | None,
        wait_s: float,
        *,
        caller: Caller | None = None,
    ) -> dict[str, Any] | None:
        """Return an authorization's status, waiting up to `wait_s` for its end; None if unknown.

        Without `scopes`, those that were asked for count.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while True:
            with self._notifier.listening(auth_id) as event:
                found = await self._status(auth_id, scopes)
                left = deadline - loop.time()
                if found is None or found["status"] in ("completed", "failed") or left <= 0:
                    break
                await wait_for_event(event, min(left, self._poll_s))
        if found is not None and not await self._add_token(found, caller):
            return {**found, "status": "not_started", "context": {}}
        return found

    async def _add_token(self, found: dict[str, Any], caller: Caller | None) -> bool:
        """Add the token for a caller that may read it; return False if consent is needed again.

        Raises:
            Unavailable: the token has expired and cannot be refreshed right now.
        """
        if caller is None or not caller.may_read_tokens or found["status"] != "completed":
            return True
        try:
            token = await self._manager.token_for(
                found["user_id"], found["scopes"], provider=found["provider_id"]
            )
        except AuthorizationError:
            return False
        await self._events.record(
            "token.released",
            "succeeded",
            actor=caller.name,
            user_id=found["user_id"],
            provider=found["provider_id"],
            to="api_key",
        )
        logger.info("a token was handed to the API key %r", caller.name)
        found["context"]["token"] = token.access_token
        return True

    async def _status(self, auth_id: str, scopes: tuple[str, ...] | None) -> dict[str, Any] | None:
        flow = await self._flows.by_id(auth_id)
        if flow is None:
            return await self._status_of_connection(auth_id, scopes)
        wanted = flow.scopes if scopes is None else scopes
        connection = await self.connection_of(flow.user_id)
        held = connection is not None and connection.covers(frozenset(wanted))
        # Another flow may have been granted what this one waits for; a failed one stays failed.
        if connection is not None and held and flow.phase in ("pending", "completed"):
            return self._completed(flow.id, connection, wanted)
        if flow.phase == "completed":
            # Disconnected since, or asked about more scopes than this flow was for.
            return {**self._under_way(flow), "status": "not_started", "url": None}
        return self._under_way(flow)

    async def _status_of_connection(
        self, connection_id: str, scopes: tuple[str, ...] | None
    ) -> dict[str, Any] | None:
        connection = await self._directory.by_id(connection_id)
        if connection is None:
            return None
        wanted = tuple(sorted(connection.scopes)) if scopes is None else scopes
        found = self._completed(connection.id, connection, wanted)
        if connection.covers(frozenset(wanted)) and not self._manager.is_out_of_reach(connection):
            return found
        return {**found, "status": "not_started", "context": {}}

    def _completed(
        self, auth_id: str, connection: TokenRecord, scopes: tuple[str, ...]
    ) -> dict[str, Any]:
        return {
            "id": auth_id,
            "status": "completed",
            "scopes": list(scopes),
            "provider_id": connection.provider,
            "user_id": connection.user_id,
            "context": {"user_info": {"sub": connection.subject, "email": connection.email}},
        }

    def _under_way(self, flow: Flow) -> dict[str, Any]:
        status = flow.phase if flow.over else "pending"
        found: dict[str, Any] = {
            "id": flow.id,
            "status": status,
            "scopes": list(flow.scopes),
            "provider_id": flow.provider,
            "user_id": flow.user_id,
            "context": {},
        }
        if status == "pending":
            found["url"] = self.start_url(flow)
        return found

    def start_url(self, flow: Flow) -> str:
        return f"{self._settings.origin}/v1/oauth/start?{urlencode({'flow_id': flow.flow_id})}"


def _short(scopes: Iterable[str]) -> str:
    """Shorten scopes to what follows their last slash: the audit keeps 256 characters."""
    return " ".join(sorted(scope.rsplit("/", 1)[-1] for scope in scopes))
