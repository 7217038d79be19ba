"""A person's way through the pages of an authorization: choose, consent, confirm."""

from __future__ import annotations

from arcade_gmail_local.commands.browser import Browser, BrowserStuck, Form, Page

__all__ = ["sign_in"]

MOST_PAGES = 8
YES = ("allow", "approve", "confirm", "continue", "yes")


async def sign_in(url: str, email: str) -> Page:
    """Open an authorization's address as `email`, agree to all, and return the page at the end.

    Each call is a browser of its own, so two people never share a cookie. The end is the first
    page without a form. Raises BrowserStuck when a page offers this person no way on.
    """
    async with Browser() as browser:
        page = await browser.open(url)
        for _ in range(MOST_PAGES):
            if page.status >= 400:
                raise BrowserStuck(f"{email} was stopped by a page: {page.title!r} ({page.status})")
            if not page.forms:
                return page
            form, button = _way_on(page, email)
            page = await browser.submit(form, button=button)
    raise BrowserStuck(f"{email} was shown more than {MOST_PAGES} pages.")


def _way_on(page: Page, email: str) -> tuple[Form, tuple[str, str, str]]:
    """Pick the button a person would press: their own account first, else the one that agrees."""
    offered = [(form, button) for form in page.forms for button in form.buttons]
    for form, button in offered:
        if button[1].lower() == email.lower():
            return form, button
    for form, button in offered:
        if any(word in f"{button[1]} {button[2]}".lower() for word in YES):
            return form, button
    raise BrowserStuck(f"{email} found no button to go on with on the page {page.title!r}.")
