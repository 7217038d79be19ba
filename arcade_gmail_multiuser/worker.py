"""The Arcade worker: the tools behind arcade-serve's protocol, with its gaps closed.

arcade-serve accepts tokens that never expire and short secrets, answers 500 to an unknown tool and
to inputs that are named like its own arguments, and writes mail into its DEBUG log and its spans.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import jwt
from arcade_core.errors import ErrorKind
from arcade_core.executor import ToolExecutor
from arcade_core.log_extras import build_tool_error_log_extra, build_tool_error_span_attributes
from arcade_core.schema import (
    FullyQualifiedName,
    ToolCallError,
    ToolCallRequest,
    ToolCallResponse,
)
from arcade_serve.core.common import InvalidRequestParamsError
from arcade_serve.fastapi import FastAPIWorker
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.gmail.api.requests import gmail_endpoint
from arcade_gmail_multiuser.gmail.api.transport import close_transport
from arcade_gmail_multiuser.gmail.attachments.attachment_text import close_readers
from arcade_gmail_multiuser.security.redaction import redact
from arcade_gmail_multiuser.tools.send.confirmation import check_settings
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit

__all__ = ["create_app"]

_log = logging.getLogger(__name__)

DEVELOPMENT = "development"
LEAST_SECRET_BYTES = 32
MAX_TOKEN_AGE_S = 3_600
"""How far ahead a token may expire; an engine signs one for each call."""
MAX_BODY_BYTES = 64 * 1024 * 1024
"""A message of 25 MB as base64 in JSON, and room."""

RESERVED_INPUTS = frozenset({"context", "func", "definition", "input_model", "output_model"})
"""Names that arcade-core's executor passes itself; an input of that name is a TypeError in it."""

UNKNOWN_INPUT = "Extra inputs are not permitted"
"""What pydantic says of an input that a tool does not have, after that input's name."""

MISFIT = re.compile(r"(?:^|; |: )([a-z_]+(?:\.\w+)*): (Input should [^;]+|Field required)")
"""An input of the tool that pydantic finds wrong or missing, and what it says of it."""

UNKNOWN_PART = re.compile(rf"(?:^|; |: )([a-z_]+(?:\.\w+)+): {UNKNOWN_INPUT}")
"""A key inside of an input that does not belong there."""

PLAIN_NAME = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)

MAX_NAMED = 20
"""Things wrong with one call that are named; a call can have any number of them."""

MAX_SAID = 4_000
"""Characters of pydantic's own words that an error may have."""

# JSON-RPC's numbers, because arcade-serve's own errors have them.
UNKNOWN_TOOL = -32601
INVALID_PARAMS = -32602
OPEN_PATHS = frozenset({"/worker/health"})


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
    app.add_exception_handler(_UnknownTool, _unknown_tool)
    app.add_exception_handler(RecursionError, _unreadable)
    app.add_exception_handler(ValueError, _unreadable)
    app.add_middleware(_BoundedBody)
    app.add_middleware(_SignedCallsOnly, secret=secret)
    worker = _GmailWorker(app, secret=secret)
    worker.register_toolkit(describe_toolkit())
    return app


def _checked_secret(secret: str, environment: str) -> str:
    strong = len(secret.encode()) >= LEAST_SECRET_BYTES
    if strong:
        return secret
    if environment == DEVELOPMENT:
        return secret or "dev"
    what = "is not set" if not secret else f"has fewer than {LEAST_SECRET_BYTES} bytes"
    raise ConfigurationError(
        f"The worker's secret {what}. Set ARCADE_WORKER_SECRET to a random value of at least "
        f"{LEAST_SECRET_BYTES} bytes, the same for engine and worker."
    )


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        close_readers()
        await close_transport()


class _UnknownTool(Exception):
    pass


