"""Assemble the application: sessions, the verifier's routes, and the pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic_ai.models import Model
from starlette.middleware.sessions import SessionMiddleware

from arcade_gmail_multiuser import GmailMultiuserError, MultiUserGmailManager, verifier_routes
from examples.fastapi_app import mailbox_pages, sign_in_pages
from examples.fastapi_app.mailbox_pages import Services
from examples.fastapi_app.sessions import signed_in
from examples.fastapi_app.templating import render

__all__ = ["VERIFIER_PATH", "create_app"]

VERIFIER_PATH = "/gmail/verify"
"""Register it with the engine, which sends the browser there to confirm who is signed in."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def create_app(
    manager: MultiUserGmailManager,
    model: Model,
    *,
    public_url: str,
    session_secret: str,
    phrases: tuple[str, ...] = (),
) -> FastAPI:
    """Make the application.

    Args:
        public_url: its own origin, as browsers see it; people come back there after connecting.
        session_secret: signs the session's cookie.
        phrases: examples of what the model understands, to show on the page.
    """
    app = FastAPI(title="Ask your mailbox", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = Services(manager, model, public_url, phrases)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_middleware(
        SessionMiddleware,
        secret_key=session_secret,
        session_cookie="sample_session",
        same_site="lax",
        https_only=public_url.startswith("https:"),
        max_age=8 * 3600,
    )
    app.router.routes.extend(
        verifier_routes(manager, signed_in, path=VERIFIER_PATH, login_url="/sign-in")
    )
    app.include_router(sign_in_pages.router)
    app.include_router(mailbox_pages.router)
    app.middleware("http")(_close)
    app.exception_handler(GmailMultiuserError)(_gmail_failed)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_unreadable)
    return app


async def _close(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _gmail_failed(request: Request, problem: GmailMultiuserError) -> Response:
    return render(request, "message.html", 502, title="That did not work", text=problem.message)


def _refused(request: Request, problem: HTTPException) -> Response:
    if problem.status_code == 401:
        return RedirectResponse("/sign-in", 303)
    return render(
        request,
        "message.html",
        problem.status_code,
        title="That did not work",
        text=problem.detail,
    )


def _unreadable(request: Request, _problem: RequestValidationError) -> Response:
    text = "The form was not filled in as it has to be. Nothing was done."
    return render(request, "message.html", 400, title="That did not work", text=text)
