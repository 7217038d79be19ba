"""A person in a browser: choosing an account, agreeing or declining on the pages of a consent.

It knows no page by its address; it reads what a person would read, the forms.
"""

from __future__ import annotations

from urllib.parse import urljoin

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["agree", "choose", "decline"]

MAX_PAGES = 8


async def agree(url: str, email: str) -> None:
    """Open an authorization's address as `email`, and agree to all that is asked."""
    page = await choose(url, email, "allow", "confirm")
    assert page.status_code < 400, f"{email} was stopped by a page: {page.status_code}"


async def decline(url: str, email: str) -> None:
    """Choose an account, and then press the button that says no."""
    await choose(url, email, "deny")


async def choose(url: str, *buttons: str, without: str = "") -> httpx.Response:
    """Press, on each page, the first of these buttons that it has; return the page at the end.

    A box is left unticked whose value ends with `without`. Each call is a browser of its own, so
    two people never share a cookie. The end is the first page without such a button.
    """
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False, timeout=20) as http:
        page = await http.get(url)
        for _ in range(MAX_PAGES):
            tree = LexborHTMLParser(page.text)
            found = [button for value in buttons if (button := _button(tree, value))]
            if not found:
                return page
            page = await _press(http, str(page.url), found[0], without)
    raise AssertionError(f"more than {MAX_PAGES} pages")


def _button(tree: LexborHTMLParser, value: str) -> LexborNode | None:
    for button in tree.css("form button"):
        if (button.attributes.get("value") or "").lower() == value.lower():
            return button
    return None


async def _press(
    http: httpx.AsyncClient, url: str, button: LexborNode, without: str
) -> httpx.Response:
    form = button.parent
    while form is not None and form.tag != "form":
        form = form.parent
    assert form is not None
    sent: dict[str, list[str]] = {}
    for field in (*form.css("input"), button):
        name, value = field.attributes.get("name"), field.attributes.get("value") or ""
        kind = field.attributes.get("type")
        unticked = kind == "checkbox" and "checked" not in field.attributes
        left_out = kind == "checkbox" and bool(without) and value.endswith(without)
        if name and kind != "submit" and not unticked and not left_out:
            sent.setdefault(name, []).append(value)
    if name := button.attributes.get("name"):
        sent[name] = [button.attributes.get("value") or ""]
    action = urljoin(url, form.attributes.get("action") or "") or url
    if (form.attributes.get("method") or "get").lower() == "post":
        return await http.post(action, data=sent)
    return await http.get(action, params=sent)
