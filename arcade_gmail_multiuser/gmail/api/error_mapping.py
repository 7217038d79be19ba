"""Map what Google refuses to the errors of this package."""

from __future__ import annotations

import re
from collections.abc import Mapping

from arcade_gmail_multiuser.errors import (
    AccessDenied,
    Conflict,
    GmailMultiuserError,
    InvalidAddress,
    InvalidInput,
    MessageTooLarge,
    MissingScope,
    NotFound,
    RateLimited,
    RequestRefused,
    TokenRejected,
    Unavailable,
    UnknownLabel,
)
from arcade_gmail_multiuser.gmail.api.google_error import (
    Refusal,
    midnight_at_google,
    refusal_of,
    retry_after_ms,
)
from arcade_gmail_multiuser.gmail.api.requests import accepted_scopes
from arcade_gmail_multiuser.gmail.api.transport import Answer
from arcade_gmail_multiuser.gmail.scopes import GMAIL_METADATA, USERINFO_EMAIL, USERINFO_PROFILE

__all__ = ["USERINFO", "error_of", "unreadable"]

USERINFO = "oauth2.userinfo.get"
"""Stands for a method name where the question is who the token belongs to."""


def error_of(answer: Answer, method: str, *, now: float) -> GmailMultiuserError:
    """Return the error that an answer other than 2xx stands for."""
    refusal = refusal_of(answer, method)
    if not refusal.from_google and answer.status not in {401, 413, 414, 429}:
        # A page of some proxy or front end; Gmail itself was not reached.
        return _unavailable(refusal)
    if _is_rate_limit(refusal):
        return _rate_limited(refusal, answer.headers, now)
    named = _BY_STATUS.get(answer.status)
    if named is not None:
        return named(refusal)
    if answer.status >= 500 or answer.status in {408, 425} or answer.status < 400:
        return _unavailable(refusal)
    return _refused(refusal)


# --- rate limits ---------------------------------------------------------------------------------

_RATE_REASONS = frozenset(
    {
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "quotaExceeded",
        "dailyLimitExceeded",
        "RATE_LIMIT_EXCEEDED",
    }
)


def _is_rate_limit(refusal: Refusal) -> bool:
    return refusal.status == 429 or (
        refusal.status == 403 and not refusal.reasons.isdisjoint(_RATE_REASONS)
    )


def _rate_limited(refusal: Refusal, headers: Mapping[str, str], now: float) -> RateLimited:
    if "dailyLimitExceeded" in refusal.reasons:
        return RateLimited(
            "This application's Gmail quota for today is used up. Try again tomorrow.",
            retry_after_ms=midnight_at_google(now),
            developer_message=refusal.detail(),
        )
    wait = retry_after_ms(headers, refusal.message, now)
    when = "a moment" if wait is None else _spoken(wait)
    return RateLimited(
        f"Gmail limits how fast this account may be used. Wait {when}, then try again.",
        retry_after_ms=wait,
        developer_message=refusal.detail(),
    )


