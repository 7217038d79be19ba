"""Read an engine's answers: a tool's result, a request for authorization, or a typed error."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
from arcadepy import APIConnectionError, APIError, APIStatusError, APITimeoutError
from arcadepy.types import ExecuteToolResponse
from arcadepy.types.execute_tool_response import Output
from arcadepy.types.shared import AuthorizationResponse

from arcade_gmail_multiuser.client.shapes import AuthorizationRequired
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    Conflict,
    EngineRefused,
    EngineUnavailable,
    GmailMultiuserError,
    InvalidInput,
    InvalidParameters,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ToolFailed,
    UnknownTool,
)
from arcade_gmail_multiuser.security.redaction import redact

__all__ = [
    "AskUser",
    "Authorization",
    "NeedsAuthorization",
    "authorization_of",
    "authorization_refused",
    "engine_error",
    "error_name",
    "tool_output",
    "unreadable",
    "usable_url",
]

URL_NAMES = ("auth_url", "authorization_url", "authorizationUrl", "authUrl")
NOTHING_WAS_DONE = frozenset({"unavailable", "storage_unavailable"})
NEEDS_CONSENT = frozenset({"missing_token", "token_rejected", "missing_scope"})
MAX_WAIT_MS = 3_600_000

_PREFIX = re.compile(r"\[[A-Z_]{1,64}\] \w{1,64} during execution of tool '[^']{0,200}': ")
"""What Arcade's workers prepend to a tool's own message."""


@dataclass(frozen=True, slots=True, repr=False)
class Authorization:
    """Where a person grants access, and the id to wait for it by."""

    url: str | None = None
    id: str | None = None
    status: str | None = None
    user_id: str | None = None


class AskUser(Exception):
    """The user has to grant access first. A signal that never leaves the client."""

    def __init__(self, answer: AuthorizationRequired) -> None:
        super().__init__()
        self.answer = answer


class NeedsAuthorization(Exception):
    """The engine wants the user's consent; nothing was done. It never leaves the client."""

    def __init__(self, found: Authorization | None, otherwise: GmailMultiuserError) -> None:
        super().__init__()
        self.found = found
        self.otherwise = otherwise
        """The error to raise if the engine then says that everything is authorized."""


def authorization_of(answer: object) -> Authorization:
    """Read an AuthorizationResponse, which arcadepy does not check."""
    if not isinstance(answer, AuthorizationResponse):
        raise EngineUnavailable("The engine's answer about an authorization cannot be read.")
    return Authorization(
        usable_url(answer.url), _text(answer.id), _text(answer.status), _text(answer.user_id)
    )


def usable_url(value: object) -> str | None:
    """Return an http(s) address that a page may link to; None for anything else."""
    if not isinstance(value, str) or len(value) > 8192 or not value.isprintable() or " " in value:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.hostname else None


def tool_output(answer: object, *, wrote: bool) -> Any:
    """Return what the tool returned.

    Raises:
        NeedsAuthorization: the user has to grant access first.
        ToolFailed, RateLimited, OutcomeUnknown: the tool failed.
    """
    if not isinstance(answer, ExecuteToolResponse):
        raise unreadable(wrote=wrote)
    output = answer.output
    if output is not None and not isinstance(output, Output):
        raise unreadable(wrote=wrote)
    if output is not None and answer.success is not True:
        asked = output.authorization
        if isinstance(asked, AuthorizationResponse) and asked.status != "completed":
            raise NeedsAuthorization(authorization_of(asked), _refused(403, None))
    error = getattr(output, "error", None)
    if error is not None or answer.success is False:
        _raise_tool_error(error)
    return output.value if output is not None else None


def _raise_tool_error(error: object) -> NoReturn:
    found = getattr(error, "extra", None)
    extra = found if isinstance(found, dict) else {}
    code = _text(extra.get("code"))
    failed = _tool_failed(error, code)
    if code == "outcome_unknown":
        raise OutcomeUnknown(failed.message)
    if code is None and failed.kind == "TOOL_RUNTIME_BAD_INPUT_VALUE":
        # The worker refused it before calling the tool.
        raise InvalidParameters(failed.message)
    if code == "rate_limited" or failed.kind == "UPSTREAM_RUNTIME_RATE_LIMIT":
        raise RateLimited(failed.message, retry_after_ms=failed.retry_after_ms)
    if _lacks_consent(failed, code) and extra.get("may_have_acted") is not True:
        raise NeedsAuthorization(None, failed)
    raise failed


def _tool_failed(error: object, code: str | None) -> ToolFailed:
    message = redact(_PREFIX.sub("", _text(getattr(error, "message", None)) or ""))
    status = getattr(error, "status_code", None)
    wait = getattr(error, "retry_after_ms", None)
    return ToolFailed(
        message or "The tool failed without saying why.",
        kind=_text(getattr(error, "kind", None)) or "UNKNOWN",
        code=code,
        hint=_text(getattr(error, "additional_prompt_content", None)),
        status=status if isinstance(status, int) else None,
        can_retry=getattr(error, "can_retry", None) is True,
        retry_after_ms=min(wait, MAX_WAIT_MS) if isinstance(wait, int) and wait >= 0 else None,
    )


