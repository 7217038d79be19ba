"""Read what a browser sent to a page, and refuse it with a page when it cannot be used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from arcade_gmail_local.engine.http.answers import Refusal
from arcade_gmail_local.engine.http.bodies import read_bounded
from arcade_gmail_local.engine.pages.oauth_pages import PAGE_HEADERS, end_page
from arcade_gmail_multiuser.security.masking import HiddenText

__all__ = [
    "PageRefusal",
    "go_to",
    "is_a_visit",
    "read_form",
    "refuse_with_page",
    "single_values",
    "with_pages",
]

Handler = Callable[[Request, Any], Awaitable[Response]]

_PAGES = "/v1/oauth/"
_LONGEST_QUERY = 8192
_LONGEST = {"code": 4096, "state": 128, "flow_id": 128, "csrf": 128, "error": 128, "iss": 512}


class PageRefusal(Refusal):
    """Answered with a page instead of JSON, since a browser asked."""

    def __init__(
        self, reason: str, status: int = 400, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, reason, "", headers=headers)


async def refuse_with_page(_request: Request, problem: Exception) -> Response:
    if not isinstance(problem, PageRefusal):
        return end_page(None, status=400)
    response = end_page(problem.name, status=problem.status_code)
    response.headers.update(problem.headers or {})
    return response


def with_pages(handler: Handler) -> Handler:
    """Answer a browser with a page where the API answers with JSON, with the same status."""

    async def handle(request: Request, problem: Any) -> Response:
        told = await handler(request, problem)
        if not request.url.path.startswith(_PAGES):
            return told
        page = end_page("engine_unavailable", status=told.status_code)
        if "Retry-After" in told.headers:
            page.headers["Retry-After"] = told.headers["Retry-After"]
        return page

    return handle


def single_values(query: str) -> dict[str, HiddenText]:
    """Read parameters of which none comes twice and none is oversized. Codes may be among them.

    Raises:
        PageRefusal: which of two values counts is what attackers play with, so neither does.
    """
    if len(query) > _LONGEST_QUERY:
        raise PageRefusal("address_unusable")
    try:
        pairs = [
            (name, HiddenText(value))
            for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=40)
        ]
    except ValueError:
        raise PageRefusal("address_unusable") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise PageRefusal("address_unusable")
    for name, value in values.items():
        if len(value) > _LONGEST.get(name, 4096) or "\0" in value:
            raise PageRefusal("address_unusable")
    return values


async def read_form(request: Request) -> dict[str, HiddenText]:
    """Read a form that one of our own pages sent.

    Raises:
        PageRefusal: it came from another site, as browsers say by themselves, or is unusable.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise PageRefusal("form_from_elsewhere", 403)
    raw = await read_bounded(request, max_bytes=_LONGEST_QUERY)
    return single_values(raw.decode("utf-8", errors="replace"))


def is_a_visit(request: Request) -> bool:
    """Say whether a person opened this in a tab, and not a link preview or a prefetch."""
    headers = request.headers
    early = headers.get("sec-purpose", headers.get("purpose", ""))
    return (
        request.method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and "prefetch" not in early.lower()
    )


def go_to(target: str) -> RedirectResponse:
    return RedirectResponse(target, 303, PAGE_HEADERS)
