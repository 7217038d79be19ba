"""Decide how mail is shown: in which time zone, how much of it, and with which link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.gmail.date_ranges import time_zone_of
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools import checks

__all__ = ["MAX_CHARS", "MIN_CHARS", "View", "link", "when"]

MIN_CHARS, MAX_CHARS = 1_000, 200_000


@dataclass(frozen=True, slots=True)
class View:
    """Say how the caller wants mail shown."""

    zone: ZoneInfo
    max_chars: int = 40_000
    include_html: bool = False
    fold_quotes: bool = True

    @classmethod
    def checked(
        cls,
        time_zone: str,
        max_chars: int = 40_000,
        *,
        include_html: bool = False,
        fold_quotes: bool = True,
    ) -> Self:
        """Check what the caller asked for.

        Raises:
            InvalidInput: there is no such time zone, or max_chars is out of bounds.
        """
        zone = time_zone_of(time_zone.strip())
        checks.within("max_chars", max_chars, MIN_CHARS, MAX_CHARS)
        return cls(zone, max_chars, include_html, fold_quotes)


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment as ISO 8601 with the offset that the zone has at that moment."""
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def link(thread_id: str, message: ReadMessage | None = None) -> str:
    """Return the URL that opens a conversation in Gmail.

    A person with several accounts needs the right one in it. The mail itself says which: Gmail
    writes Delivered-To above the sender's own headers, and From in what the person sent.
    """
    owner = ""
    if message is not None and "SENT" in message.label_ids:
        owner = message.from_.email if message.from_ else ""
    elif message is not None:
        owner = message.headers.get("delivered-to", "").strip()
    account = f"?authuser={quote(owner, safe='@')}" if "@" in owner and " " not in owner else ""
    return f"https://mail.google.com/mail/{account}#all/{quote(thread_id, safe='')}"
