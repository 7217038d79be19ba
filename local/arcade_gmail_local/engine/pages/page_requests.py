"""Read what a browser sends to a page, and refuse what is unusable with a page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from arcade_gmail_local.engine.http.bodies import read_bounded
from arcade_gmail_local.engine.http.responses import Refusal
from arcade_gmail_local.engine.pages.templating import PAGE_HEADERS, end_page
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
_MAX_BYTES = 8192
_MAX_FIELDS = 40
_MAX_LENGTH = {"code": 4096, "state": 128, "flow_id": 128, "csrf": 128, "error": 128, "iss": 512}


class PageRefusal(Refusal):
    """End a browser's request with a page instead of JSON."""

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
    """Answer with a page instead of JSON, with the same status, where browsers ask."""

    async def handle(request: Request, problem: Any) -> Response:
        response = await handler(request, problem)
        if not request.url.path.startswith(_PAGES):
            return response
        page = end_page("engine_unavailable", status=response.status_code)
        if "Retry-After" in response.headers:
            page.headers["Retry-After"] = response.headers["Retry-After"]
        return page

    return handle


def single_values(query: str) -> dict[str, HiddenText]:
    """Read a query's parameters, which may be codes: none may come twice or be oversized.

    Raises:
        PageRefusal: attackers play with which of two values counts, so neither does.
    """
    if len(query) > _MAX_BYTES:
        raise PageRefusal("address_unusable")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise PageRefusal("address_unusable") from None
    return _single(pairs)


async def read_form(request: Request) -> dict[str, HiddenText]:
    """Read a form that one of our own pages sent, under the rules of `single_values`.

    Raises:
        PageRefusal: it came from another site, as browsers report themselves, or is unusable.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise PageRefusal("form_from_elsewhere", 403)

    async def body() -> AsyncGenerator[bytes, None]:
        yield await read_bounded(request, max_bytes=_MAX_BYTES)

    try:
        form = await FormParser(request.headers, body(), max_fields=_MAX_FIELDS).parse()
    except MultiPartException:
        raise PageRefusal("address_unusable") from None
    return _single([(name, str(value)) for name, value in form.multi_items()])


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, HiddenText]:
    values: dict[str, HiddenText] = {}
    for name, value in pairs:
        if name in values or len(value) > _MAX_LENGTH.get(name, 4096) or "\0" in value:
            raise PageRefusal("address_unusable")
        values[name] = HiddenText(value)
    return values


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
