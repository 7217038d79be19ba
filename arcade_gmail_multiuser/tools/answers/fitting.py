"""How one budget of characters is shared by everything in an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from arcade_gmail_multiuser.gmail.messages.fetch import Failure
from arcade_gmail_multiuser.tools.answers.shapes import FailedItem

T = TypeVar("T")

__all__ = [
    "ANSWER",
    "FRAME",
    "NAMES_SHARE",
    "SEPARATOR",
    "automated_note",
    "cost",
    "failed_items",
    "failed_within",
    "fair_shares",
    "named_within",
    "within",
]

ANSWER = 40_000
"""Characters of an answer whose caller does not say how many it may have."""
FRAME = 200
"""Characters of an answer around its items: its keys, and a page token."""
SEPARATOR = 2
NAMES_SHARE = 4
"""Ids of what was left out, and what could not be read, each take at most this part of it all."""
ID_COST = 20
"""Characters of one id in a list: its 16 digits, quotes and a separator."""


def cost(value: object) -> int:
    """Count the characters a value takes as JSON, which is how a model reads it."""
    return len(json.dumps(value, ensure_ascii=False))


def fair_shares(wanted: Sequence[int], total: int) -> list[int]:
    """Give each what it wants, or else an equal part of what is left when the small are served."""
    shares = [0] * len(wanted)
    left = max(total, 0)
    smallest_first = sorted(range(len(wanted)), key=wanted.__getitem__)
    for served, index in enumerate(smallest_first):
        shares[index] = min(wanted[index], left // (len(wanted) - served))
        left -= shares[index]
    return shares


def failed_items(failures: Sequence[Failure]) -> list[FailedItem]:
    """Name what could not be read."""
    return [
        FailedItem(id=failure.id, code=failure.error.code, message=failure.error.message)
        for failure in failures
    ]


def automated_note(count: int, what: str) -> list[str]:
    """Say how much `exclude_automated` left out of a page; `what` is messages or conversations."""
    if not count:
        return []
    return [f"{count} automated {what} of this page, because of exclude_automated"]


def failed_within(
    failures: Sequence[Failure], max_chars: int
) -> tuple[list[FailedItem], list[str]]:
    """Name what could not be read in its part of an answer, and say how many more there are."""
    items = failed_items(failures)
    shown = within(items, max_chars // NAMES_SHARE)
    if len(shown) == len(items):
        return shown, []
    more = len(items) - len(shown)
    return shown, [f"{more} more could not be read; ask for fewer at a time to see which"]


def named_within(ids: Sequence[str], room: int) -> list[str]:
    """Give the first of these ids, as many as so many characters hold."""
    return list(ids[: max(room, 0) // ID_COST])


def within(items: Sequence[T], room: int = ANSWER - 2 * FRAME) -> list[T]:
    """Give the first of these items, as many as so many characters hold, but one at least."""
    kept: list[T] = []
    for item in items:
        room -= cost(item) + SEPARATOR
        if room < 0 and kept:
            break
        kept.append(item)
    return kept
