"""The few pages a person sees: plain, readable on a phone, and closed to everything else.

No script, nothing from elsewhere, one style sheet that the policy names by its hash. Everything
that is not written here is text and is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from starlette.responses import HTMLResponse

from arcade_gmail_local.engine.pages.page_texts import text_of

__all__ = ["PAGE_HEADERS", "bullets", "confirm_page", "end_page", "page", "visible"]

_STYLE = """
:root{color-scheme:light dark;--ink:#16181d;--soft:#4a5160;--back:#f3f4f7;--paper:#fff;
--line:#c9cdd6;--strong:#1d4fd7;--on-strong:#fff;--danger:#b3261e;--note:#e8f3ea}
@media (prefers-color-scheme:dark){:root{--ink:#e9ebf0;--soft:#b3b9c6;--back:#101216;
--paper:#1a1d24;--line:#3d434f;--strong:#a9c1ff;--on-strong:#0b1736;--danger:#ffb4ab;
--note:#1c2f22}}
*{box-sizing:border-box}
body{margin:0;font:1.0625rem/1.55 system-ui,sans-serif;background:var(--back);color:var(--ink)}
main{max-width:32rem;margin:8vh auto;padding:2rem;background:var(--paper);
border:1px solid var(--line);border-radius:1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .5rem}
p{margin:.75rem 0}
bdi{font-weight:600}
ul{margin:.5rem 0;padding-left:1.25rem}
li{margin:.3rem 0}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:.75rem 0}
dt{color:var(--soft)}
dd{margin:0}
section{border-top:1px solid var(--line);padding-top:1.25rem;margin-top:1.25rem}
form{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
button,.button{font:inherit;font-weight:600;min-height:3rem;padding:.6rem 1.25rem;
border-radius:.6rem;cursor:pointer;border:1px solid currentColor;background:transparent;
color:var(--strong);text-decoration:none;display:inline-block;text-align:center;flex:1 1 auto}
button.first{background:var(--strong);border-color:var(--strong);color:var(--on-strong)}
.danger{color:var(--danger)}
.button.danger{flex:none;margin-top:.5rem}
.then{border-top:1px solid var(--line);margin-top:1.25rem;padding-top:1rem}
.note{background:var(--note);border-radius:.6rem;padding:.75rem 1rem}
.small{color:var(--soft);font-size:.94rem}
:focus-visible{outline:3px solid #b45309;outline-offset:3px}
@media (prefers-color-scheme:dark){:focus-visible{outline-color:#fbbf24}}
@media (max-width:36rem){main{margin:0;min-height:100vh;border:0;border-radius:0;
padding:1.5rem 1.25rem}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""On pages and on redirects alike: the addresses carry flow ids, states and codes."""


def end_page(
    reason: str | None, *, status: int = 200, go_on: tuple[str, str] | None = None
) -> HTMLResponse:
    """Say how it ended and what to do next.

    Args:
        go_on: an address of our own and the words of the link that leads there.
    """
    text = text_of(reason)
    body = f'<p>{escape(text.happened)}</p><p class="then">{escape(text.then)}</p>'
    if go_on is not None:
        body += f'<p><a class="button" href="{escape(go_on[0])}">{escape(go_on[1])}</a></p>'
    return page(text.title, body, status)


def confirm_page(
    *,
    user_id: str,
    permissions: Iterable[str],
    action: str,
    flow_id: str,
    csrf: str,
    continues_at: str | None,
) -> HTMLResponse:
    """Ask the person at the browser whether they are that user.

    Args:
        permissions: in words, one sentence each.
        continues_at: the origin that the answer to the form redirects to; browsers apply
            `form-action` to that redirect too.
    """
    who = f"<bdi>{escape(visible(user_id))}</bdi>"
    body = f"""
<p>You are signed in as {who}, and you are connecting the Google account that you have just
chosen.</p>
<p>As far as you allowed it at Google, the application can then:</p>
{bullets(permissions)}
<p class="then">If you are not {who}, or did not start this yourself, cancel. Nothing is connected
then.</p>
<form method="post" action="{escape(action)}">
<input type="hidden" name="flow_id" value="{escape(flow_id)}">
<input type="hidden" name="csrf" value="{escape(csrf)}">
<button class="first" name="decision" value="confirm">Yes, this is me: connect</button>
<button name="decision" value="cancel">Cancel</button>
</form>"""
    forms = "'self'" if continues_at is None else f"'self' {continues_at}"
    return page("Connect Gmail?", body, 200, forms=forms)


def bullets(sentences: Iterable[str]) -> str:
    """Write a list; every sentence is escaped."""
    items = "".join(f"<li>{escape(visible(sentence))}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>"


def visible(text: str) -> str:
    """Show what a display would hide: control, zero-width and direction-changing characters."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def page(title: str, body: str, status: int = 200, *, forms: str = "'none'") -> HTMLResponse:
    """Put a body into the frame of every page.

    Args:
        body: HTML in which everything that came from outside is escaped already.
        forms: where forms may be sent to, as the policy's form-action takes it.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {forms}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, {**PAGE_HEADERS, "Content-Security-Policy": policy})
