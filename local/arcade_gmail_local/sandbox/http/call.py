"""Describe one permitted call of a Gmail method: what a handler receives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_local.sandbox.google_error import invalid, too_large
from arcade_gmail_local.sandbox.http.limits import Limits
from arcade_gmail_local.sandbox.http.methods import Method
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.store import Store


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
        """Return the mail of the call, from the upload or from `raw` of its message."""
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
"""Return the answer's resource, or None for 204.

A handler may await before it looks at the mailbox or after it has changed it, never between.
"""
