"""Hold a mailbox's settings: filters, vacation responder, send-as, forwarding, watch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.sandbox.google_error import failed_precondition, invalid
from arcade_gmail_local.sandbox.mail.filter_store import FilterStore
from arcade_gmail_local.sandbox.mail.ids import IdGenerator
from arcade_gmail_local.sandbox.mail.send_as_store import SendAsStore
from arcade_gmail_local.sandbox.mail.vacation import Vacation

WATCH_MS = 7 * 24 * 3600 * 1000

_TOPIC = re.compile(r"projects/[^/\s]+/topics/[^/\s]+")


@dataclass(frozen=True, slots=True)
class Watch:
    """A subscription of a Pub/Sub topic to changes. Nothing is ever published here."""

    topic: str
    label_ids: tuple[str, ...]
    expires_ms: int


class Settings:
    def __init__(self, email: str, owner: str, ids: IdGenerator) -> None:
        self.filters = FilterStore(ids)
        self.vacation = Vacation()
        self.send_as = SendAsStore(email, owner)
        self.forwarding: dict[str, str] = {}
        """Address → "accepted" or "pending"."""
        self.watch: Watch | None = None

    @property
    def verified_forwarding(self) -> frozenset[str]:
        return frozenset(a for a, status in self.forwarding.items() if status == "accepted")

    def start_watch(self, fields: Mapping[str, Any], now_ms: int) -> Watch:
        """Watch for seven days from now; the same topic again renews the watch."""
        topic = fields.get("topicName", "")
        if not topic:
            raise invalid("topicName required")
        if not _TOPIC.fullmatch(topic):
            raise invalid("Invalid topicName does not match projects/<project>/topics/*")
        now = self.watch
        if now is not None and now.expires_ms > now_ms and now.topic != topic:
            raise failed_precondition(
                "Only one user push notification client allowed per developer "
                "(call /stop then try again)"
            )
        self.watch = Watch(topic, tuple(fields.get("labelIds", ())), now_ms + WATCH_MS)
        return self.watch
