"""Translate our errors into Arcade's: typed, saying what to do next, with nothing private."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from arcade_tdk.errors import (
    ErrorKind,
    FatalToolError,
    NetworkTransportError,
    RetryableToolError,
    ToolRuntimeError,
    UpstreamError,
    UpstreamRateLimitError,
)

from arcade_gmail_multiuser import errors

__all__ = ["GmailErrorAdapter"]

DEFAULT_RETRY_AFTER_MS = 5_000
"""Gmail counts its limits by the minute, so a shorter wait only meets the same answer."""


class GmailErrorAdapter:
    """Translate every exception, known or not, so that no stock adapter sees one.

    The stock adapters pass Google's own text on, which can name a search or an address.
    """

    slug = "gmail_multiuser"

    def from_exception(self, exc: Exception) -> ToolRuntimeError:
        error = _translate(exc)
        error.extra = {"code": getattr(exc, "code", "internal_error"), **(error.extra or {})}
        where = _where(exc)
        # `tdk` raises this error `from` the original, and stacktrace() would print that original
        # with its message and causes, which can hold a token. Only code locations may leave.
        error.stacktrace = lambda: where  # type: ignore[method-assign] # see above
        _empty(exc)
        return error


def _where(exc: Exception) -> str:
    frames = "".join(traceback.format_tb(exc.__traceback__))
    return f"{type(exc).__name__}\n{frames}"


def _empty(exc: Exception) -> None:
    """Drop what a handler further out could print: the values, the causes and the frames."""
    if not isinstance(exc, errors.GmailMultiuserError):
        exc.args = ()
    exc.__cause__ = exc.__context__ = exc.__traceback__ = None


def _translate(exc: Exception) -> ToolRuntimeError:
    for kind, translation in _TRANSLATIONS.items():
        if isinstance(exc, kind):
            return translation(exc)
    return FatalToolError(
        "The tool failed inside. Repeating the call as it is will not help.",
        developer_message=f"unforeseen {type(exc).__name__}",
    )


def _wrong_input(exc: errors.GmailMultiuserError) -> ToolRuntimeError:
    closest = exc.closest if isinstance(exc, errors.UnknownLabel) else ()
    error = RetryableToolError(
        exc.message,
        developer_message=exc.developer_message,
        additional_prompt_content=f"Closest label names: {', '.join(closest)}" if closest else None,
    )
    error.status_code = 400
    return error


def _upstream(status_code: int) -> Callable[[errors.GmailMultiuserError], ToolRuntimeError]:
    def translate(exc: errors.GmailMultiuserError) -> ToolRuntimeError:
        accepted = exc.accepted if isinstance(exc, errors.MissingScope) else ()
        error = UpstreamError(
            exc.message,
            developer_message=exc.developer_message,
            status_code=status_code,
            extra={"accepted_scopes": list(accepted)} if accepted else None,
        )
        error.can_retry = exc.can_retry
        return error

    return translate


def _rate_limited(exc: errors.GmailMultiuserError) -> ToolRuntimeError:
    wait = exc.retry_after_ms if exc.retry_after_ms is not None else DEFAULT_RETRY_AFTER_MS
    return UpstreamRateLimitError(
        exc.message, retry_after_ms=wait, developer_message=exc.developer_message
    )


def _network(kind: ErrorKind) -> Callable[[errors.GmailMultiuserError], ToolRuntimeError]:
    def translate(exc: errors.GmailMultiuserError) -> ToolRuntimeError:
        return NetworkTransportError(
            exc.message, developer_message=exc.developer_message, kind=kind, can_retry=exc.can_retry
        )

    return translate


def _fatal(exc: errors.GmailMultiuserError) -> ToolRuntimeError:
    return FatalToolError(exc.message, developer_message=exc.developer_message)


# The first class that fits wins, so the refined ones stand before the general ones.
_TRANSLATIONS: dict[type[Exception], Callable[..., ToolRuntimeError]] = {
    errors.InvalidInput: _wrong_input,
    errors.MissingToken: _upstream(401),
    errors.TokenRejected: _upstream(401),
    errors.AuthorizationError: _upstream(403),
    errors.NotFound: _upstream(404),
    errors.Conflict: _upstream(409),
    errors.RequestRefused: _upstream(400),
    errors.RateLimited: _rate_limited,
    errors.Unavailable: _upstream(503),
    errors.ConnectionFailed: _network(ErrorKind.NETWORK_TRANSPORT_RUNTIME_UNREACHABLE),
    errors.DeadlineExceeded: _network(ErrorKind.NETWORK_TRANSPORT_RUNTIME_TIMEOUT),
    # A 5xx status would tell the engine and arcadepy to repeat a send that may have happened.
    errors.OutcomeUnknown: _network(ErrorKind.NETWORK_TRANSPORT_RUNTIME_UNMAPPED),
    errors.GmailMultiuserError: _fatal,
}
