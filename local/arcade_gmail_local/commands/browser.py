"""Script a browser: one person's cookies, redirects and forms.

It plays the person in the demo and in tests, so that the OAuth flow runs through its real pages:
choosing an account, consenting, confirming. It knows no page by its URL; it reads the forms, as a
person does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urljoin

import aiohttp
from selectolax.lexbor import LexborHTMLParser, LexborNode

from arcade_gmail_multiuser.errors import GmailMultiuserError

__all__ = ["Browser", "BrowserStuck", "Form", "Page"]

TIMEOUT_S = 20.0


class BrowserStuck(GmailMultiuserError):
    """A page is not what the script expected."""

    code = "browser_stuck"


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """A form as it would be sent unchanged, and what a person could choose in it."""

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    checkboxes: tuple[tuple[str, str], ...]
    buttons: tuple[tuple[str, str, str], ...]
    """Each button's name, value and text."""


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    url: str
    status: int
    title: str
    text: str
    forms: tuple[Form, ...] = field(default=())


class Browser:
    """One person's browser with its own cookies; an asynchronous context manager."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Browser:
        # By default aiohttp keeps no cookies for IP addresses; here all is loopback.
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open_session().close()

    async def open(self, url: str) -> Page:
        """Fetch a page, following redirects."""
        return await self._request("GET", url, ())

    async def submit(
        self,
        form: Form,
        *,
        button: tuple[str, str, str] | None = None,
        checked: Sequence[tuple[str, str]] | None = None,
        values: Mapping[str, str] | None = None,
    ) -> Page:
        """Submit a form with a button, ticked boxes and filled-in values.

        `checked` replaces the boxes that are ticked already; None leaves them as they are.
        """
        filled = values or {}
        boxes = set(form.checkboxes)
        sent = [
            (name, filled.get(name, value))
            for name, value in form.fields
            if checked is None or (name, value) not in boxes
        ]
        sent += list(checked or ())
        if button is not None and button[0]:
            sent.append((button[0], button[1]))
        return await self._request(form.method, form.action, sent)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise BrowserStuck("The browser is not open; use it with `async with`.")
        return self._session

    async def _request(self, method: str, url: str, fields: Sequence[tuple[str, str]]) -> Page:
        session = self._open_session()
        try:
            if method == "POST":
                request = session.post(url, data=list(fields))
            else:
                request = session.get(url, params=list(fields) or None)
            async with request as answer:
                body = await answer.text()
                return _page(str(answer.url), answer.status, body)
        except (aiohttp.ClientError, TimeoutError) as failed:
            # The URL may contain a code or a state, so it is not named.
            raise BrowserStuck(f"The browser got no page: {type(failed).__name__}.") from None


def _page(url: str, status: int, html: str) -> Page:
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    return Page(
        url=url,
        status=status,
        title=title.text(strip=True) if title is not None else "",
        text=tree.body.text(separator=" ", strip=True) if tree.body is not None else "",
        forms=tuple(_form(url, node) for node in tree.css("form")),
    )


def _form(url: str, node: LexborNode) -> Form:
    fields: list[tuple[str, str]] = []
    checkboxes: list[tuple[str, str]] = []
    buttons: list[tuple[str, str, str]] = []
    for control in node.css("input, button"):
        name, value = _attribute(control, "name"), _attribute(control, "value")
        kind = _kind_of(control)
        if kind in {"submit", "button"}:
            label = control.text(strip=True) if control.tag == "button" else value
            buttons.append((name, value, label))
        elif kind in {"checkbox", "radio"}:
            box = (name, value or "on")
            checkboxes.append(box)
            fields += [box] if "checked" in control.attributes else []
        elif name:
            fields.append((name, value))
    return Form(
        action=urljoin(url, _attribute(node, "action")) or url,
        method=(_attribute(node, "method") or "get").upper(),
        fields=tuple(fields),
        checkboxes=tuple(checkboxes),
        buttons=tuple(buttons),
    )


def _kind_of(control: LexborNode) -> str:
    return _attribute(control, "type") or ("submit" if control.tag == "button" else "text")


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""
