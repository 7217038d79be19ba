"""A page on which a person sees what is connected, and disconnects it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.connecting.revocation import Disconnector
from arcade_gmail_local.engine.connecting.visits import VISIT_TTL_S, Visits
from arcade_gmail_local.engine.events import BROWSER, Events
from arcade_gmail_local.engine.http.answers import answer
from arcade_gmail_local.engine.http.bodies import check_user_id, read_object
from arcade_gmail_local.engine.http.callers import caller_of
from arcade_gmail_local.engine.http.moments import iso
from arcade_gmail_local.engine.pages.connection_pages import (
    ask_to_disconnect_page,
    ask_to_open_page,
    connections_page,
)
from arcade_gmail_local.engine.pages.oauth_pages import PAGE_HEADERS, end_page
from arcade_gmail_local.engine.pages.page_requests import (
    PageRefusal,
    go_to,
    is_a_visit,
    read_form,
    single_values,
)
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import TokenDirectory

__all__ = ["CONNECTION_PAGE_PATHS", "ConnectionsPage"]

INVITE_PATH = "/v1/connections_page"
LIST_PATH = "/v1/oauth/connections"
OPEN_PATH = f"{LIST_PATH}/open"
DISCONNECT_PATH = f"{LIST_PATH}/disconnect"
LEAVE_PATH = f"{LIST_PATH}/leave"

CONNECTION_PAGE_PATHS = frozenset({LIST_PATH, OPEN_PATH, DISCONNECT_PATH, LEAVE_PATH})
"""Open to browsers: the visit's cookie, or a link that works once, takes the key's place."""

_LARGEST_BODY = 64 * 1024
_MOST_SHOWN = 100


class ConnectionsPage:
    """The link that the application asks for, and the pages behind it."""

    def __init__(
        self,
        settings: EngineSettings,
        visits: Visits,
        manager: SecureTokenManager,
        directory: TokenDirectory,
        disconnector: Disconnector,
        events: Events,
    ) -> None:
        self._settings = settings
        self._visits = visits
        self._manager = manager
        self._directory = directory
        self._disconnector = disconnector
        self._events = events

    def routes(self) -> list[Route]:
        return [
            Route(INVITE_PATH, self.invite, methods=["POST"]),
            Route(OPEN_PATH, self.open, methods=["GET", "POST"]),
            Route(LIST_PATH, self.show, methods=["GET"]),
            Route(DISCONNECT_PATH, self.ask_to_disconnect, methods=["GET"]),
            Route(DISCONNECT_PATH, self.disconnect, methods=["POST"]),
            Route(LEAVE_PATH, self.leave, methods=["POST"]),
        ]

    async def invite(self, request: Request) -> Response:
        """Give the application a link for the user who is signed in there."""
        body = await read_object(request, max_bytes=_LARGEST_BODY)
        user_id = check_user_id(body.get("user_id"))
        await self._events.tell(
            "connections_page.opened", "started", actor=caller_of(request).name, user_id=user_id
        )
        link, expires_at = await self._visits.invite(user_id)
        url = f"{self._settings.origin}{OPEN_PATH}?{urlencode({'link': link})}"
        return answer({"url": url, "expires_at": iso(expires_at)})

    async def open(self, request: Request) -> Response:
        """Turn the link into a visit. A preview or a prefetch must not use it up."""
        posted = request.method == "POST"
        given = await read_form(request) if posted else single_values(request.url.query)
        link = given.get("link", "")
        if not link:
            raise PageRefusal("link_unknown", 404)
        if request.method == "HEAD":
            return Response(headers=PAGE_HEADERS)
        if not posted and not is_a_visit(request):
            return ask_to_open_page(action=OPEN_PATH, link=link)
        cookie = await self._visits.begin(link)
        if cookie is None:
            # Reloaded, or come back to: the visit that it began may still go on here.
            if await self._visits.visitor(self._cookie(request)) is None:
                raise PageRefusal("visit_over", 410)
            return go_to(LIST_PATH)
        response = go_to(LIST_PATH)
        response.set_cookie(
            self._cookie_name,
            cookie,
            max_age=int(VISIT_TTL_S),
            path="/",
            secure=self._settings.secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return response

    async def show(self, request: Request) -> Response:
        user_id = await self._visitor(request)
        await self._manager.flush()
        found, _ = await self._directory.page(limit=_MOST_SHOWN, offset=0, user_id=user_id)
        return connections_page(
            user_id,
            found,
            disconnect_path=DISCONNECT_PATH,
            leave_path=LEAVE_PATH,
            csrf=self._csrf(request, "leave"),
            just_disconnected=request.query_params.get("done") == "1",
        )

    async def ask_to_disconnect(self, request: Request) -> Response:
        user_id = await self._visitor(request)
        connection = await self._mine(user_id, single_values(request.url.query))
        if connection is None:
            return go_to(LIST_PATH)
        return ask_to_disconnect_page(
            connection,
            action=DISCONNECT_PATH,
            back=LIST_PATH,
            csrf=self._csrf(request, f"disconnect {connection.id}"),
        )

    async def disconnect(self, request: Request) -> Response:
        """Erase the connection and revoke it, once the person has said so twice."""
        given = await read_form(request)
        user_id = await self._visitor(request)
        self._check_csrf(request, given, f"disconnect {given.get('id', '')}")
        connection = await self._mine(user_id, given)
        if connection is not None:
            await self._disconnector.disconnect(connection, actor=BROWSER)
        # Gone already, in another tab or by pressing twice: that is what was wanted.
        return go_to(f"{LIST_PATH}?done=1")

    async def leave(self, request: Request) -> Response:
        """End the visit, as one should on somebody else's computer."""
        given = await read_form(request)
        await self._visitor(request)
        self._check_csrf(request, given, "leave")
        await self._visits.end(self._cookie(request))
        response = end_page("visit_closed")
        response.delete_cookie(
            self._cookie_name, secure=self._settings.secure_cookies, httponly=True, samesite="lax"
        )
        return response

    async def _visitor(self, request: Request) -> str:
        cookie = self._cookie(request)
        user_id = await self._visits.visitor(cookie) if cookie else None
        if user_id is None:
            raise PageRefusal("visit_over", 403)
        return user_id

    async def _mine(self, user_id: str, given: Mapping[str, str]) -> TokenRecord | None:
        """Find a connection of this very user; anybody else's is not there."""
        connection = await self._directory.by_id(given.get("id", ""))
        return connection if connection is not None and connection.user_id == user_id else None

    @property
    def _cookie_name(self) -> str:
        # Browsers take a __Host- cookie only with Secure, from this host, for all of it.
        return "__Host-agm-visit" if self._settings.secure_cookies else "agm-visit"

    def _cookie(self, request: Request) -> str:
        return request.cookies.get(self._cookie_name, "")

    def _csrf(self, request: Request, purpose: str) -> str:
        # Made from the browser's own cookie, which no other site can read or guess.
        key = self._cookie(request).encode()
        return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()

    def _check_csrf(self, request: Request, given: Mapping[str, str], purpose: str) -> None:
        expected = self._csrf(request, purpose)
        if not hmac.compare_digest(expected.encode(), given.get("csrf", "").encode()):
            raise PageRefusal("form_unusable", 403)
