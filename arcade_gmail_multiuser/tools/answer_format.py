"""Format answers: in which time zone, within which size, with which link."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.gmail.date_ranges import time_zone_of
from arcade_gmail_multiuser.gmail.messages.fetch import Failure
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.message_types import FailedItem

__all__ = [
    "FRAME",
    "MAX_ANSWER",
    "MAX_CHARS",
    "MIN_CHARS",
    "NAMES_SHARE",
    "SEPARATOR",
    "View",
    "automated_note",
    "cost",
    "fair_shares",
    "fit",
    "fit_failures",
    "fit_ids",
    "link",
    "short",
    "when",
]

T = TypeVar("T")


MAX_ANSWER = 40_000
"""Characters of an answer whose caller sets no limit."""
FRAME = 200
"""Characters of an answer around its items: its keys, and a page token."""
SEPARATOR = 2
NAMES_SHARE = 4
"""Ids left out, and items that failed, may each take one part in this many of an answer."""
ID_COST = 20
"""Characters of one id in a list: its 16 digits, quotes and a separator."""
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


def cost(value: object) -> int:
    """Count the characters a value takes as JSON, which is how a model reads it."""
    return len(json.dumps(value, ensure_ascii=False))


def fair_shares(wanted: Sequence[int], total: int) -> list[int]:
    """Give each what it wants, or an equal part of what is left once the small are served."""
    shares = [0] * len(wanted)
    left = max(total, 0)
    smallest_first = sorted(range(len(wanted)), key=wanted.__getitem__)
    for served, index in enumerate(smallest_first):
        shares[index] = min(wanted[index], left // (len(wanted) - served))
        left -= shares[index]
    return shares


def fit(items: Sequence[T], room: int = MAX_ANSWER - 2 * FRAME) -> list[T]:
    """Return the first of these items, as many as fit into `room` characters, but at least one."""
    kept: list[T] = []
    for item in items:
        room -= cost(item) + SEPARATOR
        if room < 0 and kept:
            break
        kept.append(item)
    return kept


def fit_failures(failures: Sequence[Failure], max_chars: int) -> tuple[list[FailedItem], list[str]]:
    """Name what could not be read, within its part of an answer, and count the rest."""
    items = _failed_items(failures)
    shown = fit(items, max_chars // NAMES_SHARE)
    if len(shown) == len(items):
        return shown, []
    more = len(items) - len(shown)
    return shown, [f"{more} more could not be read; ask for fewer at a time to see which"]


def _failed_items(failures: Sequence[Failure]) -> list[FailedItem]:
    """Name what could not be read."""
    return [
        FailedItem(id=failure.id, code=failure.error.code, message=failure.error.message)
        for failure in failures
    ]


def fit_ids(ids: Sequence[str], room: int) -> list[str]:
    """Return the first of these ids, as many as fit into `room` characters."""
    return list(ids[: max(room, 0) // ID_COST])


def automated_note(count: int, what: str) -> list[str]:
    """Say how much `exclude_automated` left out of a page; `what` is messages or conversations."""
    if not count:
        return []
    return [f"{count} automated {what} of this page, because of exclude_automated"]


def short(text: str, limit: int) -> str:
    """Cut a text, with an ellipsis where it goes on."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"
