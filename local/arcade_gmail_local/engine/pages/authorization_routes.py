"""What a browser opens: the start of a flow, the provider's callback, the confirmation page."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.connecting.confirmation import Confirmation
from arcade_gmail_local.engine.connecting.flows import Attempt, Flow, FlowStore, digest
from arcade_gmail_local.engine.connecting.provider import OAuthProvider
from arcade_gmail_local.engine.connecting.waiting import Bell
from arcade_gmail_local.engine.events import BROWSER, NOBODY, Events
from arcade_gmail_local.engine.http.answers import Refusal
from arcade_gmail_local.engine.http.guard import peer_of
from arcade_gmail_local.engine.pages.oauth_pages import PAGE_HEADERS, confirm_page, end_page
from arcade_gmail_local.engine.pages.page_requests import (
    PageRefusal,
    go_to,
    read_form,
    single_values,
)
from arcade_gmail_local.engine.pages.permissions import in_words
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import RateLimited
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.origins import origin_of
from arcade_gmail_multiuser.security.rate_limits.limiter import AttemptLimiter
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager

__all__ = ["CALLBACK_PATH", "CONFIRM_PATH", "START_PATH", "BrowserRoutes"]

logger = logging.getLogger(__name__)

START_PATH = "/v1/oauth/start"
CALLBACK_PATH = "/v1/oauth/callback"
CONFIRM_PATH = "/v1/oauth/confirm"

_MOST_ATTEMPTS = 20


class BrowserRoutes:
    """The doors without an API key: a random flow id, a state and a cookie open them."""

    def __init__(
        self,
        settings: EngineSettings,
        flows: FlowStore,
        manager: SecureTokenManager,
        provider: OAuthProvider,
        confirmation: Confirmation,
        bell: Bell,
        limiter: AttemptLimiter,
        events: Events,
    ) -> None:
        self._settings = settings
        self._flows = flows
        self._manager = manager
        self._provider = provider
        self._confirmation = confirmation
        self._bell = bell
        self._limiter = limiter
        self._events = events

    def routes(self) -> list[Route]:
        return [
            Route(START_PATH, self.start, methods=["GET"]),
            Route(CALLBACK_PATH, self.callback, methods=["GET"]),
            Route(CONFIRM_PATH, self.ask, methods=["GET"]),
            Route(CONFIRM_PATH, self.decide, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """Bind this browser to the flow and send it to the provider."""
        given = single_values(request.url.query)
        flow = await self._flows.by_flow_id(given["flow_id"]) if given.get("flow_id") else None
        if flow is None:
            await self._count_guess(request)
            return end_page("link_unknown", status=404)
        if flow.phase != "pending":
            return _over(flow, otherwise="link_used")
        if request.method == "HEAD":
            # Link previews look without following; they must not use up attempts.
            return Response(headers=PAGE_HEADERS)
        if await self._flows.attempts_of(flow) >= _MOST_ATTEMPTS:
            return end_page("opened_too_often", status=429)
        await self._events.tell(
            "authorization.started",
            "started",
            actor=BROWSER,
            user_id=flow.user_id,
            provider=flow.provider,
            authorization=flow.id,
        )
        state, cookie, verifier = (HiddenText(secrets.token_urlsafe(n)) for n in (32, 32, 64))
        await self._flows.begin(flow, state=state, cookie=cookie, verifier=verifier)
        held = await self._manager.connection(flow.user_id, provider=flow.provider)
        target = self._provider.consent_url(
            state=state,
            verifier=verifier if self._settings.pkce_enabled else None,
            scopes=flow.scopes,
            login_hint=held.email if held is not None else None,
        )
        response = go_to(target)
        response.set_cookie(
            self._cookie_name(digest(state)),
            cookie,
            # Long enough to consent, and then to confirm.
            max_age=int(2 * self._settings.state_ttl_s),
            path="/",
            secure=self._settings.secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Take the provider's answer, and hold the code until it is known who is there."""
        given = single_values(request.url.query)
        if not given.get("state") or bool(given.get("code")) == bool(given.get("error")):
            return end_page("answer_unusable", status=400)
        attempt = await self._flows.attempt(digest(given["state"]))
        if attempt is None or not self._same_browser(request, attempt):
            if attempt is None:
                await self._count_guess(request)
            return end_page("other_browser", status=400)
        taken = await self._flows.consume(attempt)
        flow = await self._flows.by_id(attempt.flow)
        if not taken:
            return self._again(flow, attempt)
        if flow is None or flow.phase != "pending":
            return _over(flow, otherwise="link_used")
        issuer = given.get("iss")
        if issuer is not None and issuer != self._settings.provider.issuer:
            return await self._end(flow, "issuer_mismatch")
        if given.get("error"):
            denied = given["error"] == "access_denied"
            return await self._end(
                flow,
                "access_denied" if denied else "provider_refused",
                status=200 if denied else 400,
            )
        if not await self._flows.hold(flow, attempt, given["code"]):
            return end_page("link_used", status=400)
        return go_to(self._confirm_address(flow))

    def _again(self, flow: Flow | None, attempt: Attempt) -> Response:
        """Answer a reload of the callback: nothing is taken twice, but nobody is left stranded."""
        held_here = flow is not None and not flow.over and flow.attempt == attempt.state_hash
        if flow is None or not held_here:
            return _over(flow, otherwise="answer_used")
        return end_page(
            "answer_used", status=400, go_on=(self._confirm_address(flow), "Go on to the last step")
        )

    def _confirm_address(self, flow: Flow) -> str:
        address = self._settings.verifier_url or f"{self._settings.origin}{CONFIRM_PATH}"
        parts = urlsplit(address)
        added = urlencode({"flow_id": flow.flow_id})
        query = f"{parts.query}&{added}" if parts.query else added
        return urlunsplit(parts._replace(query=query))

    async def ask(self, request: Request) -> Response:
        """Show the engine's own confirmation page, to the browser that consented only."""
        given = single_values(request.url.query)
        flow, attempt = await self._held_here(request, given)
        if flow.over:
            return self._outcome(flow)
        continues_at = origin_of(flow.next_uri) if flow.next_uri else None
        return confirm_page(
            user_id=flow.user_id,
            permissions=in_words((*self._settings.provider.identity_scopes, *flow.scopes)),
            action=CONFIRM_PATH,
            flow_id=flow.flow_id,
            csrf=_csrf(self._cookie(request, attempt), flow),
            continues_at=continues_at,
        )

    async def decide(self, request: Request) -> Response:
        """Finish or cancel, as the person at the browser says."""
        given = await read_form(request)
        flow, attempt = await self._held_here(request, given)
        expected = _csrf(self._cookie(request, attempt), flow)
        if not hmac.compare_digest(expected.encode(), given.get("csrf", "").encode()):
            return end_page("form_unusable", status=403)
        if given.get("decision") == "cancel":
            return await self._end(flow, "cancelled", status=200)
        if given.get("decision") != "confirm":
            return end_page("form_unusable", status=400)
        try:
            return self._outcome(await self._confirm(flow))
        except Refusal as refusal:
            return end_page(refusal.name, status=refusal.status_code)

    async def _confirm(self, flow: Flow) -> Flow:
        return await self._confirmation.confirm(flow.flow_id, flow.user_id, actor=BROWSER)

    async def _held_here(self, request: Request, given: Mapping[str, str]) -> tuple[Flow, Attempt]:
        """Find a flow whose code this very browser brought; with a verifier, none is found."""
        flow = await self._flows.by_flow_id(given["flow_id"]) if given.get("flow_id") else None
        attempt = await self._flows.attempt_of(flow) if flow else None
        if (
            self._settings.verifier_url is not None
            or flow is None
            or attempt is None
            or not self._same_browser(request, attempt)
        ):
            raise PageRefusal("other_browser")
        return flow, attempt

    async def _end(self, flow: Flow, reason: str, *, status: int = 400) -> Response:
        try:
            await self._events.tell(
                "authorization.refused",
                "refused",
                actor=BROWSER,
                user_id=flow.user_id,
                provider=flow.provider,
                authorization=flow.id,
                reason=reason,
            )
        finally:
            # Ending it is the safe side, whether or not that could be recorded.
            ended = await self._flows.fail(flow, reason)
            self._bell.ring(flow.id)
        if ended:
            logger.info("a flow ended: %s", reason)
            return end_page(reason, status=status)
        # It was over before: what counts is how it ended then.
        return _over(await self._flows.by_id(flow.id), otherwise=reason)

    def _outcome(self, flow: Flow) -> Response:
        if not flow.user_was_confirmed:
            return end_page(flow.reason, status=400)
        if flow.next_uri is not None and self._settings.may_continue_at(flow.next_uri):
            return go_to(flow.next_uri)
        return end_page(flow.reason or "connected")

    async def _count_guess(self, request: Request) -> None:
        """Count a flow id or state that does not exist, by the address that it came from."""
        try:
            await self._limiter.admit_stranger(peer_of(request))
        except RateLimited as limited:
            address = peer_of(request)
            await self._events.tell_once_a_minute(
                "link.limited", "refused", about=(address,), actor=NOBODY, address=address
            )
            wait_s = -(-(limited.retry_after_ms or 1000) // 1000)
            raise PageRefusal(
                "guessed_too_often", 429, headers={"Retry-After": str(wait_s)}
            ) from None

    # Cookies: one for each attempt, so that several tabs do not disturb one another.

    def _cookie_name(self, state_hash: str) -> str:
        # Browsers take a __Host- cookie only with Secure, from this host, for all of it.
        prefix = "__Host-" if self._settings.secure_cookies else ""
        return f"{prefix}agm-{state_hash[:16]}"

    def _cookie(self, request: Request, attempt: Attempt) -> HiddenText:
        return HiddenText(request.cookies.get(self._cookie_name(attempt.state_hash), ""))

    def _same_browser(self, request: Request, attempt: Attempt) -> bool:
        if not self._settings.state_validation:
            return True
        return hmac.compare_digest(digest(self._cookie(request, attempt)), attempt.cookie_hash)


def _over(flow: Flow | None, *, otherwise: str) -> Response:
    """Say how a flow ended to whoever comes later; 400, since this visit did nothing."""
    if flow is None or not flow.over:
        return end_page(otherwise, status=400)
    return end_page("connected" if flow.phase == "completed" else flow.reason, status=400)


def _csrf(cookie: str, flow: Flow) -> str:
    # Made from the browser's own cookie, which no other site can read or guess.
    return hmac.new(cookie.encode(), f"confirm {flow.id}".encode(), hashlib.sha256).hexdigest()
