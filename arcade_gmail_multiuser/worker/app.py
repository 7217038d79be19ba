"""Make the worker's application: its routes, its guards and its start."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.gmail.api.requests import gmail_endpoint
from arcade_gmail_multiuser.gmail.api.transport import close_transport
from arcade_gmail_multiuser.gmail.attachments.attachment_text import close_readers
from arcade_gmail_multiuser.tools.send.confirmation import check_settings
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit
from arcade_gmail_multiuser.worker.executor import GmailWorker, UnknownTool
from arcade_gmail_multiuser.worker.guards import INVALID_PARAMS, BoundedBody, SignedCallsOnly

__all__ = ["create_app"]

DEVELOPMENT = "development"
MIN_SECRET_BYTES = 32
UNKNOWN_TOOL = -32601


def create_app(*, secret: str | None = None, environment: str | None = None) -> FastAPI:
    """Make the worker's application with every tool registered.

    Args:
        secret: what engine and worker share; default: ARCADE_WORKER_SECRET.
        environment: only "development" accepts a weak secret; default: ARCADE_ENVIRONMENT.

    Raises:
        ConfigurationError: no secret, a short one, or the well-known "dev"; or a setting of the
            tools with which calls would fail.
    """
    secret = _checked_secret(
        os.environ.get("ARCADE_WORKER_SECRET", "") if secret is None else secret,
        os.environ.get("ARCADE_ENVIRONMENT", "") if environment is None else environment,
    )
    gmail_endpoint()
    check_settings()
    app = FastAPI(
        title="arcade_gmail_multiuser",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
    )
    app.add_exception_handler(UnknownTool, _unknown_tool)
    app.add_exception_handler(RecursionError, _unreadable)
    app.add_exception_handler(ValueError, _unreadable)
    app.add_middleware(BoundedBody)
    app.add_middleware(SignedCallsOnly, secret=secret)
    worker = GmailWorker(app, secret=secret)
    worker.register_toolkit(describe_toolkit())
    return app


def _checked_secret(secret: str, environment: str) -> str:
    if len(secret.encode()) >= MIN_SECRET_BYTES:
        return secret
    if environment == DEVELOPMENT:
        return secret or "dev"
    problem = "is not set" if not secret else f"has fewer than {MIN_SECRET_BYTES} bytes"
    raise ConfigurationError(
        f"The worker's secret {problem}. Set ARCADE_WORKER_SECRET to a random value of at least "
        f"{MIN_SECRET_BYTES} bytes, the same for engine and worker."
    )


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        close_readers()
        await close_transport()


async def _unknown_tool(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse(
        {"code": UNKNOWN_TOOL, "message": "There is no such tool, or not in that version."},
        status_code=404,
    )


async def _unreadable(_: Request, error: Exception) -> JSONResponse:
    """Refuse bodies that arcade-serve answers with 500: JSON too deep, or too long a number."""
    if not isinstance(error, RecursionError) and not str(error).startswith("Exceeds the limit"):
        raise error
    return JSONResponse(
        {"code": INVALID_PARAMS, "message": "Invalid params: malformed request body"},
        status_code=400,
    )
