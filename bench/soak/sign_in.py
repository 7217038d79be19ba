"""Grant access as a person does in a browser: on the real pages, in the fewest requests.

People are already signed in at Google, so no account chooser is shown: `login_hint` stands in for
the cookie of accounts.google.com.
"""

from __future__ import annotations

from urllib.parse import urlencode, urljoin

import aiohttp
from selectolax.lexbor import LexborHTMLParser

__all__ = ["SignInFailed", "sign_in"]

TIMEOUT = aiohttp.ClientTimeout(total=30)
MAX_PAGES = 4
AGREE = {"allow", "confirm"}


class SignInFailed(Exception):
    """A page came that offers no way on. The message is its title."""


async def sign_in(url: str, email: str, connector: aiohttp.BaseConnector) -> None:
    """Open an authorization's address as `email` and agree to all of it, cookies of one's own."""
    async with aiohttp.ClientSession(
        connector=connector,
        connector_owner=False,
        cookie_jar=aiohttp.CookieJar(unsafe=True),  # bare addresses have cookies here
        timeout=TIMEOUT,
    ) as browser:
        async with browser.get(url, allow_redirects=False) as start:
            consent = start.headers.get("Location")
            if consent is None:
                raise SignInFailed(title_of(await start.text()))
        if "&login_hint=" not in consent:  # the engine knows who was connected before
            consent += f"&{urlencode({'login_hint': email})}"
        page, address = await _read(browser.get(consent))
        for _ in range(MAX_PAGES):
            form = LexborHTMLParser(page).css_first("form")
            if form is None:
                return
            fields = [
                (control.attributes.get("name") or "", control.attributes.get("value") or "")
                for control in form.css("input, button")
                if control.tag == "input" or control.attributes.get("value") in AGREE
            ]
            action = urljoin(address, form.attributes.get("action") or "")
            page, address = await _read(browser.post(action, data=fields))
    raise SignInFailed("more pages than expected")


async def _read(request: aiohttp.client._RequestContextManager) -> tuple[str, str]:
    async with request as answer:
        page = await answer.text()
        if answer.status >= 400:
            raise SignInFailed(title_of(page))
        return page, str(answer.url)


def title_of(page: str) -> str:
    title = LexborHTMLParser(page).css_first("title")
    return title.text(strip=True) if title is not None else "no page"
