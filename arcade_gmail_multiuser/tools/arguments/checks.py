"""Arguments that are refused before anything is asked of Google, each with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.labels.label_book import FIXED, LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Failure

__all__ = [
    "any_filter",
    "idempotency_key",
    "identifier",
    "identifiers",
    "label_changes",
    "one_send_key",
    "resolved_changes",
    "within",
]

MAX_LABELS = 100
"""A side of one change; Gmail's own limit."""

MAX_KEY = 200

MAX_SHOWN = 64
"""Characters shown of what was given as an id and is none."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def within(name: str, value: int, least: int, most: int) -> int:
    """Return the number if it lies within its bounds, both included."""
    if not least <= value <= most:
        raise InvalidInput(f"{name} must be from {least:,} to {most:,}.")
    return value


def identifier(name: str, value: str) -> str:
    """Return an id without the blanks around it, if Gmail could have made it."""
    value = value.strip()
    if not _IDENTIFIER.fullmatch(value):
        raise InvalidInput(
            f"{name} is not a Gmail id. Use an id exactly as a list, a search or a receipt "
            "returned it; subjects, addresses, urls and Message-ID headers are not ids."
        )
    return value


def identifiers(
    name: str, given: Sequence[str], most: int
) -> tuple[tuple[str, ...], tuple[Failure, ...]]:
    """Return the ids, each once, and apart from them what can be none, with the reason.

    Raises:
        InvalidInput: there are too many, or none.
    """
    if not 0 < len(given) <= most:
        raise InvalidInput(f"{name} must hold 1 to {most:,} ids.")
    ids: dict[str, None] = {}
    refused: dict[str, Failure] = {}
    for value in given:
        try:
            ids.setdefault(identifier(name, value).lower())
        except InvalidInput as error:
            shown = value[:MAX_SHOWN]
            refused[shown] = Failure(shown, error)
    return tuple(ids), tuple(refused.values())


def any_filter(*filters: object) -> None:
    """Refuse a search for nothing in particular."""
    if not any(filters):
        raise InvalidInput(
            "Give at least one of sender, recipient, subject, body, date_range or label. "
            "ListEmails lists everything."
        )


def idempotency_key(given: str | None) -> str | None:
    """Return the key as it is; a blank one would make unrelated messages repeats of each other."""
    if given is not None and not (given.strip() and len(given) <= MAX_KEY):
        raise InvalidInput(
            f"idempotency_key must have 1 to {MAX_KEY} characters. Leave it out to send without."
        )
    return given


def one_send_key(key: str | None, confirmation_token: str | None) -> str | None:
    """Return the idempotency key, or refuse two things that both say "once" about one message."""
    if key is not None and confirmation_token is not None:
        raise InvalidInput(
            "Give either idempotency_key or confirmation_token: with a token the message is sent "
            "once however often the call is repeated."
        )
    return idempotency_key(key)


def label_changes(add: Sequence[str], remove: Sequence[str]) -> None:
    """Refuse a change of labels that cannot mean anything."""
    if not add and not remove:
        raise InvalidInput("Name at least one label in labels_to_add or labels_to_remove.")
    if len(add) > MAX_LABELS or len(remove) > MAX_LABELS:
        raise InvalidInput(f"At most {MAX_LABELS} labels can be added or removed at once.")
    if any(not label.strip() for label in (*add, *remove)):
        raise InvalidInput("A label is blank. Use the names that ListLabels returns.")


def resolved_changes(
    labels: LabelBook, add: Sequence[str], remove: Sequence[str]
) -> dict[str, Any]:
    """Return the change in label ids, in the form that Gmail takes.

    Raises:
        UnknownLabel: there is no such label; the error names the closest ones.
        InvalidInput: a label that nobody may change, or one that is added and removed.
    """
    to_add = list(dict.fromkeys(labels.id_of(label) for label in add))
    to_remove = list(dict.fromkeys(labels.id_of(label) for label in remove))
    fixed = sorted(FIXED.intersection((*to_add, *to_remove)))
    if fixed:
        raise InvalidInput(
            f"Gmail itself sets {' and '.join(fixed)}; nobody can add or remove it. To send a "
            "draft use SendDraftEmail."
        )
    both = sorted(labels.name_of(label) for label in set(to_add) & set(to_remove))
    if both:
        raise InvalidInput("A label is both added and removed. Name it on one side only.")
    return {"addLabelIds": to_add, "removeLabelIds": to_remove}
