"""Check arguments before anything is asked of Google, and say what to do instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from arcade_gmail_multiuser.errors import InvalidInput, InvalidQuery
from arcade_gmail_multiuser.gmail.labels.label_book import FIXED, LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Failure, Search

__all__ = [
    "identifier",
    "identifiers",
    "label_changes",
    "resolved_changes",
    "search_query",
    "within",
]

MAX_LABELS = 100
"""A side of one change; Gmail's own limit."""

MAX_QUERY = 2_000

MAX_SHOWN = 64
"""Characters shown of what cannot be an id."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def within(name: str, value: int, minimum: int, maximum: int) -> int:
    """Return the number if it lies within its bounds, both included."""
    if not minimum <= value <= maximum:
        raise InvalidInput(f"{name} must be from {minimum:,} to {maximum:,}.")
    return value


def identifier(name: str, value: str) -> str:
    """Return an id without the blanks around it, if it can be one of Gmail's."""
    value = value.strip()
    if not _IDENTIFIER.fullmatch(value):
        raise InvalidInput(
            f"{name} is not a Gmail id. Use an id exactly as a list, a search or a receipt "
            "returned it; subjects, addresses, urls and Message-ID headers are not ids."
        )
    return value


def identifiers(
    name: str, given: Sequence[str], maximum: int
) -> tuple[tuple[str, ...], tuple[Failure, ...]]:
    """Return the ids, each once, and separately what cannot be an id, with the reason.

    Raises:
        InvalidInput: there are too many, or none.
    """
    if not 0 < len(given) <= maximum:
        raise InvalidInput(f"{name} must hold 1 to {maximum:,} ids.")
    ids: dict[str, None] = {}
    refused: dict[str, Failure] = {}
    for value in given:
        try:
            ids.setdefault(identifier(name, value).lower())
        except InvalidInput as error:
            shown = value[:MAX_SHOWN]
            refused[shown] = Failure(shown, error)
    return tuple(ids), tuple(refused.values())


def search_query(query: str, *, include_spam_trash: bool) -> Search:
    """Take a query in Gmail's own language as it is."""
    query = query.strip()
    if not query:
        raise InvalidQuery("query is empty. Give search terms, or use ListEmails for everything.")
    if len(query) > MAX_QUERY:
        raise InvalidQuery(f"query is longer than {MAX_QUERY:,} characters. Use fewer terms.")
    return Search(query, include_spam_trash=include_spam_trash)


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
        InvalidInput: a label is fixed, or both added and removed.
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
