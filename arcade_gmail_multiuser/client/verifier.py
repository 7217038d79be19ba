"""Serve Arcade's custom user verifier: only the session says who is at the browser."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import quote, urlsplit

from arcadepy import APIError, APIStatusError, AsyncArcade
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arcade_gmail_multiuser.client.arguments import check_user_id
from arcade_gmail_multiuser.client.manager import MultiUserGmailManager
from arcade_gmail_multiuser.client.results import usable_url
from arcade_gmail_multiuser.client.verifier_pages import (
    HEADERS,
    message_page,
    refusal_page,
    unavailable_page,
)
from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["verifier_routes"]

logger = logging.getLogger(__name__)

CurrentUser = Callable[[Request], str | Awaitable[str | None] | None]

_FLOW_ID = re.compile(r"[A-Za-z0-9._~+/=:-]{1,512}")
_TIMEOUT_S = 40.0


def verifier_routes(
    arcade: MultiUserGmailManager | AsyncArcade,
    current_user: CurrentUser,
    *,
    path: str = "/auth/verify",
    login_url: str | Callable[[str], str] | None = None,
    next_uris: Collection[str] = (),
    on_connected: Callable[[str], Awaitable[None] | None] | None = None,
) -> list[Route]:
    """Make the routes for Starlette (`Starlette(routes=…)`) or FastAPI (`app.router.routes += …`).

    Register `path` with the engine as the verifier. After consent the engine sends the browser
    there with a flow_id; the routes confirm the user that `current_user` returns and send the
    browser on. The URL does not say who the user is, but it has flow ids: keep this path out of
    your server's access log.

    Args:
        current_user: returns the id of the signed-in user from the session, or None. May be async.
        login_url: where to send a browser that is not signed in, with `?next=` leading back, or a
            function that makes the address; without it the answer is a page with status 401.
        next_uris: addresses on other origins to which a flow may continue, each in full.
        on_connected: called with the user's id after each confirmation, repeated ones included.
    """
    verifier = _Verifier(arcade, current_user, path, login_url, frozenset(next_uris), on_connected)
    done = f"{path.rstrip('/')}/done"
    return [
        Route(path, verifier.verify, methods=["GET"], name="gmail_verify"),
        Route(done, verifier.done, methods=["GET"], name="gmail_verified"),
    ]


class _Verifier:
    def __init__(
        self,
        arcade: MultiUserGmailManager | AsyncArcade,
        current_user: CurrentUser,
        path: str,
        login_url: str | Callable[[str], str] | None,
        next_uris: frozenset[str],
        on_connected: Callable[[str], Awaitable[None] | None] | None,
    ) -> None:
        if not path.startswith("/"):
            raise InvalidInput("The verifier's path must start with a slash.")
        self._manager = arcade if isinstance(arcade, MultiUserGmailManager) else None
        self._client = arcade.client if isinstance(arcade, MultiUserGmailManager) else arcade
        self._current_user = current_user
        self._login_url = login_url
        self._next_uris = next_uris
        self._on_connected = on_connected

    async def verify(self, request: Request) -> Response:
        """Confirm the signed-in user for the flow. Reloading gives the same answer."""
        refusal = _not_a_visit(request)
        if refusal is not None:
            return refusal
        flow_ids = request.query_params.getlist("flow_id")
        if len(flow_ids) != 1 or not _FLOW_ID.fullmatch(flow_ids[0]):
            return message_page(
                "This address is incomplete", "Go back and connect again.", status=400
            )
        user_id = await self._user(request)
        if user_id is None:
            return self._sign_in(request, flow_ids[0])
        return await self._confirm(request, flow_ids[0], user_id)

    async def done(self, _request: Request) -> Response:
        return message_page(
            "Gmail is connected", "You can close this page and go back.", status=200
        )

    async def _user(self, request: Request) -> str | None:
        found = self._current_user(request)
        user_id = await found if inspect.isawaitable(found) else found
        return None if user_id is None or user_id == "" else check_user_id(user_id)

    def _sign_in(self, request: Request, flow_id: str) -> Response:
        if self._login_url is None:
            return message_page(
                "Sign in first", "Sign in, then open this address once more.", status=401
            )
        back = f"{request.url.path}?flow_id={quote(flow_id, safe='')}"
        if callable(self._login_url):
            target = self._login_url(back)
        else:
            joint = "&" if "?" in self._login_url else "?"
            target = f"{self._login_url}{joint}next={quote(back, safe='')}"
        return RedirectResponse(target, 303, HEADERS)

    async def _confirm(self, request: Request, flow_id: str, user_id: str) -> Response:
        # Confirming the same user twice is harmless, so arcadepy may retry this.
        try:
            found = await self._client.auth.confirm_user(
                flow_id=flow_id, user_id=user_id, timeout=_TIMEOUT_S
            )
            next_uri = found.next_uri
        except APIStatusError as problem:
            return refusal_page(problem)
        except (APIError, ValueError, AttributeError):
            return unavailable_page()
        if self._manager is not None:
            self._manager.cache.invalidate(user_id)
        if self._on_connected is not None:
            called = self._on_connected(user_id)
            if inspect.isawaitable(called):
                await called
        return RedirectResponse(self._next(request, next_uri), 303, HEADERS)

    def _next(self, request: Request, next_uri: object) -> str:
        """Return where to continue: where the flow says, if that is our origin or registered."""
        if isinstance(next_uri, str) and next_uri in self._next_uris:
            return next_uri
        if usable_url(next_uri) is not None and isinstance(next_uri, str):
            parts = urlsplit(next_uri)
            own = request.url
            if (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and "\\" not in next_uri:
                return next_uri
        if next_uri is not None:
            logger.warning("a flow asked to continue at an address that is not registered")
        return f"{request.url.path.rstrip('/')}/done"


def _not_a_visit(request: Request) -> Response | None:
    """Refuse what a person did not open: a prefetch as the wrong user would end the flow."""
    headers = request.headers
    fetched = headers.get("sec-fetch-mode", "navigate") != "navigate"
    framed = headers.get("sec-fetch-dest", "document") != "document"
    early = "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")).lower()
    if request.method == "HEAD" or fetched or framed or early:
        return message_page("Open this page yourself", "Nothing was done.", status=403)
    return None
