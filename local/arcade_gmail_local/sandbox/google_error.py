"""Build Google's errors word for word, because clients read them.

A handler raises `GoogleError`; only the dispatcher turns it into bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

SERVICE = "gmail.googleapis.com"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_REALM = 'Bearer realm="https://accounts.google.com/"'
_EXPECTED = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class GoogleError(Exception):
    """One refusal, as Gmail would send it.

    Args:
        entry: the single item of `errors[]` without its message, e.g. `{"domain": …, "reason": …}`.
        entry_message: where that item says something other than the envelope.
    """

    def __init__(
        self,
        code: int,
        message: str,
        reason: str,
        *,
        status: str | None = None,
        domain: str | None = "global",
        entry_message: str | None = None,
        entry: Mapping[str, Any] | None = None,
        details: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.status = status or _STATUS.get(code, "UNKNOWN")
        self.headers = dict(headers or {})
        self._entry: dict[str, Any] = {"message": entry_message or message}
        if domain is not None:
            self._entry["domain"] = domain
        self._entry |= {"reason": reason, **(entry or {})}
        self._details = [dict(detail) for detail in details]

    def body(self, *, without_errors: bool = False) -> bytes:
        """Return the envelope; `without_errors` is what `$.xgafv=2` asks for."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if not without_errors:
            error["errors"] = [self._entry]
        error["status"] = self.status
        if self._details:
            error["details"] = self._details
        return (json.dumps({"error": error}, indent=2, ensure_ascii=False) + "\n").encode()


def invalid(message: str, reason: str = "invalidArgument") -> GoogleError:
    return GoogleError(400, message, reason)


def invalid_id() -> GoogleError:
    return invalid("Invalid id value")


def invalid_label(label: str) -> GoogleError:
    return invalid(f"Invalid label: {label}")


def bad_value(field: str, kind: str, shown: str, *, note: str = "") -> GoogleError:
    """Refuse a value of the wrong type; `field` is the path of the proto field, `kind` its type."""
    message = f"Invalid value at '{field}' ({kind}), {note}{shown}"
    return _bad_request(message, field)


def unknown_query_parameter(name: str) -> GoogleError:
    return _bad_request(
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


def repeated_query_parameter(name: str) -> GoogleError:
    return _bad_request(
        f'Invalid JSON payload received. Unknown name "{name}": '
        "Proto field is not repeating, cannot start list."
    )


def unknown_field(name: str, path: str) -> GoogleError:
    at = f" at '{path}'" if path else ""
    return _bad_request(
        f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.', path
    )


def not_json() -> GoogleError:
    return GoogleError(
        400, "Invalid JSON payload received. Unexpected token.", "parseError", domain="global"
    )


def not_an_object() -> GoogleError:
    return _bad_request(
        'Invalid JSON payload received. Unknown name "": Root element must be a message.'
    )


def bad_field_mask(path: str) -> GoogleError:
    description = (
        f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    )
    return GoogleError(
        400,
        "Request contains an invalid argument.",
        "badRequest",
        details=[_violation("fields", description)],
    )


def failed_precondition(message: str) -> GoogleError:
    return GoogleError(400, message, "failedPrecondition", status="FAILED_PRECONDITION")


def bad_token() -> GoogleError:
    return GoogleError(
        401,
        f"Request had invalid authentication credentials. {_EXPECTED}",
        "authError",
        entry_message="Invalid Credentials",
        entry={"location": "Authorization", "locationType": "header"},
        headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
    )


def missing_token(rpc: str = "") -> GoogleError:
    """Refuse a request without a token; `rpc` names the method of Gmail's."""
    return GoogleError(
        401,
        f"Request is missing required authentication credential. {_EXPECTED}",
        "required",
        entry_message="Login Required.",
        entry={"location": "Authorization", "locationType": "header"},
        details=[_error_info("CREDENTIALS_MISSING", rpc)],
        headers={"WWW-Authenticate": _REALM},
    )


def missing_scope(rpc: str = "", accepted: Iterable[str] = ()) -> GoogleError:
    scopes = f', scope="{" ".join(sorted(accepted))}"' if accepted else ""
    return GoogleError(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        entry_message="Insufficient Permission",
        details=[_error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", rpc)],
        headers={"WWW-Authenticate": f"{_REALM}, error=insufficient_scope{scopes}"},
    )


def forbidden(message: str) -> GoogleError:
    return GoogleError(403, message, "forbidden")


def administrators_only() -> GoogleError:
    return forbidden(
        "Access restricted to service accounts that have been delegated domain-wide authority"
    )


def not_found() -> GoogleError:
    return GoogleError(404, "Requested entity was not found.", "notFound")


def label_exists() -> GoogleError:
    return GoogleError(409, "Label name exists or conflicts", "aborted")


def too_large() -> GoogleError:
    return GoogleError(413, "Request Entity Too Large", "uploadTooLarge")


def quota_exceeded(limit: int) -> GoogleError:
    message = (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of "
        "service 'gmail.googleapis.com' for consumer 'project_number:100000000000'."
    )
    info = {
        "@type": _ERROR_INFO,
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "quota_metric": "gmail.googleapis.com/default",
            "quota_limit": "defaultPerMinutePerUser",
            "quota_limit_value": str(limit),
            "quota_location": "global",
            "service": SERVICE,
            "consumer": "projects/100000000000",
        },
    }
    help_link = {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [
            {
                "description": "Request a higher quota limit.",
                "url": "https://cloud.google.com/docs/quotas/help/request_increase",
            }
        ],
    }
    return GoogleError(
        403, message, "rateLimitExceeded", domain="usageLimits", details=[info, help_link]
    )


def too_many_at_once() -> GoogleError:
    return GoogleError(429, "Too many concurrent requests for user", "rateLimitExceeded")


def of_status(code: int) -> GoogleError:
    """Return the error that Gmail most likely means by a bare status of 400 or more."""
    match code:
        case 400:
            return invalid("Request contains an invalid argument.")
        case 401:
            return bad_token()
        case 403:
            return forbidden("The caller does not have permission")
        case 404:
            return not_found()
        case 413:
            return too_large()
        case 429:
            return too_many_at_once()
        case 503:
            return GoogleError(code, "The service is currently unavailable.", "backendError")
    if code >= 500:
        return GoogleError(code, "Internal error encountered.", "backendError")
    return GoogleError(code, "The request cannot be completed.", "badRequest")


def _bad_request(message: str, field: str | None = None) -> GoogleError:
    return GoogleError(
        400, message, "invalid", domain=None, details=[_violation(field or "", message)]
    )


def _violation(field: str, description: str) -> dict[str, Any]:
    violation = {"field": field, "description": description}
    return {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{k: v for k, v in violation.items() if v}],
    }


def _error_info(reason: str, rpc: str) -> dict[str, Any]:
    info: dict[str, Any] = {"@type": _ERROR_INFO, "reason": reason, "domain": "googleapis.com"}
    return {**info, "metadata": {"service": SERVICE, "method": rpc}} if rpc else info
