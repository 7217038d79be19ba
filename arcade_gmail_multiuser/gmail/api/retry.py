"""Decide whether a call may be repeated, and when.

Reads, and writes that leave the same mailbox when done twice, are repeated after a rate limit, a
5xx or a broken connection. A call of kind ONCE is repeated only if Google certainly did not take
it: it answered with a rate limit, or nothing was sent. Otherwise the call ends as OutcomeUnknown.
"""

from __future__ import annotations

import asyncio
import enum
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.error_mapping import USERINFO
from arcade_gmail_multiuser.gmail.api.requests import http_method

__all__ = ["Kind", "RetryPolicy", "in_doubt", "kind_of", "verdict", "with_advice"]


class Kind(enum.Enum):
    """What a second execution of the same call does."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    """The mailbox ends up the same; only ids that Google assigns may differ."""
    DELETE = "delete"
    """Idempotent, but the second answer is 404: after a lost answer that means it is done."""
    ONCE = "once"
    """A second execution is a second message, draft or label, or a conflict with the first."""


_KINDS: dict[str, Kind] = {
    "users.stop": Kind.IDEMPOTENT,
    "users.watch": Kind.IDEMPOTENT,
    "users.drafts.create": Kind.ONCE,
    "users.drafts.delete": Kind.DELETE,
    "users.drafts.send": Kind.ONCE,
    # Replaces the whole message of the draft by the one given, however often.
    "users.drafts.update": Kind.IDEMPOTENT,
    "users.labels.create": Kind.ONCE,
    "users.labels.delete": Kind.DELETE,
    "users.labels.patch": Kind.IDEMPOTENT,
    "users.labels.update": Kind.IDEMPOTENT,
    # Both ignore ids that do not exist (any more).
    "users.messages.batchDelete": Kind.IDEMPOTENT,
    "users.messages.batchModify": Kind.IDEMPOTENT,
    "users.messages.delete": Kind.DELETE,
    "users.messages.import": Kind.ONCE,
    "users.messages.insert": Kind.ONCE,
    "users.messages.modify": Kind.IDEMPOTENT,
    "users.messages.send": Kind.ONCE,
    "users.messages.trash": Kind.IDEMPOTENT,
    "users.messages.untrash": Kind.IDEMPOTENT,
    "users.settings.filters.create": Kind.ONCE,
    "users.settings.filters.delete": Kind.DELETE,
    "users.settings.sendAs.patch": Kind.IDEMPOTENT,
    "users.settings.sendAs.update": Kind.IDEMPOTENT,
    # Sends a message to the address each time.
    "users.settings.sendAs.verify": Kind.ONCE,
    "users.settings.updateAutoForwarding": Kind.IDEMPOTENT,
    "users.settings.updateImap": Kind.IDEMPOTENT,
    "users.settings.updateLanguage": Kind.IDEMPOTENT,
    "users.settings.updatePop": Kind.IDEMPOTENT,
    "users.settings.updateVacation": Kind.IDEMPOTENT,
    "users.threads.delete": Kind.DELETE,
    "users.threads.modify": Kind.IDEMPOTENT,
    "users.threads.trash": Kind.IDEMPOTENT,
    "users.threads.untrash": Kind.IDEMPOTENT,
}

_LOOK_FIRST: dict[str, str] = {
    "users.messages.send": "The message may have been sent. Look in Sent before sending it again.",
    "users.drafts.send": (
        "The draft may have been sent. Look in Sent and in Drafts before sending it again; "
        "sending the same draft twice is refused by Gmail."
    ),
    "users.drafts.create": "The draft may have been saved. Look in Drafts before writing it again.",
    "users.labels.create": "The label may have been created. List the labels before trying again.",
    "users.settings.filters.create": (
        "The filter may have been created. List the filters before trying again."
    ),
}


def kind_of(method: str) -> Kind:
    """Return what repeating the method does. A write that the table does not know is ONCE.

    Raises:
        InvalidInput: Gmail has no such method.
    """
    if method == USERINFO or http_method(method) == "GET":
        return Kind.READ
    return _KINDS.get(method, Kind.ONCE)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long after one another. Clock, sleep and chance are replaced in tests."""

    max_attempts: int = 5
    base_s: float = 0.4
    cap_s: float = 16.0
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random

    def backoff(self, failures: int) -> float:
        """Return seconds to wait after so many failures: doubling, and half of it by chance."""
        ceiling = min(self.cap_s, self.base_s * 2.0 ** max(0, failures - 1))
        return ceiling * (0.5 + 0.5 * self.random())

    def pause(self, failures: int, error: GmailMultiuserError) -> float | None:
        """Return seconds to wait before the next attempt, or None if there must not be one."""
        if failures >= self.max_attempts or not _may_repeat(error):
            return None
        backoff = self.backoff(failures)
        if error.retry_after_ms is None:
            return backoff
        # Everyone who was told the same moment would come back at it together.
        return error.retry_after_ms / 1000 + self.base_s * self.random()


def verdict(method: str, error: GmailMultiuserError) -> GmailMultiuserError:
    """Return the error, or OutcomeUnknown if it leaves open whether a ONCE call was taken."""
    if not in_doubt(error) or kind_of(method) is not Kind.ONCE:
        return error
    advice = _LOOK_FIRST.get(method, "It may have been done. Look before trying again.")
    return OutcomeUnknown(
        f"Gmail's answer was lost. {advice}",
        developer_message=f"{method}: {error.code}; {error.developer_message}",
    )


def in_doubt(error: GmailMultiuserError) -> bool:
    """Whether Google may have carried the call out although it ended in this error."""
    if isinstance(error, (ConnectionFailed, DeadlineExceeded)):
        return error.sent
    return isinstance(error, Unavailable)


def with_advice(
    error: GmailMultiuserError, policy: RetryPolicy, failures: int
) -> GmailMultiuserError:
    """Return the error; a RateLimited that names no time gets the one we would have waited."""
    if isinstance(error, RateLimited) and error.retry_after_ms is None:
        error.retry_after_ms = int(policy.backoff(failures) * 1000)
    return error


def _may_repeat(error: GmailMultiuserError) -> bool:
    if isinstance(error, AnswerTooLarge):
        return False
    return isinstance(error, (RateLimited, Unavailable, ConnectionFailed))
