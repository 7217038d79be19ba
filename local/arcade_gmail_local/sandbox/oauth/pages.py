"""Render the sign-in pages: plain forms, no script, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from arcade_gmail_local.sandbox.oauth.consent_scopes import GMAIL, SIGN_IN
from arcade_gmail_local.sandbox.oauth.people import Person

AUTHORIZATION_PATH = "/o/oauth2/v2/auth"

_TEMPLATES = Environment(
    loader=PackageLoader("arcade_gmail_local.sandbox.oauth"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _TEMPLATES.get_template("consent.css").render()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# Chrome checks form-action against every redirect that follows a submit, and a consent is followed
# by the application's callback, on another port and often on to one more address.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self' http://127.0.0.1:* http://localhost:* https:"
)

PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer of the authorization endpoint, redirects too: its urls hold codes."""


def choose_account_page(request_id: str, client_id: str, people: Iterable[Person]) -> HTMLResponse:
    """Show one button for each account; pressing it submits its address as `account`."""
    return _page(
        "choose_account.html",
        "Choose an account",
        request_id=request_id,
        client_id=client_id,
        people=people,
    )


def consent_page(
    request_id: str,
    client_id: str,
    person: Person,
    scopes: Collection[str],
    already_granted: Collection[str],
) -> HTMLResponse:
    """Show a ticked box for each scope beyond sign-in, and the buttons to allow or to deny."""
    return _page(
        "consent.html",
        f"{client_id} wants access to your Google Account",
        request_id=request_id,
        client_id=client_id,
        person=person,
        sign_in=[text for scope, text in SIGN_IN.items() if scope in scopes],
        gmail={scope: GMAIL[scope] for scope in scopes if scope in GMAIL},
        granted=already_granted,
    )


def blocked_page(error: str, description: str, status: int) -> HTMLResponse:
    """Say why the request goes no further; it never links anywhere."""
    return _page(
        "blocked.html",
        "Access blocked: the application's request is invalid",
        status,
        error=error,
        description=description,
    )


def _page(template: str, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    html = _TEMPLATES.get_template(template).render(
        title=title,
        # Of this package and without input; escaping it would break the hash in the policy.
        style=Markup(_STYLE),  # noqa: S704
        action=AUTHORIZATION_PATH,
        status=status,
        **values,
    )
    headers = {**PRIVATE, "Content-Security-Policy": _POLICY}
    return HTMLResponse(html, status_code=status, headers=headers)
