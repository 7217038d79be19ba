"""Render the pages that end an authorization in the browser: plain HTML, readable on a phone."""

from __future__ import annotations

import base64
import hashlib
import logging
from html import escape

from arcadepy import APIStatusError
from starlette.responses import HTMLResponse

from arcade_gmail_multiuser.client.results import error_name

__all__ = ["HEADERS", "message_page", "refusal_page", "unavailable_page"]

logger = logging.getLogger(__name__)

# By the engine's name for the error: the status, the title and what to do.
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
_OTHERWISE = (400, "Not connected", "The connection could not be finished. Connect again.")

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;font:1.0625rem/1.55 system-ui,sans-serif;background:#f6f7f9;color:#16181d}
main{max-width:26rem;margin:8vh auto;padding:1.75rem;background:#fff;border:1px solid #8885;
border-radius:.75rem;overflow-wrap:anywhere}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .75rem}
@media (max-width:30rem){main{margin:0;min-height:100vh;box-sizing:border-box;border:0;
border-radius:0}}
@media (prefers-color-scheme:dark){body{background:#101216;color:#e9ebf0}main{background:#191c22}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""For pages and redirects alike: the address has the flow's id."""


def message_page(title: str, *sentences: str, status: int) -> HTMLResponse:
    """Show a message. Title and sentences are text and are escaped."""
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, HEADERS)


def refusal_page(problem: APIStatusError) -> HTMLResponse:
    """Tell the person why the engine refused to confirm, and what to do about it."""
    status, name = problem.status_code, error_name(problem.body) or ""
    name = _ALIASES.get(name, name)
    if status in (401, 403) and name not in _REFUSALS:
        logger.critical("the engine refuses our API key: no user can connect")
        return unavailable_page()
    if status >= 500 or status in (408, 429):
        return unavailable_page()
    if status in (404, 410) and name not in _REFUSALS:
        name = "flow_not_found" if status == 404 else "expired"
    status, title, sentence = _REFUSALS.get(name, _OTHERWISE)
    return message_page(title, sentence, status=status)


def unavailable_page() -> HTMLResponse:
    """Ask the person to try again: the engine does not answer, or not now."""
    page = message_page(
        "Connecting does not work right now",
        "Reload this page in a moment. If that does not help, connect again later.",
        status=503,
    )
    page.headers["Retry-After"] = "5"
    return page
