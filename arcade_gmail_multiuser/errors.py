"""Every error this package raises on purpose, under one root.

    GmailMultiuserError
    ├── InvalidInput              an argument is wrong; nothing was sent to Google
    │   ├── InvalidAddress        not an e-mail address, or no recipient at all
    │   ├── InvalidHeader         a header value that would break out of its header
    │   ├── InvalidQuery          search terms or a date range that cannot be expressed
    │   ├── UnknownLabel          no such label; names the closest ones
    │   ├── UnknownTool           no such tool; names the closest ones
    │   ├── InvalidParameters     arguments that do not fit a tool's schema; names every one
    │   ├── MessageTooLarge       over Gmail's limit after encoding
    │   └── ConfirmationRequired  sending needs a valid confirmation_token for this content
    ├── AuthorizationError        the person has to connect, or to grant more
    │   ├── MissingToken          the call came without a token; no request was made
    │   ├── TokenWithheld         the person is connected, but the caller may not have the token
    │   ├── TokenRejected         Google answered 401: expired or revoked
    │   ├── MissingScope          Google answered 403: the token lacks a scope
    │   ├── AccessDenied          Google answered 403 for any other reason
    │   ├── WrongUser             the call names a person other than the one who makes it
    │   ├── AuthorizationPending  the person has not agreed within the time given
    │   └── AuthorizationFailed   declined, expired or confirmed as another; start again
    ├── NotFound                  no such message, thread, draft, label or attachment
    ├── UnreadableAttachment      a file without readable text; its bytes are available
    ├── Conflict                  it exists already, or changed meanwhile
    ├── RequestRefused            Google answered 4xx and none of the above fits
    │   └── EngineRefused         Arcade's engine answered 4xx and none of the above fits
    ├── ToolFailed                a tool ran and says why it failed
    ├── RateLimited               too fast; wait `retry_after_ms`
    ├── Unavailable               Google answered 5xx, or something unreadable
    │   ├── AnswerTooLarge        the answer is larger than this process accepts
    │   └── EngineUnavailable     Arcade's engine did, or did not answer; repeating is safe
    ├── ConnectionFailed          no answer came; `sent` says whether Google may have acted
    ├── DeadlineExceeded          the call's own time ran out; `sent` as above
    ├── OutcomeUnknown            a write may or may not have happened; look before repeating
    ├── StorageError              a stored secret cannot be read or written
    │   └── StorageUnavailable    its store does not answer; there is no fallback
    └── ConfigurationError        refuses to start

`message` is a safe sentence that tells an agent what to do next, `developer_message` has detail for
an operator. Neither contains a token, mail or search text; raise an error `from None` if its cause
could.
"""

from __future__ import annotations

__all__ = [
    "AccessDenied",
    "AnswerTooLarge",
    "AuthorizationError",
    "AuthorizationFailed",
    "AuthorizationPending",
    "ConfigurationError",
    "ConfirmationRequired",
    "Conflict",
    "ConnectionFailed",
    "DeadlineExceeded",
    "EngineRefused",
    "EngineUnavailable",
    "GmailMultiuserError",
    "InvalidAddress",
    "InvalidHeader",
    "InvalidInput",
    "InvalidParameters",
    "InvalidQuery",
    "MessageTooLarge",
    "MissingScope",
    "MissingToken",
    "NotFound",
    "OutcomeUnknown",
    "RateLimited",
    "RequestRefused",
    "StorageError",
    "StorageUnavailable",
    "TokenRejected",
    "TokenWithheld",
    "ToolFailed",
    "Unavailable",
    "UnknownLabel",
    "UnknownTool",
    "UnreadableAttachment",
    "WrongUser",
]


