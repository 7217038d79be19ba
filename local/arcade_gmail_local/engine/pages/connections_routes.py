"""Serve the page on which a person sees their connections and ends them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.authorization.visits import VISIT_TTL_S
from arcade_gmail_local.engine.events import BROWSER
from arcade_gmail_local.engine.http.api_keys import caller_of
from arcade_gmail_local.engine.http.bodies import check_user_id, read_object
from arcade_gmail_local.engine.http.responses import json_response
from arcade_gmail_local.engine.http.timestamps import iso
from arcade_gmail_local.engine.pages.page_requests import (
    PageRefusal,
    go_to,
    is_a_visit,
    read_form,
    single_values,
)
from arcade_gmail_local.engine.pages.templating import PAGE_HEADERS, end_page, page
from arcade_gmail_local.engine.services import services_of
from arcade_gmail_multiuser.security.tokens.record import TokenRecord

__all__ = ["PATHS", "ROUTES"]

INVITE_PATH = "/v1/connections_page"
LIST_PATH = "/v1/oauth/connections"
OPEN_PATH = f"{LIST_PATH}/open"
DISCONNECT_PATH = f"{LIST_PATH}/disconnect"
LEAVE_PATH = f"{LIST_PATH}/leave"

PATHS = frozenset({LIST_PATH, OPEN_PATH, DISCONNECT_PATH, LEAVE_PATH})
"""Open to browsers: the visit's cookie, or a link that works once, takes the key's place."""

_MAX_BODY_BYTES = 64 * 1024
_MAX_SHOWN = 100


async def invite(request: Request) -> Response:
    """Give the application a link for the user who is signed in there."""
    services = services_of(request)
    body = await read_object(request, max_bytes=_MAX_BODY_BYTES)
    user_id = check_user_id(body.get("user_id"))
    await services.events.record(
        "connections_page.opened", "started", actor=caller_of(request).name, user_id=user_id
    )
    link, expires_at = await services.visits.invite(user_id)
    url = f"{services.settings.origin}{OPEN_PATH}?{urlencode({'link': link})}"
    return json_response({"url": url, "expires_at": iso(expires_at)})


async def open_link(request: Request) -> Response:
    """Turn the link into a visit. A preview or a prefetch must not use it up."""
    services = services_of(request)
    posted = request.method == "POST"
    given = await read_form(request) if posted else single_values(request.url.query)
    link = given.get("link", "")
    if not link:
        raise PageRefusal("link_unknown", 404)
    if request.method == "HEAD":
        return Response(headers=PAGE_HEADERS)
    if not posted and not is_a_visit(request):
        return page("open.html", "Your connections", forms="'self'", action=OPEN_PATH, link=link)
    cookie = await services.visits.begin(link)
    response = go_to(LIST_PATH)
    if cookie is None:
        # Reloaded or revisited: the visit that the link began may still go on here.
        if await services.visits.visitor(_cookie(request)) is None:
            raise PageRefusal("visit_over", 410)
        return response
    response.set_cookie(
        _cookie_name(request),
        cookie,
        max_age=int(VISIT_TTL_S),
        path="/",
        secure=services.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


async def show(request: Request) -> Response:
    services = services_of(request)
    user_id = await _visitor(request)
    await services.manager.flush()
    found, _ = await services.directory.page(limit=_MAX_SHOWN, offset=0, user_id=user_id)
    return page(
        "connections.html",
        "Your connections",
        forms="'self'",
        user_id=user_id,
        connections=found,
        disconnect_path=DISCONNECT_PATH,
        leave_path=LEAVE_PATH,
        csrf=_csrf(request, "leave"),
        just_disconnected=request.query_params.get("done") == "1",
    )


async def ask_to_disconnect(request: Request) -> Response:
    connection = await _own(request, await _visitor(request), single_values(request.url.query))
    if connection is None:
        return go_to(LIST_PATH)
    return page(
        "disconnect.html",
        "Disconnect this account?",
        forms="'self'",
        connection=connection,
        action=DISCONNECT_PATH,
        back=LIST_PATH,
        csrf=_csrf(request, f"disconnect {connection.id}"),
    )


async def disconnect(request: Request) -> Response:
    """Erase the connection and revoke it, once the person has confirmed."""
    given = await read_form(request)
    user_id = await _visitor(request)
    _check_csrf(request, given, f"disconnect {given.get('id', '')}")
    connection = await _own(request, user_id, given)
    if connection is not None:
        await services_of(request).disconnector.disconnect(connection, actor=BROWSER)
    # Gone already, in another tab or by pressing twice: that is what was wanted.
    return go_to(f"{LIST_PATH}?done=1")


async def leave(request: Request) -> Response:
    """End the visit, as one should on another person's computer."""
    services = services_of(request)
    given = await read_form(request)
    await _visitor(request)
    _check_csrf(request, given, "leave")
    await services.visits.end(_cookie(request))
    response = end_page("visit_closed")
    response.delete_cookie(
        _cookie_name(request),
        secure=services.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


async def _visitor(request: Request) -> str:
    cookie = _cookie(request)
    user_id = await services_of(request).visits.visitor(cookie) if cookie else None
    if user_id is None:
        raise PageRefusal("visit_over", 403)
    return user_id


async def _own(request: Request, user_id: str, given: Mapping[str, str]) -> TokenRecord | None:
    """Find a connection of this very user; another user's is not found."""
    connection = await services_of(request).directory.by_id(given.get("id", ""))
    return connection if connection is not None and connection.user_id == user_id else None


def _cookie_name(request: Request) -> str:
    # Browsers accept a __Host- cookie only with Secure, from this host and for all of it.
    secure = services_of(request).settings.secure_cookies
    return "__Host-agm-visit" if secure else "agm-visit"


def _cookie(request: Request) -> str:
    return request.cookies.get(_cookie_name(request), "")


def _csrf(request: Request, purpose: str) -> str:
    # Derived from the browser's own cookie, which no other site can read or guess.
    return hmac.new(_cookie(request).encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _check_csrf(request: Request, given: Mapping[str, str], purpose: str) -> None:
    expected = _csrf(request, purpose)
    if not hmac.compare_digest(expected.encode(), given.get("csrf", "").encode()):
        raise PageRefusal("form_unusable", 403)


ROUTES = [
    Route(INVITE_PATH, invite, methods=["POST"]),
    Route(OPEN_PATH, open_link, methods=["GET", "POST"]),
    Route(LIST_PATH, show, methods=["GET"]),
    Route(DISCONNECT_PATH, ask_to_disconnect, methods=["GET"]),
    Route(DISCONNECT_PATH, disconnect, methods=["POST"]),
    Route(LEAVE_PATH, leave, methods=["POST"]),
]
