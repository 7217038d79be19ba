"""How a caller wants mail shown: in which time zone, how much of it, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.date_ranges import time_zone_of
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.arguments import checks

__all__ = ["Start", "View", "cursor_for", "link", "read_cursor", "view", "when"]

MIN_CHARS, MAX_CHARS = 1_000, 200_000


@dataclass(frozen=True, slots=True)
class View:
    """Say how mail is shown."""

    zone: ZoneInfo
    max_chars: int = 40_000
    include_html: bool = False
    fold_quotes: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Start:
    """Say where in a body to begin; a cursor counts in the text with or without its quotes."""

    folded: bool = False
    cursor: str | None = None


def view(
    time_zone: str,
    max_chars: int = 40_000,
    *,
    include_html: bool = False,
    fold_quotes: bool = True,
) -> View:
    """Check what the caller asked for.

    Raises:
        InvalidInput: no such time zone, or max_chars out of bounds.
    """
    zone = time_zone_of(time_zone.strip())
    checks.within("max_chars", max_chars, MIN_CHARS, MAX_CHARS)
    return View(zone, max_chars, include_html, fold_quotes)


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment as ISO 8601 with the offset that the zone has at that moment."""
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def link(thread_id: str, message: ReadMessage | None = None) -> str:
    """Return the url that opens a conversation in Gmail.

    Who has several accounts needs the one meant in it. The mail itself says which: Gmail writes
    Delivered-To above whatever the sender wrote, and From in what the person sent.
    """
    owner = ""
    if message is not None and "SENT" in message.label_ids:
        owner = message.from_.email if message.from_ else ""
    elif message is not None:
        owner = message.headers.get("delivered-to", "").strip()
    account = f"?authuser={quote(owner, safe='@')}" if "@" in owner and " " not in owner else ""
    return f"https://mail.google.com/mail/{account}#all/{quote(thread_id, safe='')}"


_WHOLE: Literal["w."] = "w."
_FOLDED: Literal["f."] = "f."


def cursor_for(inner: str, *, folded: bool) -> str:
    """Write a body_cursor for GetEmail."""
    return (_FOLDED if folded else _WHOLE) + inner


def read_cursor(given: str | None) -> Start:
    """Read a body_cursor; None begins with the whole text, nothing folded."""
    if given is None or not given.strip():
        return Start()
    prefix, inner = given.strip()[:2], given.strip()[2:]
    if prefix not in {_WHOLE, _FOLDED} or not inner:
        raise InvalidInput(
            "body_cursor is not one. Use it exactly as the truncated answer returned it, for the "
            "same message, or leave it out to read from the beginning."
        )
    return Start(prefix == _FOLDED, inner)