class GmailMultiuserError(Exception):
    """Root of every error that this package raises on purpose.

    Args:
        message: one or two sentences an agent can act on.
        developer_message: detail for the operator; never mail, search text or a token.
    """

    code: str = "error"
    """A stable snake_case name, for programs and for the outcome of one item in a list."""

    can_retry: bool = False
    """Whether the same call may be repeated unchanged, after `retry_after_ms` if that is set."""

    def __init__(
        self,
        message: str,
        *,
        developer_message: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.developer_message = developer_message
        self.retry_after_ms = retry_after_ms


class InvalidInput(GmailMultiuserError):
    code = "invalid_input"


class InvalidAddress(InvalidInput):
    code = "invalid_address"


class InvalidHeader(InvalidInput):
    code = "invalid_header"


class InvalidQuery(InvalidInput):
    code = "invalid_query"


class UnknownLabel(InvalidInput):
    """No label of that name. `closest` has up to five similar names, best first."""

    code = "unknown_label"

    def __init__(self, message: str, *, closest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.closest = closest


class UnknownTool(InvalidInput):
    """No tool of that name. `closest` has up to five similar names, best first."""

    code = "unknown_tool"

    def __init__(self, message: str, *, closest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.closest = closest


class InvalidParameters(InvalidInput):
    """Arguments do not fit a tool's schema. `problems` has a sentence for each, without values."""

    code = "invalid_parameters"

    def __init__(self, message: str, *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class MessageTooLarge(InvalidInput):
    code = "message_too_large"


class ConfirmationRequired(InvalidInput):
    code = "confirmation_required"


class AuthorizationError(GmailMultiuserError):
    code = "authorization_error"


class MissingToken(AuthorizationError):
    code = "missing_token"


class TokenWithheld(AuthorizationError):
    """An operator has to grant token reading; the person cannot change it."""

    code = "token_withheld"


class TokenRejected(AuthorizationError):
    code = "token_rejected"


class MissingScope(AuthorizationError):
    """The token lacks a scope. Any one of the scopes in `accepted` would do."""

    code = "missing_scope"

    def __init__(self, message: str, *, accepted: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.accepted = accepted


class AccessDenied(AuthorizationError):
    code = "access_denied"


class WrongUser(AuthorizationError):
    code = "wrong_user"


class AuthorizationPending(AuthorizationError):
    """The person has not agreed yet. The same authorization can still be waited for."""

    code = "authorization_pending"
    can_retry = True


class AuthorizationFailed(AuthorizationError):
    code = "authorization_failed"


class NotFound(GmailMultiuserError):
    code = "not_found"


class UnreadableAttachment(GmailMultiuserError):
    """No text can be read from a file. `reason` is a stable word: see `attachment_text`."""

    code = "unreadable_attachment"

    def __init__(
        self, message: str, *, reason: str = "not_text", developer_message: str | None = None
    ) -> None:
        super().__init__(message, developer_message=developer_message)
        self.reason = reason


class Conflict(GmailMultiuserError):
    code = "conflict"


class RequestRefused(GmailMultiuserError):
    code = "request_refused"


class EngineRefused(RequestRefused):
    """Arcade's engine refused the request; `status` is what it answered with."""

    code = "engine_refused"

    def __init__(
        self, message: str, *, status: int = 400, developer_message: str | None = None
    ) -> None:
        super().__init__(message, developer_message=developer_message)
        self.status = status


class ToolFailed(GmailMultiuserError):
    """A tool ran and failed. `code` is the tool's own name for the failure, if it has one.

    Args:
        kind: Arcade's kind of error, such as UPSTREAM_RUNTIME_NOT_FOUND.
        code: the tool's own name for what happened, such as "unknown_label".
        hint: what a model should read before it tries again.
        status: the HTTP status, if any.
    """

    code = "tool_failed"

    def __init__(
        self,
        message: str,
        *,
        kind: str = "UNKNOWN",
        code: str | None = None,
        hint: str | None = None,
        status: int | None = None,
        can_retry: bool = False,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms)
        self.kind = kind
        self.hint = hint
        self.status = status
        self.can_retry = can_retry
        if code:
            self.code = code


class RateLimited(GmailMultiuserError):
    code = "rate_limited"
    can_retry = True


class Unavailable(GmailMultiuserError):
    code = "unavailable"
    can_retry = True


class AnswerTooLarge(Unavailable):
    """The answer is too large. The same call would be again: ask for less."""

    code = "answer_too_large"
    can_retry = False


class EngineUnavailable(Unavailable):
    code = "engine_unavailable"


class ConnectionFailed(GmailMultiuserError):
    """No answer came. `sent` is False only if Google certainly saw nothing of the request."""

    code = "connection_failed"
    can_retry = True

    def __init__(self, message: str, *, sent: bool, developer_message: str | None = None) -> None:
        super().__init__(message, developer_message=developer_message)
        self.sent = sent


class DeadlineExceeded(GmailMultiuserError):
    """Time ran out. `sent` is False only if Google certainly saw nothing of the request."""

    code = "deadline_exceeded"
    can_retry = True

    def __init__(
        self, message: str, *, sent: bool = True, developer_message: str | None = None
    ) -> None:
        super().__init__(message, developer_message=developer_message)
        self.sent = sent


class OutcomeUnknown(GmailMultiuserError):
    code = "outcome_unknown"


class StorageError(GmailMultiuserError):
    code = "storage_error"


class StorageUnavailable(StorageError):
    code = "storage_unavailable"
    can_retry = True


class ConfigurationError(GmailMultiuserError):
    code = "configuration_error"