def _spoken(milliseconds: int) -> str:
    seconds = -(-milliseconds // 1000)
    if seconds <= 90:
        return f"{max(1, seconds)} s"
    return f"{-(-seconds // 60)} minutes"


# --- by status -----------------------------------------------------------------------------------


def _bad_request(refusal: Refusal) -> GmailMultiuserError:
    for pattern, answer in _BY_MESSAGE:
        if pattern.match(refusal.message):
            return answer(refusal)
    if refusal.state == "INVALID_ARGUMENT" or "invalidArgument" in refusal.reasons:
        return InvalidInput(
            "Gmail does not accept one of the values given. Check them against this tool's "
            "description.",
            developer_message=refusal.detail(),
        )
    return _refused(refusal)


def _token_rejected(refusal: Refusal) -> TokenRejected:
    return TokenRejected(
        "Google no longer accepts this person's authorization. They have to connect Gmail again.",
        developer_message=refusal.detail(),
    )


def _forbidden(refusal: Refusal) -> GmailMultiuserError:
    insufficient = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
    about_metadata = refusal.message.startswith("Metadata scope")
    if about_metadata or not refusal.reasons.isdisjoint(insufficient):
        return _missing_scope(refusal, without={GMAIL_METADATA} if about_metadata else set())
    if "domainPolicy" in refusal.reasons:
        message = "This person's organization does not allow applications to use Gmail. Ask its "
        message += "administrator."
    elif refusal.message.startswith("Delegation denied"):
        message = "This mailbox belongs to somebody else. Use the mailbox of the connected person."
    elif refusal.reasons & {"accessNotConfigured", "SERVICE_DISABLED"}:
        message = "The Gmail API is switched off in this application's Google project. Its "
        message += "operator has to switch it on."
    elif refusal.message.startswith("Access restricted to service accounts"):
        message = "Only an administrator of this person's organization may do this."
    else:
        message = "Google does not allow this for this account. Trying again will not help."
    return AccessDenied(message, developer_message=refusal.detail())


def _missing_scope(refusal: Refusal, *, without: set[str]) -> MissingScope:
    if refusal.method == USERINFO:
        accepted = frozenset({USERINFO_EMAIL, USERINFO_PROFILE})
    else:
        accepted = accepted_scopes(refusal.method) - without
    error = MissingScope(
        "This person has not granted a permission that this needs. Ask them to connect Gmail "
        "again and to allow it.",
        accepted=tuple(sorted(accepted)),
    )
    error.developer_message = refusal.detail()
    return error


def _not_found(refusal: Refusal) -> NotFound:
    if refusal.method == "users.history.list":
        message = "Gmail no longer keeps changes from so long ago. Read the mailbox anew."
    else:
        message = (
            f"There is no such {_subject(refusal.method)} in this mailbox. List or search again "
            "for ids that exist."
        )
    return NotFound(message, developer_message=refusal.detail())


def _conflict(refusal: Refusal) -> Conflict:
    if refusal.message.startswith("Label name exists"):
        message = "A label of that name exists already, perhaps in other letter case. Use it, or "
        message += "choose another name."
    elif refusal.message.startswith("Filter already exists"):
        message = "The same filter exists already."
    else:
        message = "It exists already, or was changed meanwhile. Read it again before trying again."
    return Conflict(message, developer_message=refusal.detail())


def _too_large(refusal: Refusal) -> MessageTooLarge:
    return MessageTooLarge(
        "The message is larger than Gmail accepts. Send less, or a link instead of the attachment.",
        developer_message=refusal.detail(),
    )


def _too_long(refusal: Refusal) -> InvalidInput:
    return InvalidInput(
        "The search is longer than Gmail accepts. Shorten it.", developer_message=refusal.detail()
    )


def _refused(refusal: Refusal) -> RequestRefused:
    return RequestRefused(
        "Gmail refused this. Trying the same again will not help.",
        developer_message=refusal.detail(),
    )


def _unavailable(refusal: Refusal) -> Unavailable:
    return Unavailable(
        "Gmail is not available at the moment. Try again later.",
        developer_message=refusal.detail(),
    )


def unreadable(answer: Answer, method: str) -> Unavailable:
    """Return the error for an answer that is no JSON object."""
    return Unavailable(
        "Gmail's answer could not be read. Try again later.",
        developer_message=f"{method}: {answer.status} with {len(answer.body)} bytes, not an object",
    )


# --- by message, for 400 -------------------------------------------------------------------------


def _invalid_id(refusal: Refusal) -> InvalidInput:
    return InvalidInput(
        f"That is not a {_subject(refusal.method)} id of Gmail's. Copy it exactly from an earlier "
        "list, search or read.",
        developer_message=refusal.detail(),
    )


def _invalid_thread_id(refusal: Refusal) -> InvalidInput:
    return InvalidInput(
        "That is not a thread id of Gmail's. Copy it exactly from an earlier list, search or read.",
        developer_message=refusal.detail(),
    )


def _invalid_attachment(refusal: Refusal) -> InvalidInput:
    return InvalidInput(
        "That attachment id is not valid (any more). Read the message again for a new one.",
        developer_message=refusal.detail(),
    )


def _invalid_label(refusal: Refusal) -> UnknownLabel:
    error = UnknownLabel(
        "One of the labels does not exist, or cannot be put on or taken off by hand (such as SENT "
        "and DRAFT). List the labels and use their ids."
    )
    error.developer_message = refusal.detail()
    return error


def _invalid_label_name(refusal: Refusal) -> InvalidInput:
    return InvalidInput(
        "Gmail does not accept that label name: it is reserved, or holds characters that a name "
        "may not have. Choose another.",
        developer_message=refusal.detail(),
    )


def _invalid_recipient(refusal: Refusal) -> InvalidAddress:
    return InvalidAddress(
        "Gmail does not accept the recipients: there is none, or one is not an e-mail address.",
        developer_message=refusal.detail(),
    )


def _no_mailbox(refusal: Refusal) -> AccessDenied:
    return AccessDenied(
        "This Google account has no Gmail mailbox.", developer_message=refusal.detail()
    )


_BY_MESSAGE = (
    (re.compile(r"Invalid id value"), _invalid_id),
    (re.compile(r"Invalid thread_id value"), _invalid_thread_id),
    (re.compile(r"Invalid attachment token"), _invalid_attachment),
    (re.compile(r"Invalid label name"), _invalid_label_name),
    (re.compile(r"(?i)(Invalid label|labelId not found)"), _invalid_label),
    (re.compile(r"Recipient address required|Invalid \w{1,12} header"), _invalid_recipient),
    (re.compile(r"Mail service not enabled"), _no_mailbox),
    (re.compile(r"Filter already exists"), _conflict),
)

_BY_STATUS = {
    400: _bad_request,
    401: _token_rejected,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    410: _not_found,
    412: _conflict,
    413: _too_large,
    414: _too_long,
}


def _subject(method: str) -> str:
    """Name the thing that a method's id is the id of: `users.threads.get` asks for a thread."""
    if method in _INTO_A_THREAD:
        return "thread"
    return _SUBJECTS.get(method.split(".")[-2], "item")


_INTO_A_THREAD = frozenset(
    {
        "users.messages.send",
        "users.messages.insert",
        "users.messages.import",
        "users.drafts.create",
    }
)
"""The only id that these take is that of the thread to join."""


_SUBJECTS = {
    "messages": "message",
    "threads": "thread",
    "drafts": "draft",
    "labels": "label",
    "attachments": "message or attachment",
    "filters": "filter",
    "sendAs": "send-as address",
}


def missing_part(method: str) -> Unavailable:
    """Return the error for a call of a batch whose answer is not in that of the batch."""
    return Unavailable(
        "Gmail's answer to this one was lost. Try again in a moment.",
        developer_message=f"{method}: missing or unreadable in the batch's answer",
    )
