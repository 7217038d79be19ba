"""Serve the authorization endpoint, where people sign in and consent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from arcade_gmail_local.sandbox.oauth.authorization_request import (
    AuthorizationRequest,
    Blocked,
    SentBack,
    read_authorization_request,
    redirect_with,
)
from arcade_gmail_local.sandbox.oauth.consent_scopes import SIGN_IN
from arcade_gmail_local.sandbox.oauth.http_bodies import form_pairs
from arcade_gmail_local.sandbox.oauth.identity import Consent, Identity
from arcade_gmail_local.sandbox.oauth.pages import (
    PRIVATE,
    blocked_page,
    choose_account_page,
    consent_page,
)
from arcade_gmail_local.sandbox.oauth.people import People, Person

PENDING_LIFETIME_S = 600
MAX_PENDING = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class _Pending:
    asked: AuthorizationRequest
    expires_at: float


class ConsentEndpoint:
    """Answer GET and POST of /o/oauth2/v2/auth.

    There is no session: anyone who can reach the sandbox may sign in as anyone. The pages are tied
    to the request that opened them by an unguessable id, good for one decision in ten minutes.
    """

    def __init__(self, identity: Identity, people: People, *, issuer: str | None = None) -> None:
        self._identity = identity
        self._people = people
        self._issuer = issuer
        self._pending: dict[str, _Pending] = {}

    async def ask(self, request: Request) -> Response:
        """GET: check the application's request, then show the first page that is needed."""
        asked = read_authorization_request(request.query_params.multi_items(), self._identity)
        if isinstance(asked, Blocked):
            return blocked_page(asked.error, asked.description, asked.status)
        if isinstance(asked, SentBack):
            return self._send_back(
                request, asked.redirect_uri, asked.state, asked.error, asked.description
            )
        hinted = self._people.get(asked.login_hint) if asked.login_hint else None
        if "none" in asked.prompts:
            return self._answer_without_pages(request, asked, hinted)
        request_id = self._remember(asked)
        if hinted is None or "select_account" in asked.prompts:
            return choose_account_page(request_id, asked.client_id, self._people)
        return self._continue_as(request, request_id, asked, hinted)

    async def decide(self, request: Request) -> Response:
        """POST: accept the account, and then the decision.

        Fields: `request`, `account`, and from the consent page `scope` (repeated) and `decision`.
        """
        pairs = await form_pairs(request)
        if pairs is None:
            return blocked_page("invalid_request", "This is not the form of a sign-in page.", 400)
        fields = dict(pairs)
        request_id = fields.get("request", "")
        asked = self._recall(request_id)
        if asked is None:
            return blocked_page(
                "invalid_request",
                "This sign-in has ended or expired. Start again from the application.",
                400,
            )
        person = self._people.get(fields.get("account", ""))
        decision = fields.get("decision")
        if decision == "deny":
            return self._deny(request, request_id, asked)
        if person is None or decision not in {None, "allow"}:
            return blocked_page("invalid_request", "No such account or decision.", 400)
        if decision is None:
            return self._continue_as(request, request_id, asked, person)
        ticked = frozenset(value for name, value in pairs if name == "scope")
        return self._allow(request, request_id, asked, person, ticked)

    def _answer_without_pages(
        self, request: Request, asked: AuthorizationRequest, hinted: Person | None
    ) -> Response:
        if hinted is None or not self._has_all(asked, hinted):
            return self._send_back(
                request,
                asked.redirect_uri,
                asked.state,
                "interaction_required",
                "The person has to choose an account or to consent.",
            )
        return self._grant(request, asked, hinted, frozenset(asked.scopes))

    def _continue_as(
        self, request: Request, request_id: str, asked: AuthorizationRequest, person: Person
    ) -> Response:
        if "consent" not in asked.prompts and self._has_all(asked, person):
            self._pending.pop(request_id, None)
            return self._grant(request, asked, person, frozenset(asked.scopes))
        granted = self._identity.granted_scopes(person.email, asked.client_id)
        return consent_page(request_id, asked.client_id, person, asked.scopes, granted)

    def _has_all(self, asked: AuthorizationRequest, person: Person) -> bool:
        granted = self._identity.granted_scopes(person.email, asked.client_id)
        return granted.issuperset(asked.scopes)

    def _deny(self, request: Request, request_id: str, asked: AuthorizationRequest) -> Response:
        self._pending.pop(request_id, None)
        return self._send_back(
            request, asked.redirect_uri, asked.state, "access_denied", "The person denied access."
        )

    def _allow(
        self,
        request: Request,
        request_id: str,
        asked: AuthorizationRequest,
        person: Person,
        ticked: frozenset[str],
    ) -> Response:
        if not ticked <= frozenset(asked.scopes):
            return blocked_page("invalid_scope", "This scope was not requested.", 400)
        chosen = ticked | (frozenset(asked.scopes) & frozenset(SIGN_IN))
        if not chosen:
            return self._deny(request, request_id, asked)
        self._pending.pop(request_id, None)
        return self._grant(request, asked, person, chosen)

    def _grant(
        self,
        request: Request,
        asked: AuthorizationRequest,
        person: Person,
        scopes: frozenset[str],
    ) -> Response:
        if asked.include_granted_scopes:
            scopes |= self._identity.granted_scopes(person.email, asked.client_id)
        code = self._identity.issue_code(
            Consent(
                client_id=asked.client_id,
                redirect_uri=asked.redirect_uri,
                email=person.email,
                scopes=scopes,
                offline=asked.offline,
                prompted="consent" in asked.prompts,
                code_challenge=asked.code_challenge,
                nonce=asked.nonce,
            )
        )
        answer = {
            "state": asked.state,
            "iss": issuer_of(request, self._issuer),
            "code": code,
            "scope": " ".join(sorted(scopes)),
        }
        return _redirect(redirect_with(asked.redirect_uri, answer))

    def _send_back(
        self, request: Request, redirect_uri: str, state: str | None, error: str, description: str
    ) -> Response:
        answer = {
            "error": error,
            "error_description": description,
            "state": state,
            "iss": issuer_of(request, self._issuer),
        }
        return _redirect(redirect_with(redirect_uri, answer))

    def _remember(self, asked: AuthorizationRequest) -> str:
        while len(self._pending) >= MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        request_id = secrets.token_urlsafe(24)
        expires_at = self._identity.clock() + PENDING_LIFETIME_S
        self._pending[request_id] = _Pending(asked, expires_at)
        return request_id

    def _recall(self, request_id: str) -> AuthorizationRequest | None:
        pending = self._pending.get(request_id)
        if pending is None:
            return None
        if pending.expires_at <= self._identity.clock():
            del self._pending[request_id]
            return None
        return pending.asked


def issuer_of(request: Request, fixed: str | None) -> str:
    """Return this server's OpenID issuer: the origin of the request, unless one is fixed."""
    return fixed or f"{request.url.scheme}://{request.url.netloc}"


def _redirect(url: str) -> Response:
    # 303, so that a browser turns the POST of the form into a GET of the callback.
    return RedirectResponse(url, status_code=303, headers=PRIVATE)