def _lacks_consent(failed: ToolFailed, code: str | None) -> bool:
    if code in NEEDS_CONSENT or failed.kind == "TOOL_REQUIREMENTS_NOT_MET":
        return True
    return code is None and failed.kind == "UPSTREAM_RUNTIME_AUTH_ERROR" and failed.status == 401


def authorization_refused(problem: APIStatusError) -> NeedsAuthorization:
    """Read a 403. Its body may name where to grant access, in one of several places."""
    body = problem.body
    found = next(_authorizations_in(body), None)
    return NeedsAuthorization(found, _refused(403, error_name(body)))


def _authorizations_in(body: object, depth: int = 4) -> Iterator[Authorization]:
    if not isinstance(body, Mapping) or depth == 0:
        return
    inner = body.get("authorization")
    if isinstance(inner, Mapping):
        yield from _named(inner, ("url", *URL_NAMES))
    names = ("url", *URL_NAMES) if _speaks_of_authorization(body) else URL_NAMES
    yield from _named(body, names)
    for value in body.values():
        yield from _authorizations_in(value, depth - 1)


def _named(holder: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Authorization]:
    url = next((u for n in names if (u := usable_url(holder.get(n)))), None)
    if url is not None:
        ids = (holder.get(n) for n in ("id", "auth_id", "authorization_id"))
        ident = next((i for i in ids if isinstance(i, str)), None)
        yield Authorization(url, ident, "pending", _text(holder.get("user_id")))


def _speaks_of_authorization(body: Mapping[str, Any]) -> bool:
    # A plain "url" beside another refusal may well be a page of help.
    words = (body.get(n) for n in ("name", "error", "code", "message", "msg"))
    return any("authoriz" in w.lower() for w in words if isinstance(w, str))


def error_name(body: object) -> str | None:
    """Return the name of an error in either form: `{name, message}` or `{code, error, msg}`."""
    if not isinstance(body, Mapping):
        return None
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return error_name(inner)
    for name in (inner, body.get("name")):
        if isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", name):
            return name.lower()
    return None


def engine_error(problem: APIError, *, wrote: bool) -> GmailMultiuserError:
    """Make the typed error for what arcadepy raised. Of the body it carries only the error's name.

    Args:
        wrote: the request was meant to change something, so its outcome may be unknown.
    """
    if isinstance(problem, APIStatusError):
        return _status_error(problem, wrote=wrote)
    if isinstance(problem, APITimeoutError) and not wrote:
        return EngineUnavailable("The engine did not answer in time. Try again in a moment.")
    if isinstance(problem, APIConnectionError) and not (wrote and _was_sent(problem)):
        return EngineUnavailable("The engine cannot be reached. Try again in a moment.")
    return unreadable(wrote=wrote)


def unreadable(*, wrote: bool) -> GmailMultiuserError:
    """Make the error for an answer that never came or cannot be read."""
    if wrote:
        return OutcomeUnknown("The tool may or may not have acted; look before repeating the call.")
    return EngineUnavailable("The engine's answer cannot be read. Try again in a moment.")


def _was_sent(problem: APIConnectionError) -> bool:
    never = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    return not isinstance(problem.__cause__, never)


def _status_error(problem: APIStatusError, *, wrote: bool) -> GmailMultiuserError:
    status, name = problem.status_code, error_name(problem.body)
    if status == 429:
        return RateLimited(
            "Too many calls at once. Wait, then call again.",
            retry_after_ms=retry_after_ms(problem.response.headers),
        )
    if status >= 500 or status == 408:
        again = problem.response.headers.get("x-should-retry") != "false"
        if wrote and not (name in NOTHING_WAS_DONE and again):
            return unreadable(wrote=True)
        return EngineUnavailable(
            "The engine or its worker is unavailable. Try again in a moment.",
            developer_message=f"HTTP {status} {name or ''}".strip(),
            retry_after_ms=retry_after_ms(problem.response.headers),
        )
    return _refusal(status, name)


def _refusal(status: int, name: str | None) -> GmailMultiuserError:
    if status == 401:
        return ConfigurationError("The engine does not accept the API key.")
    if status == 404 and name in (None, "tool_not_found"):
        return UnknownTool("The engine has no such tool.")
    if status == 404:
        return NotFound("The engine does not have what was asked for.", developer_message=name)
    if status == 409:
        return Conflict("The engine is changing the same thing right now.", developer_message=name)
    if status == 413:
        return InvalidInput("The call is too large for the engine.")
    return _refused(status, name)


def _refused(status: int, name: str | None) -> EngineRefused:
    what = f": {name}" if name else ""
    return EngineRefused(f"The engine refused the call ({status}{what}).", status=status)


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """Read `retry-after-ms` or `Retry-After`, in seconds or as a date; at most an hour."""
    for name, unit in (("retry-after-ms", 1.0), ("retry-after", 1000.0)):
        given = headers.get(name, "")
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", given):
            return min(int(float(given) * unit), MAX_WAIT_MS)
    when = email.utils.parsedate_tz(headers.get("retry-after", ""))
    if when is None:
        return None
    return max(0, min(int((email.utils.mktime_tz(when) - time.time()) * 1000), MAX_WAIT_MS))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
