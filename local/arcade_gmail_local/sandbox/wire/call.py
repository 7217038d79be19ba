"""One call of one Gmail method, bound and permitted: what a handler gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_local.sandbox.mail.delivery import DEFAULT_MAX_RECIPIENTS
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.store import Store
from arcade_gmail_local.sandbox.wire.google_error import invalid, too_large
from arcade_gmail_local.sandbox.wire.methods import Method


@dataclass(slots=True)
class Limits:
    """What the sandbox refuses more of; None never refuses. Set by POST /_sandbox/limits."""

    units_per_minute: int | None = None
    max_in_flight: int | None = None
    max_recipients: int = DEFAULT_MAX_RECIPIENTS


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """`query` holds typed query parameters with defaults, `body` the checked JSON body.

    `media` is the message of an upload; its JSON part, if any, is the body.
    """

    method: Method
    store: Store
    mailbox: Mailbox
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any] = field(default_factory=dict)
    media: bytes | None = None
    limits: Limits = field(default_factory=Limits)

    def raw(self, message: Mapping[str, Any]) -> bytes:
        """Give the mail that a call brings, from the upload or from `raw` of its message."""
        raw = self.media if self.media is not None else message.get("raw")
        if not raw:
            raise invalid(
                "'raw' RFC822 payload message string or uploading message via /upload/* URL "
                "required"
            )
        if self.method.max_upload is not None and len(raw) > self.method.max_upload:
            raise too_large()
        return bytes(raw)


Handler = Callable[[Call], Awaitable[dict[str, Any] | None]]
"""Gives the answer's resource, or None for 204.

A handler may await before it looks at the mailbox or after it has changed it, never between.
"""
