"""The page of connections as HTML: what is connected, what it permits, and how to end it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from starlette.responses import HTMLResponse

from arcade_gmail_local.engine.http.moments import iso
from arcade_gmail_local.engine.pages.oauth_pages import bullets, page, visible
from arcade_gmail_local.engine.pages.permissions import in_words
from arcade_gmail_multiuser.security.tokens.record import TokenRecord

__all__ = ["ask_to_disconnect_page", "ask_to_open_page", "connections_page"]


def connections_page(
    user_id: str,
    connections: Sequence[TokenRecord],
    *,
    disconnect_path: str,
    leave_path: str,
    csrf: str,
    just_disconnected: bool,
) -> HTMLResponse:
    """Show what a person has connected.

    Args:
        just_disconnected: whether to begin by saying that it worked.
    """
    body = (
        '<p class="note" role="status">Disconnected. The application can no longer use that '
        "account.</p>"
        if just_disconnected
        else ""
    )
    body += f"<p>You are signed in as {_strong(user_id)}.</p>"
    if not connections:
        body += (
            "<p>No account is connected. Nothing can be read or sent on your behalf.</p>"
            '<p class="small">To connect one, go back to the application.</p>'
        )
    body += "".join(_section(one, disconnect_path=disconnect_path) for one in connections)
    body += (
        f'<form class="then" method="post" action="{escape(leave_path)}">'
        f'<input type="hidden" name="csrf" value="{escape(csrf)}">'
        "<button>I am done: lock this page</button></form>"
        '<p class="small">It locks itself after 15 minutes.</p>'
    )
    return page("Your connections", body, forms="'self'")


def ask_to_disconnect_page(
    connection: TokenRecord, *, action: str, back: str, csrf: str
) -> HTMLResponse:
    """Ask once more, and say what it means."""
    body = f"""
<p>You are about to disconnect {_strong(_account(connection))}.</p>
<ul>
<li>The application can no longer use this account, and its access is deleted here at once.</li>
<li>Google is told to withdraw the permissions, unless somebody else here uses the same
account.</li>
<li>What was sent or changed before stays as it is.</li>
</ul>
<p>You can connect again whenever you like.</p>
<form method="post" action="{escape(action)}">
<input type="hidden" name="id" value="{escape(connection.id)}">
<input type="hidden" name="csrf" value="{escape(csrf)}">
<button class="danger">Yes, disconnect</button>
<a class="button" href="{escape(back)}">No, keep it</a>
</form>"""
    return page("Disconnect this account?", body, forms="'self'")


def ask_to_open_page(*, action: str, link: str) -> HTMLResponse:
    """Wait for a press of a button, where it is not certain that a person opened the link."""
    body = f"""
<p>This link opens the list of your connected accounts, once.</p>
<form method="post" action="{escape(action)}">
<input type="hidden" name="link" value="{escape(link)}">
<button class="first">Show my connections</button>
</form>"""
    return page("Your connections", body, forms="'self'")


def _section(connection: TokenRecord, *, disconnect_path: str) -> str:
    heading = f"account-{escape(connection.id)}"
    account = escape(visible(_account(connection)))
    renew = (
        ""
        if connection.usable
        else '<p class="note">Google has ended this permission. Connect once more from the '
        "application to go on.</p>"
    )
    last = connection.last_used_at
    used = "Not yet" if last is None else _moment(last)
    return f"""<section aria-labelledby="{heading}"><h2 id="{heading}">{account}</h2>{renew}
<p>The application can:</p>{bullets(in_words(sorted(connection.scopes)))}
<dl><dt>Connected since</dt><dd>{_moment(connection.created_at)}</dd>
<dt>Last used</dt><dd>{used}</dd></dl>
<a class="button danger" href="{escape(disconnect_path)}?id={escape(connection.id)}"
>Disconnect {account}</a></section>"""


def _account(connection: TokenRecord) -> str:
    return connection.email or "an account without an address"


def _strong(text: str) -> str:
    return f"<bdi>{escape(visible(text))}</bdi>"


def _moment(seconds: float) -> str:
    found = datetime.fromtimestamp(seconds, UTC)
    shown = f"{found.day} {found:%B %Y, %H:%M} UTC"
    return f'<time datetime="{iso(seconds)}">{shown}</time>'
