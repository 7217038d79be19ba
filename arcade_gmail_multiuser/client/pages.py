"""The pages that end an authorization in the browser: plain, readable on a phone, closed."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse

__all__ = ["HEADERS", "message_page"]

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
"""On pages and on redirects alike: the address carries the flow's id."""


def message_page(title: str, *sentences: str, status: int) -> HTMLResponse:
    """Say how it went. Everything given is text and is escaped."""
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, HEADERS)
