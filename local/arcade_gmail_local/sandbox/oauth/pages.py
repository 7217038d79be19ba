"""The sign-in pages as HTML: plain forms, no script, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable
from html import escape

from starlette.responses import HTMLResponse

from arcade_gmail_local.sandbox.oauth.consent_scopes import GMAIL, SIGN_IN
from arcade_gmail_local.sandbox.oauth.people import Person

AUTHORIZATION_PATH = "/o/oauth2/v2/auth"

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1f1f1f; background: #f0f4f9; }
main { box-sizing: border-box; max-width: 32rem; margin: 6vh auto; padding: 2rem;
  background: #fff; border-radius: 1.5rem; }
h1 { font-size: 1.6rem; font-weight: 400; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: .5rem 0 1rem; }
fieldset { border: 0; margin: 1rem 0; padding: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .5rem; }
ul { margin: .5rem 0; padding-left: 1.25rem; }
label { display: flex; gap: .75rem; padding: .75rem 0; border-top: 1px solid #c4c7c5; }
label:last-child { border-bottom: 1px solid #c4c7c5; }
input { inline-size: 1.5rem; block-size: 1.5rem; flex: none; margin: 0; }
small { display: block; color: #444746; overflow-wrap: anywhere; }
button { font: inherit; min-height: 3rem; padding: .6rem 1.5rem; border-radius: 1.5rem;
  border: 1px solid #0b57d0; background: #0b57d0; color: #fff; cursor: pointer; }
button.plain { background: transparent; color: #0b57d0; }
button.account { display: block; width: 100%; text-align: left; margin: .5rem 0;
  border-radius: .75rem; border-color: #747775; background: transparent; color: inherit; }
:focus-visible { outline: 3px solid #a8531c; outline-offset: 2px; }
.choice { display: flex; gap: 1rem; justify-content: flex-end; margin-top: 1.5rem; }
.sandbox { font-size: .85rem; color: #444746; margin: 2rem 0 0; padding: .75rem 1rem;
  border: 1px dashed #747775; border-radius: .75rem; }
@media (max-width: 36rem) {
  main { margin: 0; min-height: 100vh; padding: 1.5rem 1.25rem; border-radius: 0; }
  .choice { flex-wrap: wrap; } .choice button { flex: 1 1 auto; }
}
@media (prefers-color-scheme: dark) {
  body { color: #e3e3e3; background: #131314; } main { background: #1e1f20; }
  small, .sandbox { color: #c4c7c5; }
  label, label:last-child { border-color: #5f6368; }
  button { border-color: #a8c7fa; background: #a8c7fa; color: #062e6f; }
  :focus-visible { outline-color: #fbbf24; }
  button.plain { color: #a8c7fa; border-color: #a8c7fa; }
}
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# Chrome holds form-action against every redirect that follows a submit, and a consent is followed
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
    buttons = "".join(
        f'<button class="account" name="account" value="{escape(person.email)}">'
        f"{escape(person.name)}<small>{escape(person.email)}</small></button>"
        for person in people
    )
    return _page(
        "Choose an account",
        f"<p>to continue to <strong>{escape(client_id)}</strong></p>"
        f"{_form(request_id)}<fieldset><legend>Accounts</legend>{buttons}</fieldset></form>",
    )


def consent_page(
    request_id: str,
    client_id: str,
    person: Person,
    scopes: Iterable[str],
    already_granted: Collection[str],
) -> HTMLResponse:
    """Show a ticked box for each scope beyond sign-in, and the buttons to allow or to deny."""
    asked = tuple(scopes)
    boxes = "".join(
        _box(number, scope, scope in already_granted)
        for number, scope in enumerate(scope for scope in asked if scope in GMAIL)
    )
    basics = "".join(
        f"<li>{escape(text)}</li>" for scope, text in SIGN_IN.items() if scope in asked
    )
    return _page(
        f"{client_id} wants access to your Google Account",
        f"<p>Signed in as <strong>{escape(person.email)}</strong></p>{_form(request_id)}"
        f'<input type="hidden" name="account" value="{escape(person.email)}">'
        + (f"<p>Signing in lets {escape(client_id)}:</p><ul>{basics}</ul>" if basics else "")
        + (
            f"<fieldset><legend>Select what {escape(client_id)} can access</legend>{boxes}"
            "</fieldset>"
            if boxes
            else ""
        )
        + '<div class="choice">'
        '<button class="plain" name="decision" value="deny">Cancel</button>'
        '<button name="decision" value="allow">Continue</button></div></form>',
    )


def blocked_page(error: str, description: str, status: int) -> HTMLResponse:
    """Say why the request goes no further; it never links anywhere."""
    return _page(
        "Access blocked: the application's request is invalid",
        f"<p>You can't sign in because the application sent an invalid request.</p>"
        f"<p>{escape(description)}</p><p>Error {status}: {escape(error)}</p>",
        status,
    )


def _form(request_id: str) -> str:
    return (
        f'<form method="post" action="{AUTHORIZATION_PATH}">'
        f'<input type="hidden" name="request" value="{escape(request_id)}">'
    )


def _box(number: int, scope: str, granted: bool) -> str:
    had = "<small>It already has this access.</small>" if granted else ""
    return (
        f'<label for="scope-{number}"><input type="checkbox" id="scope-{number}" name="scope" '
        f'value="{escape(scope)}" checked><span>{escape(GMAIL[scope])}'
        f"<small>{escape(scope)}</small>{had}</span></label>"
    )


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – Google sandbox</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}"
        '<p class="sandbox">This is a sandbox on your own machine. '
        "It is not Google, and no real account is involved.</p></main></body></html>",
        status_code=status,
        headers={**PRIVATE, "Content-Security-Policy": _POLICY},
    )
