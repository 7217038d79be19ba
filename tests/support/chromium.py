"""A real Chromium: one browser, a profile for each person, and what a page has to keep to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response

EXECUTABLE = Path(os.environ.get("TEST_CHROMIUM") or "/usr/bin/chromium")
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 800}


@dataclass
class Person:
    """Somebody at a browser profile of their own."""

    context: BrowserContext
    page: Page
    screens: Path
    complaints: list[str] = field(default_factory=list)
    statuses: list[tuple[int, str]] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._saw)

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium writes a line for every page that is answered with 4xx; those are meant.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _saw(self, response: Response) -> None:
        # Without the query, which may hold a code.
        self.statuses.append((response.status, response.url.split("?")[0]))

    async def press(self, name: str | re.Pattern[str], *, role: Any = "button") -> None:
        """Press the one button or link that has this name for a screen reader."""
        async with self.page.expect_navigation():
            await self.page.get_by_role(role, name=name).click()

    async def choose_account(self, name: str) -> None:
        await self.press(re.compile(name))

    async def title(self) -> str:
        return (await self.page.get_by_role("heading", level=1).inner_text()).strip()

    async def look(self, name: str) -> None:
        """Hold the page to what every page keeps, on a phone and a desk, in light and dark."""
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            await no_horizontal_scroll(self.page)
            await passes_axe(self.page)
            await self.page.screenshot(path=self.screens / f"{name}-{scheme}.png", full_page=True)
        await self.page.emulate_media(color_scheme="light")
        await self.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        await self.page.screenshot(path=self.screens / f"{name}-desk.png", full_page=True)
        await no_horizontal_scroll(self.page)
        assert self.complaints == []


async def somebody(browser: Browser, screens: Path, **options: Any) -> Person:
    """Open a new profile with one tab."""
    context = await browser.new_context(viewport=PHONE, **options)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    person = Person(context, await context.new_page(), screens)
    person.watch(person.page)
    context.on("page", person.watch)
    return person


async def passes_axe(page: Page) -> None:
    """Hold a page to every rule of axe, best practices included."""
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert await page.locator("html").get_attribute("lang") == "en"


async def no_horizontal_scroll(page: Page) -> None:
    found = await page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert found[0] <= found[1], f"{found[0]} px of page on {found[1]} px of screen"


async def focused(page: Page) -> str:
    """Give the text, or the name, of what has the keyboard's focus."""
    found: str = await page.evaluate(
        "() => { const e = document.activeElement; if (!e || e === document.body) return '';"
        " return (e.innerText || e.labels?.[0]?.innerText || e.name || e.tagName).trim() }"
    )
    return found


async def tab_to(page: Page, text: str) -> None:
    """Move the focus with the Tab key alone, as somebody without a mouse does."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        if text in await focused(page):
            outline = await page.evaluate(
                "() => getComputedStyle(document.activeElement).outlineStyle"
            )
            assert outline != "none", f"nothing shows that {text!r} has the focus"
            return
    raise AssertionError(f"the Tab key does not reach {text!r}")
