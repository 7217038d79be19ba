"""Walk through the pages of an authorization as a person does: choose, consent, confirm."""

from __future__ import annotations

from arcade_gmail_local.commands.browser import Browser, BrowserStuck, Form, Page

__all__ = ["sign_in"]

MAX_PAGES = 8
YES = ("allow", "approve", "confirm", "continue", "yes")


async def sign_in(url: str, email: str) -> Page:
    """Open an authorization's URL as `email`, agree to everything, and return the last page.

    Each call has its own browser, so two people never share a cookie. The last page is the first
    one without a form. Raises BrowserStuck if a page offers no button to continue with.
    """
    async with Browser() as browser:
        page = await browser.open(url)
        for _ in range(MAX_PAGES):
            if page.status >= 400:
                raise BrowserStuck(f"{email} was stopped by a page: {page.title!r} ({page.status})")
            if not page.forms:
                return page
            form, button = _next_button(page, email)
            page = await browser.submit(form, button=button)
    raise BrowserStuck(f"{email} was shown more than {MAX_PAGES} pages.")


def _next_button(page: Page, email: str) -> tuple[Form, tuple[str, str, str]]:
    """Pick the button a person would press: their own account, else the one that agrees."""
    offered = [(form, button) for form in page.forms for button in form.buttons]
    for form, button in offered:
        if button[1].lower() == email.lower():
            return form, button
    for form, button in offered:
        if any(word in f"{button[1]} {button[2]}".lower() for word in YES):
            return form, button
    raise BrowserStuck(f"{email} found no button to continue with on the page {page.title!r}.")
