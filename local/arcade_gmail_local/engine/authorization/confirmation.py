"""Confirm the user at the browser, and only then exchange the held code for a connection."""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import NoReturn

from arcade_gmail_local.engine.authorization.flows import Flow, FlowStore
from arcade_gmail_local.engine.authorization.notifier import Notifier, wait_for_event
from arcade_gmail_local.engine.authorization.provider import Account, OAuthProvider
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.http.responses import Refusal
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    StorageError,
    Unavailable,
)
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.recorder import Outcome
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenRecord

__all__ = ["Confirmation", "refuse_flow"]

logger = logging.getLogger(__name__)

_MAX_WAIT_S = 25.0
_POLL_S = 1.0

_REASONS = {
    "access_denied": "The person declined. Start again if that was a mistake.",
    "account_mismatch": (
        "This user is connected to another account. Disconnect that first, or choose it again."
    ),
    "cancelled": "The person cancelled. Start again if that was a mistake.",
    "expired": "This authorization has expired. Start again.",
    "flow_not_found": "There is no such authorization. Start again.",
    "in_progress": "This authorization is being finished right now. Ask again in a moment.",
    "misconfigured": "The provider refuses the engine's OAuth client. Tell the operator.",
    "not_ready": "The person has not consented yet. Confirm after the browser comes back.",
    "provider_refused": "The provider did not accept the authorization. Start again.",
    "storage_unavailable": "The permission could not be stored. Start again in a moment.",
    "provider_unavailable": "The provider could not be reached. Start again in a moment.",
    "user_mismatch": (
        "The signed-in user is not the one this authorization was started for. Start again."
    ),
}


def refuse_flow(reason: str, *, status: int = 400, retryable: bool = False) -> NoReturn:
    """Refuse in both forms that clients read: `{code, error, msg}` and `{name, message}`."""
    message = _REASONS.get(reason, "This authorization cannot be finished. Start again.")
    raise Refusal(
        status,
        reason,
        message,
        body={"code": status, "error": reason, "msg": message},
        retryable=retryable,
    )


