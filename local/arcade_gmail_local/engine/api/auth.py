"""/v1/auth: authorize, status, confirm_user."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.connecting.authorizer import Authorizer
from arcade_gmail_local.engine.connecting.confirmation import Confirmation
from arcade_gmail_local.engine.http.answers import Refusal, answer
from arcade_gmail_local.engine.http.bodies import (
    bad_request,
    check_user_id,
    read_object,
    required_text,
    scopes_of,
    text_or_none,
)
from arcade_gmail_local.engine.http.callers import caller_of
from arcade_gmail_local.engine.settings import EngineSettings

__all__ = ["AuthApi"]

_LONGEST_WAIT_S = 59
_LARGEST_BODY = 64 * 1024


class AuthApi:
    """What arcadepy's `client.auth` calls."""

    def __init__(
        self, settings: EngineSettings, authorizer: Authorizer, confirmation: Confirmation
    ) -> None:
        self._settings = settings
        self._authorizer = authorizer
        self._confirmation = confirmation

    def routes(self) -> list[Route]:
        return [
            Route("/v1/auth/authorize", self.authorize, methods=["POST"]),
            Route("/v1/auth/status", self.status, methods=["GET"]),
            Route("/v1/auth/confirm_user", self.confirm_user, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Start an authorization for scopes, or say that they are held already."""
        body = await read_object(request, max_bytes=_LARGEST_BODY)
        user_id = check_user_id(body.get("user_id"))
        requirement = body.get("auth_requirement")
        if not isinstance(requirement, dict):
            bad_request("auth_requirement is required.")
        provider = text_or_none(requirement, "provider_id") or text_or_none(requirement, "id")
        if provider is None:
            bad_request("auth_requirement needs provider_id or id.")
        kind = text_or_none(requirement, "provider_type") or "oauth2"
        if provider != self._settings.provider.id or kind != "oauth2":
            bad_request("That provider is not configured.", name="no_provider")
        oauth2 = {} if requirement.get("oauth2") is None else requirement["oauth2"]
        if not isinstance(oauth2, dict):
            bad_request("auth_requirement.oauth2 must be a JSON object.")
        found = await self._authorizer.authorize(
            user_id,
            scopes_of(oauth2.get("scopes")),
            text_or_none(body, "next_uri"),
            actor=caller_of(request).name,
            caller=caller_of(request),
        )
        return answer(found)

    async def status(self, request: Request) -> Response:
        """Give a status, waiting for its end if `wait` says how many seconds."""
        auth_id = request.query_params.get("id", "")
        if not auth_id or len(auth_id) > 128 or "\0" in auth_id:
            bad_request("id is required.")
        wait = request.query_params.get("wait", "0")
        if not wait.isascii() or not wait.isdigit() or len(wait) > 9:
            bad_request("wait must be a whole number of seconds, at most 59.")
        scopes = request.query_params.get("scopes")
        wanted = None if scopes is None else scopes_of(scopes.replace(",", " ").split())
        found = await self._authorizer.status(
            auth_id, wanted, min(int(wait), _LONGEST_WAIT_S), caller=caller_of(request)
        )
        if found is None:
            raise Refusal(404, "not_found", "There is no such authorization.")
        return answer(found)

    async def confirm_user(self, request: Request) -> Response:
        """Take the word of the application's server for who is signed in at the browser."""
        body = await read_object(request, max_bytes=_LARGEST_BODY)
        flow_id = required_text(body, "flow_id")
        flow = await self._confirmation.confirm(
            flow_id, check_user_id(body.get("user_id")), actor=caller_of(request).name
        )
        found = {"auth_id": flow.id}
        if flow.next_uri is not None and self._settings.may_continue_at(flow.next_uri):
            found["next_uri"] = flow.next_uri
        return answer(found)
