"""Serve what a browser opens: a flow's start, the provider's callback, the confirmation page.

No API key is needed: a random flow id, a state and a cookie take its place.
"""

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

from arcade_gmail_local.engine.authorization.flows import Attempt, Flow, digest
from arcade_gmail_local.engine.events import ANONYMOUS, BROWSER
from arcade_gmail_local.engine.http.guard import peer_of
from arcade_gmail_local.engine.http.responses import Refusal
from arcade_gmail_local.engine.pages.page_requests import (
    PageRefusal,
    go_to,
    read_form,
    single_values,
)
from arcade_gmail_local.engine.pages.permissions import in_words
from arcade_gmail_local.engine.pages.templating import PAGE_HEADERS, end_page, page
from arcade_gmail_local.engine.services import services_of
from arcade_gmail_multiuser.errors import RateLimited
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.origins import origin_of

__all__ = ["PATHS", "ROUTES"]

logger = logging.getLogger(__name__)

START_PATH = "/v1/oauth/start"
CALLBACK_PATH = "/v1/oauth/callback"
CONFIRM_PATH = "/v1/oauth/confirm"
PATHS = frozenset({START_PATH, CALLBACK_PATH, CONFIRM_PATH})

_MAX_ATTEMPTS = 20


async def start(request: Request) -> Response:
    """Bind this browser to the flow and send it to the provider."""
    services = services_of(request)
    settings, flows = services.settings, services.flows
    given = single_values(request.url.query)
    flow = await flows.by_flow_id(given["flow_id"]) if given.get("flow_id") else None
    if flow is None:
        await _count_guess(request)
        return end_page("link_unknown", status=404)
    if flow.phase != "pending":
        return _over(flow, otherwise="link_used")
    if request.method == "HEAD":
        # Link previews look without following; they must not use up attempts.
        return Response(headers=PAGE_HEADERS)
    if await flows.attempts_of(flow) >= _MAX_ATTEMPTS:
        return end_page("opened_too_often", status=429)
    await services.events.record(
        "authorization.started",
        "started",
        actor=BROWSER,
        user_id=flow.user_id,
        provider=flow.provider,
        authorization=flow.id,
    )
    state, cookie, verifier = (HiddenText(secrets.token_urlsafe(n)) for n in (32, 32, 64))
    await flows.begin(flow, state=state, cookie=cookie, verifier=verifier)
    held = await services.manager.connection(flow.user_id, provider=flow.provider)
    response = go_to(
        services.provider.consent_url(
            state=state,
            verifier=verifier if settings.pkce_enabled else None,
            scopes=flow.scopes,
            login_hint=held.email if held is not None else None,
        )
    )
    response.set_cookie(
        _cookie_name(request, digest(state)),
        cookie,
        # Long enough to consent, and then to confirm.
        max_age=int(2 * settings.state_ttl_s),
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


async def callback(request: Request) -> Response:
    """Accept the provider's answer, and hold the code until the user is confirmed."""
    services = services_of(request)
    given = single_values(request.url.query)
    if not given.get("state") or bool(given.get("code")) == bool(given.get("error")):
        return end_page("answer_unusable", status=400)
    attempt = await services.flows.attempt(digest(given["state"]))
    if attempt is None:
        await _count_guess(request)
    if attempt is None or not _same_browser(request, attempt):
        return end_page("other_browser", status=400)
    taken = await services.flows.consume(attempt)
    flow = await services.flows.by_id(attempt.flow)
    if not taken:
        return _reloaded(request, flow, attempt)
    if flow is None or flow.phase != "pending":
        return _over(flow, otherwise="link_used")
    refused = _refusal_in(given, services.settings.provider.issuer)
    if refused is not None:
        # To decline is a person's right, and no error.
        return await _end(request, flow, refused, status=200 if refused == "access_denied" else 400)
    if not await services.flows.hold(flow, attempt, given["code"]):
        return end_page("link_used", status=400)
    return go_to(_confirm_address(request, flow))


def _refusal_in(given: Mapping[str, str], issuer: str) -> str | None:
    """Return why the provider's answer brings no code to use, if it does not."""
    if given.get("iss", issuer) != issuer:
        return "issuer_mismatch"
    if given.get("error"):
        return "access_denied" if given["error"] == "access_denied" else "provider_refused"
    return None


def _reloaded(request: Request, flow: Flow | None, attempt: Attempt) -> Response:
    """Answer a reload of the callback: nothing is used twice, and nobody is stranded."""
    held_here = flow is not None and not flow.over and flow.attempt == attempt.state_hash
    if flow is None or not held_here:
        return _over(flow, otherwise="answer_used")
    return end_page("answer_used", status=400, continue_to=_confirm_address(request, flow))


def _confirm_address(request: Request, flow: Flow) -> str:
    settings = services_of(request).settings
    parts = urlsplit(settings.verifier_url or f"{settings.origin}{CONFIRM_PATH}")
    added = urlencode({"flow_id": flow.flow_id})
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


async def ask(request: Request) -> Response:
    """Show the engine's own confirmation page, only to the browser that consented."""
    flow, attempt = await _held_here(request, single_values(request.url.query))
    if flow.over:
        return _outcome(request, flow)
    identity_scopes = services_of(request).settings.provider.identity_scopes
    return page(
        "confirm.html",
        "Connect Gmail?",
        forms=f"'self' {origin_of(flow.next_uri)}" if flow.next_uri else "'self'",
        user_id=flow.user_id,
        permissions=in_words((*identity_scopes, *flow.scopes)),
        action=CONFIRM_PATH,
        flow_id=flow.flow_id,
        csrf=_csrf(_cookie(request, attempt), flow),
    )


async def decide(request: Request) -> Response:
    """Finish or cancel, as the person at the browser decides."""
    given = await read_form(request)
    flow, attempt = await _held_here(request, given)
    expected = _csrf(_cookie(request, attempt), flow)
    if not hmac.compare_digest(expected.encode(), given.get("csrf", "").encode()):
        return end_page("form_unusable", status=403)
    if given.get("decision") == "cancel":
        return await _end(request, flow, "cancelled", status=200)
    if given.get("decision") != "confirm":
        return end_page("form_unusable", status=400)
    confirmation = services_of(request).confirmation
    try:
        done = await confirmation.confirm(flow.flow_id, flow.user_id, actor=BROWSER)
    except Refusal as refusal:
        return end_page(refusal.name, status=refusal.status_code)
    return _outcome(request, done)


async def _held_here(request: Request, given: Mapping[str, str]) -> tuple[Flow, Attempt]:
    """Find a flow whose code this very browser brought; with a verifier, none is found."""
    services = services_of(request)
    flow = await services.flows.by_flow_id(given["flow_id"]) if given.get("flow_id") else None
    attempt = await services.flows.attempt_of(flow) if flow else None
    if (
        services.settings.verifier_url is not None
        or flow is None
        or attempt is None
        or not _same_browser(request, attempt)
    ):
        raise PageRefusal("other_browser")
    return flow, attempt


async def _end(request: Request, flow: Flow, reason: str, *, status: int = 400) -> Response:
    services = services_of(request)
    try:
        await services.events.record(
            "authorization.refused",
            "refused",
            actor=BROWSER,
            user_id=flow.user_id,
            provider=flow.provider,
            authorization=flow.id,
            reason=reason,
        )
    finally:
        # Ending it is safe, whether or not that could be recorded.
        ended = await services.flows.fail(flow, reason)
        services.notifier.notify(flow.id)
    if ended:
        logger.info("a flow ended: %s", reason)
        return end_page(reason, status=status)
    # It was over before: what counts is how it ended then.
    return _over(await services.flows.by_id(flow.id), otherwise=reason)


def _outcome(request: Request, flow: Flow) -> Response:
    if not flow.user_was_confirmed:
        return end_page(flow.reason, status=400)
    settings = services_of(request).settings
    if flow.next_uri is not None and settings.may_continue_at(flow.next_uri):
        return go_to(flow.next_uri)
    return end_page(flow.reason or "connected")


async def _count_guess(request: Request) -> None:
    """Count a flow id or state that does not exist, by the address that it came from."""
    services, address = services_of(request), peer_of(request)
    try:
        await services.limiter.admit_stranger(address)
    except RateLimited as limited:
        await services.events.record_once_a_minute(
            "link.limited", "refused", about=(address,), actor=ANONYMOUS, address=address
        )
        wait_s = -(-(limited.retry_after_ms or 1000) // 1000)
        raise PageRefusal("guessed_too_often", 429, headers={"Retry-After": str(wait_s)}) from None


# One cookie for each attempt, so that several tabs do not disturb one another.


def _cookie_name(request: Request, state_hash: str) -> str:
    # Browsers accept a __Host- cookie only with Secure, from this host and for all of it.
    prefix = "__Host-" if services_of(request).settings.secure_cookies else ""
    return f"{prefix}agm-{state_hash[:16]}"


def _cookie(request: Request, attempt: Attempt) -> HiddenText:
    return HiddenText(request.cookies.get(_cookie_name(request, attempt.state_hash), ""))


def _same_browser(request: Request, attempt: Attempt) -> bool:
    if not services_of(request).settings.state_validation:
        return True
    return hmac.compare_digest(digest(_cookie(request, attempt)), attempt.cookie_hash)


def _over(flow: Flow | None, *, otherwise: str) -> Response:
    """Say how a flow ended to a later visitor; 400, since this visit did nothing."""
    if flow is None or not flow.over:
        return end_page(otherwise, status=400)
    return end_page("connected" if flow.phase == "completed" else flow.reason, status=400)


def _csrf(cookie: str, flow: Flow) -> str:
    # Derived from the browser's own cookie, which no other site can read or guess.
    return hmac.new(cookie.encode(), f"confirm {flow.id}".encode(), hashlib.sha256).hexdigest()


ROUTES = [
    Route(START_PATH, start, methods=["GET"]),
    Route(CALLBACK_PATH, callback, methods=["GET"]),
    Route(CONFIRM_PATH, ask, methods=["GET"]),
    Route(CONFIRM_PATH, decide, methods=["POST"]),
]
