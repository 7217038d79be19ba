"""Answer with JSON that no cache keeps, and with errors as `{name, message}`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from arcade_gmail_multiuser import errors

__all__ = [
    "Refusal",
    "bad_request",
    "error_response",
    "exception_handlers",
    "json_response",
    "page_response",
    "storage_lost",
]

logger = logging.getLogger(__name__)

NO_RETRY = {"x-should-retry": "false"}
"""arcadepy retries 408, 409, 429 and every 5xx by itself, sends too, unless this header says no."""
STORAGE_PAUSE_S = "2"


class Refusal(HTTPException):
    """End a request with a status and `{name, message}`.

    Args:
        body: more keys for the response's body.
        retryable: False keeps arcadepy from sending the same request again by itself.
    """

    def __init__(
        self,
        status: int,
        name: str,
        message: str,
        *,
        body: Mapping[str, Any] | None = None,
        retryable: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            status, message, headers={**(headers or {}), **({} if retryable else NO_RETRY)}
        )
        self.name = name
        self.body = dict(body or {})


def bad_request(message: str, *, name: str = "bad_request") -> NoReturn:
    raise Refusal(400, name, message)


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Build a JSON response that no cache keeps."""
    return Response(
        _encode(body),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def page_response(items: list[Any], *, limit: int, offset: int, total: int) -> Response:
    """Return one page of a list in the form that arcadepy pages through."""
    return json_response(
        {
            "items": items,
            "limit": limit,
            "offset": offset,
            "page_count": len(items),
            "total_count": total,
        }
    )


def _encode(body: Any) -> bytes:
    try:
        return _dump(body, escaped=False).encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, which damaged mail contains, can only be written escaped.
        return _dump(body, escaped=True).encode()


def _dump(body: Any, *, escaped: bool) -> str:
    return json.dumps(body, ensure_ascii=escaped, allow_nan=False, separators=(",", ":"))


_STATUSES: tuple[tuple[type[errors.GmailMultiuserError], int], ...] = (
    (errors.InvalidInput, 400),
    (errors.AuthorizationError, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.RateLimited, 429),
    (errors.OutcomeUnknown, 502),
    (errors.Unavailable, 503),
    (errors.ConnectionFailed, 503),
    (errors.DeadlineExceeded, 504),
    (errors.ConfigurationError, 500),
    (errors.StorageUnavailable, 503),
    (errors.StorageError, 500),
)


def exception_handlers() -> dict[Any, Callable[..., Any]]:
    """Return the handlers that turn every exception into `{name, message}`."""
    return {
        HTTPException: _refused,
        errors.GmailMultiuserError: _typed,
        SQLAlchemyError: storage_lost,
        Exception: _unexpected,
    }


async def _refused(_request: Request, problem: HTTPException) -> Response:
    name = problem.name if isinstance(problem, Refusal) else _plain_name(problem.status_code)
    body = problem.body if isinstance(problem, Refusal) else {}
    return json_response(
        {"name": name, "message": problem.detail, **body}, problem.status_code, problem.headers
    )


def _plain_name(status: int) -> str:
    return {404: "not_found", 405: "method_not_allowed"}.get(status, "bad_request")


async def _typed(_request: Request, problem: errors.GmailMultiuserError) -> Response:
    return error_response(problem)


def error_response(problem: errors.GmailMultiuserError) -> Response:
    """Return one of our errors, and say whether and when to try again."""
    status = next((code for kind, code in _STATUSES if isinstance(problem, kind)), 500)
    # A limit of minutes is too long to wait for inside a request.
    retryable = problem.can_retry and not isinstance(problem, errors.RateLimited)
    headers = {} if retryable else dict(NO_RETRY)
    if problem.retry_after_ms is not None:
        headers["Retry-After"] = str(-(-problem.retry_after_ms // 1000))
    elif isinstance(problem, errors.StorageUnavailable):
        headers["Retry-After"] = STORAGE_PAUSE_S
    if status >= 500:
        logger.error("answered %d: %s", status, problem.code)
    return json_response({"name": problem.code, "message": problem.message}, status, headers)


async def storage_lost(_request: Request, problem: SQLAlchemyError) -> Response:
    # Only the type: a database error's text quotes statements and sometimes their parameters.
    logger.error("the database failed: %s", type(problem).__name__)
    message = "The engine's storage is unavailable; nothing was done. Try again in a moment."
    return json_response(
        {"name": "storage_unavailable", "message": message}, 503, {"Retry-After": STORAGE_PAUSE_S}
    )


async def _unexpected(_request: Request, _problem: Exception) -> Response:
    message = "The engine failed; its log says why. Check before repeating a call that writes."
    return json_response({"name": "internal_error", "message": message}, 500, NO_RETRY)