async def _unknown_tool(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse(
        {"code": UNKNOWN_TOOL, "message": "There is no such tool, or not in that version."},
        status_code=404,
    )


async def _unreadable(_: Request, error: Exception) -> JSONResponse:
    """Answer what arcade-serve forgets of a body: JSON too deep, or with too long a number."""
    if not isinstance(error, RecursionError) and not str(error).startswith("Exceeds the limit"):
        raise error
    return JSONResponse(
        {"code": INVALID_PARAMS, "message": "Invalid params: malformed request body"},
        status_code=400,
    )


class _GmailWorker(FastAPIWorker):
    """Refuse what arcade-serve would crash on, and let nothing private out."""

    async def call_tool(self, tool_request: ToolCallRequest) -> ToolCallResponse:
        """Run a tool as arcade-serve does, but clean its error before anything sees it.

        arcade-serve puts the error as it is into a span, and writes inputs and outputs out for a
        log even when nobody wants one: with attachments, 30 MB that all other calls wait for.
        """
        asked = tool_request.tool.get_fully_qualified_name()
        try:
            tool = self.catalog.get_tool(asked)
        except (KeyError, ValueError):
            raise _UnknownTool from None
        inputs = tool_request.inputs or {}
        reserved = RESERVED_INPUTS.intersection(inputs)
        if reserved:
            raise InvalidRequestParamsError(f"no tool has an input {', '.join(sorted(reserved))}")
        about = {
            "tool_name": asked.name,
            "toolkit_version": str(asked.toolkit_version),
            "toolkit_name": asked.toolkit_name,
            "environment": self.environment,
        }
        if self.tool_counter:
            self.tool_counter.add(1, about)
        started = time.perf_counter()
        with trace.get_tracer(__name__).start_as_current_span("RunTool", attributes=about) as span:
            output = await ToolExecutor.run(
                tool.tool,
                tool.definition,
                tool.input_model,
                tool.output_model,
                tool_request.context,
                **inputs,
            )
            if output.error is not None:
                _name_misfits(output.error, inputs, set(tool.input_model.model_fields))
                _clean(output.error)
                span.set_attributes(build_tool_error_span_attributes(_for_operators(output.error)))
        milliseconds = (time.perf_counter() - started) * 1000
        execution_id = tool_request.execution_id or ""
        _note(execution_id, asked, output.error)
        return ToolCallResponse(
            execution_id=execution_id,
            duration=milliseconds,
            finished_at=datetime.now(UTC).isoformat(),
            success=not output.error,
            output=output,
        )


def _note(execution_id: str, tool: FullyQualifiedName, error: ToolCallError | None) -> None:
    """Log how a call ended, in one line whatever it brought, with the fields of arcade-serve."""
    error = error and _for_operators(error)
    line = f"{execution_id} | Tool {tool.name} version {tool.toolkit_version} "
    line += "success" if error is None else f"failed: {error.message}"
    line = line.replace("\r", "\\r").replace("\n", "\\n")
    if error is None:
        _log.info("%s", line)
        return
    _log.warning(
        "%s",
        line,
        extra=build_tool_error_log_extra(
            error,
            tool_name=tool.name,
            toolkit_name=tool.toolkit_name,
            toolkit_version=str(tool.toolkit_version),
            execution_id=execution_id,
        ),
    )


def _for_operators(error: ToolCallError) -> ToolCallError:
    """Give of an error what logs and spans may hold.

    Bad input names every input that a tool does not have, and a model may name one after anything.
    Whoever made the call may read that again.
    """
    if error.kind is not ErrorKind.TOOL_RUNTIME_BAD_INPUT_VALUE:
        return error
    unsaid = {"message": "The inputs do not fit the tool.", "stacktrace": None}
    return error.model_copy(update={**unsaid, "developer_message": None})


def _name_misfits(error: ToolCallError, inputs: dict[str, Any], known: set[str]) -> None:
    """Say of each input what is wrong with it, where the tool does not have one of them.

    The name of such an input is whatever a model made of the mail before it, so only what looks
    like a name is repeated, and where one does not, nothing of the message that quotes it is.
    """
    bad_input = error.kind is ErrorKind.TOOL_RUNTIME_BAD_INPUT_VALUE
    if not bad_input or (UNKNOWN_INPUT not in error.message and len(error.message) <= MAX_SAID):
        return
    odd = _has_odd_name(inputs)
    said = "" if odd else error.message
    wrong = [
        f"{name}: {why.rstrip('.')}"
        for name, why in MISFIT.findall(said)
        if name.partition(".")[0] in known
    ]
    wrong += [f"{name} is not known" for name in UNKNOWN_PART.findall(said)]
    unknown = sorted(filter(PLAIN_NAME.fullmatch, set(inputs) - known))
    more = max(len(wrong) + len(unknown) - MAX_NAMED, 0)
    del wrong[MAX_NAMED:]
    for name in unknown[: MAX_NAMED - len(wrong)]:
        near = get_close_matches(name, known, n=1)
        wrong.append(f"{name} is not known" + (f", did you mean {near[0]}?" if near else ""))
    if more:
        wrong.append(f"{more} more inputs are wrong")
    if odd:
        wrong.append("the call has an input that this tool does not take")
    wrong.append(f"the tool takes {', '.join(sorted(known)) or 'nothing'}")
    error.message = f"Invalid input: {'; '.join(wrong)}."
    error.developer_message = error.stacktrace = None


def _has_odd_name(inputs: dict[str, Any]) -> bool:
    """Tell whether a name anywhere in the inputs could be mistaken for text around it."""
    waiting: list[object] = [inputs]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if not all(map(PLAIN_NAME.fullmatch, value)):
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def _clean(error: ToolCallError) -> None:
    error.message = redact(error.message)
    if error.kind is ErrorKind.TOOL_RUNTIME_BAD_OUTPUT_VALUE:
        # pydantic quotes the values that do not fit, and those are mail.
        error.developer_message = error.stacktrace = None
        return
    error.developer_message = error.developer_message and redact(error.developer_message)
    error.stacktrace = error.stacktrace and redact(error.stacktrace)


class _SignedCallsOnly:
    """Let through only calls whose token is signed, meant for this worker and short-lived.

    arcade-serve checks again after this; it does not ask for `exp`.
    """

    def __init__(self, app: ASGIApp, *, secret: str) -> None:
        self._app = app
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "http" and scope["path"] not in OPEN_PATHS
        if guarded and not self._admits(_authorization(scope)):
            answer = JSONResponse(
                {"detail": "The call needs a valid token that expires soon."},
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            claims = jwt.decode(
                token.strip(),
                self._secret,
                algorithms=["HS256"],
                audience="worker",
                options={"require": ["exp", "aud"]},
            )
            ahead = int(claims["exp"]) - time.time()
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            return False
        return claims.get("ver") == "1" and ahead <= MAX_TOKEN_AGE_S


def _authorization(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    return values[0].decode("latin-1") if len(values) == 1 else ""


class _BodyTooLarge(Exception):
    pass


class _BoundedBody:
    """Answer 413 instead of holding a body of any size in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise _BodyTooLarge
            return message

        try:
            await self._app(scope, counted, send)
        except _BodyTooLarge:
            answer = JSONResponse(
                {"code": INVALID_PARAMS, "message": "The request is too large."}, status_code=413
            )
            await answer(scope, receive, send)
