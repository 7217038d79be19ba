"""Web routes for Arcade's custom user verifier: the session alone says who is at the browser."""

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

from arcade_gmail_multiuser.client.manager import MultiUserGmailManager
from arcade_gmail_multiuser.client.pages import HEADERS, message_page
from arcade_gmail_multiuser.client.results import error_name, usable_url
from arcade_gmail_multiuser.client.users import check_user_id
from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["verifier_routes"]

logger = logging.getLogger(__name__)

CurrentUser = Callable[[Request], str | Awaitable[str | None] | None]

_FLOW_ID = re.compile(r"[A-Za-z0-9._~+/=:-]{1,512}")
_TIMEOUT_S = 40.0

# What the engine answers, by its name for it: the status, the title and what to do.
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "user_mismatch": (
        403,
        "This is not your connection",
        "It was started for another user than the one who is signed in here, so it has ended. "
        "Sign in as the right user and connect again.",
    ),
    "account_mismatch": (
        409,
        "Another Google account is connected",
        "Disconnect that one first, or connect again and choose it.",
    ),
    "expired": (410, "This took too long", "The connection has expired. Connect again."),
    "flow_not_found": (
        404,
        "There is no such connection",
        "It may have expired, or the address is incomplete. Connect again.",
    ),
    "in_progress": (409, "Just a moment", "The connection is being finished. Reload this page."),
    "not_ready": (409, "Not agreed yet", "Agree on Google's page first, then come back."),
    "access_denied": (400, "Not connected", "You declined. Connect again if that was a mistake."),
    "cancelled": (400, "Not connected", "You cancelled. Connect again if that was a mistake."),
}
_ALIASES = {
    "flow_expired": "expired",
    "expired_flow": "expired",
    "not_found": "flow_not_found",
    "unknown_flow": "flow_not_found",
    "invalid_flow_id": "flow_not_found",
}
_AWAY = (
    503,
    "Connecting does not work right now",
    "Reload this page in a moment. If that does not help, connect again later.",
)
_OTHERWISE = (400, "Not connected", "The connection could not be finished. Connect again.")


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

    Register `path` with the engine as the verifier. After consent it sends the browser there with a
    flow_id; the user whom `current_user` names is confirmed, and the browser goes on. Nothing in
    the address says who somebody is. Your server's access log writes addresses: keep them out.

    Args:
        current_user: gives the id of the signed-in user from the session, or None. May be async.
        login_url: where those not signed in go, with `?next=` (or as a function makes it) leading
            back; without it they get a page with status 401.
        next_uris: addresses on other origins at which a flow may go on, each exactly.
        on_connected: called with the user's id after each confirmation, also a repeated one.
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
            raise InvalidInput("The path of the verifier begins with a slash.")
        self._manager = arcade if isinstance(arcade, MultiUserGmailManager) else None
        self._client = arcade.client if isinstance(arcade, MultiUserGmailManager) else arcade
        self._current_user = current_user
        self._login_url = login_url
        self._next_uris = next_uris
        self._on_connected = on_connected

    async def verify(self, request: Request) -> Response:
        """Confirm the signed-in user for the flow. Repeated, it gives the same answer."""
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
        # The engine gives the same user the same answer again, so arcadepy may repeat this.
        try:
            found = await self._client.auth.confirm_user(
                flow_id=flow_id, user_id=user_id, timeout=_TIMEOUT_S
            )
            next_uri = found.next_uri
        except APIStatusError as problem:
            return _refused(problem)
        except (APIError, ValueError, AttributeError):
            return _page(_AWAY)
        if self._manager is not None:
            self._manager.cache.invalidate(user_id)
        if self._on_connected is not None:
            called = self._on_connected(user_id)
            if inspect.isawaitable(called):
                await called
        return RedirectResponse(self._next(request, next_uri), 303, HEADERS)

    def _next(self, request: Request, next_uri: object) -> str:
        """Give where to go on: as the flow says if that is one's own or registered."""
        if isinstance(next_uri, str) and next_uri in self._next_uris:
            return next_uri
        if usable_url(next_uri) is not None and isinstance(next_uri, str):
            parts = urlsplit(next_uri)
            own = request.url
            if (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and "\\" not in next_uri:
                return next_uri
        if next_uri is not None:
            logger.warning("a flow wants to go on at an address that is not registered")
        return f"{request.url.path.rstrip('/')}/done"


def _not_a_visit(request: Request) -> Response | None:
    """Refuse what no person opened: a mere prefetch as the wrong user would end a flow for good."""
    headers = request.headers
    fetched = headers.get("sec-fetch-mode", "navigate") != "navigate"
    framed = headers.get("sec-fetch-dest", "document") != "document"
    early = "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")).lower()
    if request.method == "HEAD" or fetched or framed or early:
        return message_page("Open this page yourself", "Nothing was done.", status=403)
    return None


def _refused(problem: APIStatusError) -> Response:
    status, name = problem.status_code, error_name(problem.body) or ""
    name = _ALIASES.get(name, name)
    if status in (401, 403) and name not in _REFUSALS:
        logger.critical("the engine refuses our API key: nobody can connect")
        return _page(_AWAY)
    if status >= 500 or status in (408, 429):
        return _page(_AWAY)
    if status in (404, 410) and name not in _REFUSALS:
        name = "flow_not_found" if status == 404 else "expired"
    return _page(_REFUSALS.get(name, _OTHERWISE))


def _page(text: tuple[int, str, str]) -> Response:
    status, title, sentence = text
    response = message_page(title, sentence, status=status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
