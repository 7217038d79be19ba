"""Render the few pages a person sees: plain, readable on a phone, and closed to everything else.

No script, nothing from other origins, one style sheet that the policy names by its hash. Everything
that a template is given is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from arcade_gmail_local.engine.http.timestamps import iso
from arcade_gmail_local.engine.pages.permissions import in_words
from arcade_gmail_multiuser.security.tokens.record import TokenRecord

__all__ = ["PAGE_HEADERS", "REASONS", "PageText", "end_page", "page", "text_of"]

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""For pages and redirects alike: their addresses contain flow ids, states and codes."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says at an end: what happened, and what to do next."""

    title: str
    happened: str
    then: str


_TEMPLATES = files(__package__).joinpath("templates")
_STYLE = _TEMPLATES.joinpath("style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_TEXTS = {
    reason: PageText(**text)
    for reason, text in tomllib.loads(
        _TEMPLATES.joinpath("texts.toml").read_text(encoding="utf-8")
    ).items()
}
REASONS = frozenset(_TEXTS) - {"other"}
"""Every reason that has a text of its own."""


def text_of(reason: str | None) -> PageText:
    """Return the text for a reason, a general one if it has none of its own."""
    return _TEXTS.get(reason or "other", _TEXTS["other"])


def end_page(
    reason: str | None, *, status: int = 200, continue_to: str | None = None
) -> HTMLResponse:
    """Say how it ended and what to do next.

    Args:
        continue_to: an address of our own where the last step waits.
    """
    text = text_of(reason)
    return page("end.html", text.title, status=status, text=text, continue_to=continue_to)


def page(
    template: str, title: str, *, status: int = 200, forms: str = "'none'", **values: Any
) -> HTMLResponse:
    """Render a template.

    Args:
        forms: where forms may be sent to, as the policy's form-action takes it. Browsers apply it
            to the redirect that answers a form too.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {forms}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    html = _ENVIRONMENT.get_template(template).render(title=title, **values)
    return HTMLResponse(html, status, {**PAGE_HEADERS, "Content-Security-Policy": policy})


def _visible(value: Any) -> Any:
    """Show what a display would hide: control, zero-width and direction-changing characters."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in value)


def _day_and_time(seconds: float) -> str:
    found = datetime.fromtimestamp(seconds, UTC)
    return f"{found.day} {found:%B %Y, %H:%M} UTC"


def _account(connection: TokenRecord) -> str:
    return connection.email or "an account without an address"


_ENVIRONMENT = Environment(
    loader=PackageLoader(__package__),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_visible,
    trim_blocks=True,
)
_ENVIRONMENT.globals["style"] = Markup(_STYLE)  # noqa: S704  (a file of this package)
_ENVIRONMENT.filters.update(
    account=_account, day_and_time=_day_and_time, in_words=in_words, iso=iso
)
