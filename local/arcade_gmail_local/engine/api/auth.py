"""Answer /v1/auth: authorize, status and confirm_user, as arcadepy's `client.auth` calls them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.http.api_keys import caller_of
from arcade_gmail_local.engine.http.bodies import (
    check_user_id,
    read_object,
    required_text,
    scopes_of,
    text_or_none,
)
from arcade_gmail_local.engine.http.responses import Refusal, bad_request, json_response
from arcade_gmail_local.engine.services import services_of

__all__ = ["ROUTES"]

_MAX_WAIT_S = 59
_MAX_BODY_BYTES = 64 * 1024


async def authorize(request: Request) -> Response:
    """Start an authorization for scopes, or report that they are held already."""
    services = services_of(request)
    body = await read_object(request, max_bytes=_MAX_BODY_BYTES)
    user_id = check_user_id(body.get("user_id"))
    found = await services.authorizer.authorize(
        user_id,
        _scopes_in(body.get("auth_requirement"), services.settings.provider.id),
        text_or_none(body, "next_uri"),
        actor=caller_of(request).name,
        caller=caller_of(request),
    )
    return json_response(found)


def _scopes_in(requirement: Any, provider_id: str) -> tuple[str, ...]:
    if not isinstance(requirement, dict):
        bad_request("auth_requirement is required.")
    provider = text_or_none(requirement, "provider_id") or text_or_none(requirement, "id")
    if provider is None:
        bad_request("auth_requirement needs provider_id or id.")
    kind = text_or_none(requirement, "provider_type") or "oauth2"
    if provider != provider_id or kind != "oauth2":
        bad_request("That provider is not configured.", name="no_provider")
    oauth2 = {} if requirement.get("oauth2") is None else requirement["oauth2"]
    if not isinstance(oauth2, dict):
        bad_request("auth_requirement.oauth2 must be a JSON object.")
    return scopes_of(oauth2.get("scopes"))


async def status(request: Request) -> Response:
    """Return a status, waiting for the authorization's end for `wait` seconds."""
    auth_id = request.query_params.get("id", "")
    if not auth_id or len(auth_id) > 128 or "\0" in auth_id:
        bad_request("id is required.")
    wait = request.query_params.get("wait", "0")
    if not wait.isascii() or not wait.isdigit() or len(wait) > 9:
        bad_request("wait must be a whole number of seconds, at most 59.")
    scopes = request.query_params.get("scopes")
    wanted = None if scopes is None else scopes_of(scopes.replace(",", " ").split())
    found = await services_of(request).authorizer.status(
        auth_id, wanted, min(int(wait), _MAX_WAIT_S), caller=caller_of(request)
    )
    if found is None:
        raise Refusal(404, "not_found", "There is no such authorization.")
    return json_response(found)


async def confirm_user(request: Request) -> Response:
    """Accept the application server's word for who is signed in at the browser."""
    services = services_of(request)
    body = await read_object(request, max_bytes=_MAX_BODY_BYTES)
    flow_id = required_text(body, "flow_id")
    flow = await services.confirmation.confirm(
        flow_id, check_user_id(body.get("user_id")), actor=caller_of(request).name
    )
    found = {"auth_id": flow.id}
    if flow.next_uri is not None and services.settings.may_continue_at(flow.next_uri):
        found["next_uri"] = flow.next_uri
    return json_response(found)


ROUTES = [
    Route("/v1/auth/authorize", authorize, methods=["POST"]),
    Route("/v1/auth/status", status, methods=["GET"]),
    Route("/v1/auth/confirm_user", confirm_user, methods=["POST"]),
]