class Confirmation:
    """Finish flows. A mismatch ends a flow for good; a repeated confirmation changes nothing."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        flows: FlowStore,
        manager: SecureTokenManager,
        provider: OAuthProvider,
        notifier: Notifier,
        events: Events,
    ) -> None:
        self._settings = settings
        self._flows = flows
        self._manager = manager
        self._provider = provider
        self._notifier = notifier
        self._events = events

    async def confirm(self, flow_id: str, user_id: str, *, actor: str) -> Flow:
        """Confirm that `user_id` is at the browser of this flow; return the flow, now over.

        Confirming the same user again returns the same result, in case the first one got lost.

        Raises:
            Refusal: 400 with a reason; `user_mismatch` is terminal, also for the right user.
        """
        flow = await self._flows.by_flow_id(flow_id)
        if flow is None:
            refuse_flow("flow_not_found", status=404)
        if not _same_user(flow.user_id, user_id):
            if not flow.over:
                logger.warning("a flow was confirmed as another user; it has ended")
                await self._refuse(flow, "user_mismatch", actor)
                self._notifier.notify(flow.id)
            refuse_flow("user_mismatch")
        if flow.phase == "held" and await self._flows.claim(flow):
            return await self._finish(flow, actor)
        return await self._outcome(flow)

    async def _outcome(self, flow: Flow) -> Flow:
        """Return how a flow ended, waiting if another request is finishing it."""
        with self._notifier.listening(flow.id) as event:
            found = await self._flows.by_id(flow.id)
            deadline = asyncio.get_running_loop().time() + _MAX_WAIT_S
            while found is not None and found.phase == "exchanging":
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    refuse_flow("in_progress", status=409, retryable=True)
                # Another process may finish it, and would not notify this one.
                await wait_for_event(event, min(left, _POLL_S))
                found = await self._flows.by_id(flow.id)
        if found is None:
            refuse_flow("flow_not_found", status=404)
        if found.user_was_confirmed:
            return found
        if found.phase == "failed":
            refuse_flow(found.reason or "failed")
        refuse_flow("not_ready" if found.phase == "pending" else "in_progress")

    async def _finish(self, flow: Flow, actor: str) -> Flow:
        try:
            await self._record(flow, "authorization.confirmed", "started", actor)
        except StorageError:
            # Nothing was done yet, so it can be confirmed again.
            await self._flows.release(flow)
            raise
        try:
            connection = await self._connect(flow, actor)
            if connection.covers(frozenset(flow.scopes)):
                await self._flows.complete(flow)
            else:
                await self._flows.fail(flow, "partial_consent")
        except ConnectionFailed as problem:
            if not problem.sent:
                # The code is still good: it certainly did not reach the provider.
                await self._flows.release(flow)
                refuse_flow("provider_unavailable", status=503, retryable=True)
            await self._end(flow, problem, actor)
        except GmailMultiuserError as problem:
            await self._end(flow, problem, actor)
        except BaseException:
            # Also when cancelled: a code that may have been used is never tried again.
            await self._flows.fail(flow, "interrupted")
            raise
        finally:
            self._notifier.notify(flow.id)
        return await self._outcome(flow)

    async def _connect(self, flow: Flow, actor: str) -> TokenRecord:
        attempt = await self._flows.attempt_of(flow)
        held = await self._flows.by_id(flow.id)
        if attempt is None or held is None:
            raise Unavailable("The authorization has expired.")
        code, verifier = self._flows.code_and_verifier(held, attempt)
        tokens = await self._provider.exchange(
            code, verifier if self._settings.pkce_enabled else None
        )
        account = await self._account(tokens.access_token)
        held = await self._flows.by_id(flow.id)
        if held is None or held.phase != "exchanging":
            # Meanwhile it was confirmed as another user, or cancelled in another tab.
            refuse_flow("failed" if held is None else held.reason or "failed")
        asked = frozenset((*flow.scopes, *self._settings.provider.identity_scopes))
        return await self._manager.store_user_token(
            flow.user_id,
            flow.provider,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_in=tokens.lifetime_s,
            scopes=asked if tokens.scopes is None else tokens.scopes,
            subject=account.subject,
            email=account.email,
            actor=actor,
        )

    async def _account(self, access_token: HiddenText) -> Account:
        try:
            return await self._provider.account(access_token)
        except (Unavailable, ConnectionFailed, DeadlineExceeded):
            # Reading twice is harmless, and a lost response here would cost the person's consent.
            pass
        try:
            return await self._provider.account(access_token)
        except ConnectionFailed:
            # The code is used up by now, so this must not look like one that was never sent.
            raise Unavailable("The account behind the permission could not be read.") from None

    async def _end(self, flow: Flow, problem: GmailMultiuserError, actor: str) -> NoReturn:
        reason = _reason(problem)
        logger.warning("an authorization failed: %s", reason)
        await self._refuse(flow, reason, actor)
        refuse_flow(reason, status=_STATUSES.get(reason, 502))

    async def _refuse(self, flow: Flow, reason: str, actor: str) -> None:
        try:
            await self._record(flow, "authorization.refused", "refused", actor, reason=reason)
        finally:
            # Ending it is safe, whether or not that could be recorded.
            await self._flows.fail(flow, reason)

    async def _record(
        self, flow: Flow, event: str, outcome: Outcome, actor: str, **detail: str
    ) -> None:
        await self._events.record(
            event,
            outcome,
            actor=actor,
            user_id=flow.user_id,
            provider=flow.provider,
            authorization=flow.id,
            **detail,
        )


_STATUSES = {"account_mismatch": 400, "provider_refused": 400, "storage_unavailable": 503}


def _reason(problem: GmailMultiuserError) -> str:
    if isinstance(problem, Conflict):
        return "account_mismatch"
    if isinstance(problem, ConfigurationError):
        return "misconfigured"
    if isinstance(problem, StorageError):
        return "storage_unavailable"
    if isinstance(problem, Unavailable | ConnectionFailed | DeadlineExceeded):
        return "provider_unavailable"
    return "provider_refused"


def _same_user(one: str, other: str) -> bool:
    # Bytes, as they came: a case or Unicode variant is another user.
    return hmac.compare_digest(one.encode(), other.encode())
