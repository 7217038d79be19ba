"""Turn the filter that a person means into what Gmail stores, and create it.

Gmail writes criteria in its search language, so what is meant literally is quoted here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arcade_gmail_multiuser.errors import (
    Conflict,
    GmailMultiuserError,
    InvalidInput,
    OutcomeUnknown,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.messages.fetch import Count, Search, list_messages

__all__ = [
    "MAX_FILTERS",
    "Made",
    "Wanted",
    "checked_action",
    "create_filter",
    "criteria_of",
    "filter_resources",
    "matching_now",
    "search_of",
]

MAX_FILTERS = 1_000
"""Gmail's own limit."""

MAX_COUNTED = 500

MAX_VALUE = 1_500
"""Of one criterion; the longest that Gmail's settings page takes."""

_PLAIN = re.compile(r"[\w.+@-]+")
_QUOTES = re.compile(r"[\s\"\\\u201c-\u201f\uff02\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """Which mail a new filter is for; everything given has to match."""

    sender: Sequence[str] = ()
    recipient: Sequence[str] = ()
    subject: str | None = None
    query: str | None = None
    excluded_query: str | None = None
    has_attachment: bool = False
    larger_than_bytes: int | None = None
    smaller_than_bytes: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """A filter as Gmail has it; `existed` says that it was there already."""

    resource: dict[str, Any]
    existed: bool


def criteria_of(wanted: Wanted) -> dict[str, Any]:
    """Write criteria as Gmail takes them.

    Raises:
        InvalidInput: none is given, one is blank or too long, or both sizes are given.
    """
    if wanted.larger_than_bytes is not None and wanted.smaller_than_bytes is not None:
        raise InvalidInput("Give larger_than_bytes or smaller_than_bytes: Gmail takes only one.")
    texts = {
        "from": _any_of("sender", wanted.sender),
        "to": _any_of("recipient", wanted.recipient),
        "subject": _text("subject", wanted.subject),
        "query": _text("query", wanted.query),
        "negatedQuery": _text("excluded_query", wanted.excluded_query),
    }
    criteria: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if wanted.has_attachment:
        criteria["hasAttachment"] = True
    for name, size in (
        ("larger", wanted.larger_than_bytes),
        ("smaller", wanted.smaller_than_bytes),
    ):
        if size is not None:
            criteria |= {"size": _size(name, size), "sizeComparison": name}
    if not criteria:
        raise InvalidInput(
            "Say which mail the filter is for: at least one of sender, recipient, subject, query, "
            "excluded_query, has_attachment, larger_than_bytes or smaller_than_bytes."
        )
    return criteria


def checked_action(action: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a filter does, sides that do nothing left out.

    Raises:
        InvalidInput: it adds more than one of the user's own labels, which Gmail does not take.
    """
    own = [label for label in action.get("addLabelIds") or () if label.startswith("Label_")]
    if len(own) > 1:
        raise InvalidInput(
            "A filter adds at most one of the user's own labels. Make one filter for each."
        )
    return {side: labels for side, labels in action.items() if labels}


def search_of(criteria: Mapping[str, Any]) -> str:
    """Write the search that finds what is there already and would have matched."""
    subject = _QUOTES.sub(" ", criteria.get("subject", "")).strip()
    terms = [
        f"from:({criteria['from']})" if "from" in criteria else "",
        f"to:({criteria['to']})" if "to" in criteria else "",
        f'subject:"{subject}"' if subject else "",
        f"({criteria['query']})" if "query" in criteria else "",
        f"-({criteria['negatedQuery']})" if "negatedQuery" in criteria else "",
        "has:attachment" if criteria.get("hasAttachment") else "",
        f"{criteria.get('sizeComparison', 'larger')}:{criteria['size']}"
        if "size" in criteria
        else "",
    ]
    return " ".join(term for term in terms if term)


async def filter_resources(gmail: GmailClient) -> list[dict[str, Any]]:
    """Return all filters; Gmail does not page them."""
    answer = await gmail.call("users.settings.filters.list")
    return [each for each in answer.get("filter") or () if isinstance(each, dict)]


async def matching_now(gmail: GmailClient, criteria: Mapping[str, Any]) -> Count:
    """Count what is there already and would have matched; exact up to 500."""
    search = Search(search_of(criteria))
    page = await list_messages(gmail, search, MAX_COUNTED, None)
    return Count(len(page.ids), exact=page.next_token is None)


async def create_filter(gmail: GmailClient, body: Mapping[str, Any]) -> Made:
    """Create a filter, or find that it is there: Gmail keeps no two that are the same.

    A lost answer is therefore looked up instead of being left open.

    Raises:
        InvalidInput: the mailbox has as many filters as Gmail allows.
        OutcomeUnknown: the answer was lost, and so was the one that would have told.
    """
    try:
        return Made(await gmail.call("users.settings.filters.create", body=body), existed=False)
    except (Conflict, OutcomeUnknown, Unavailable) as caught:
        refusal = caught
    try:
        listed = await filter_resources(gmail)
    except GmailMultiuserError:
        raise refusal from None
    for resource in listed:
        if _same(resource, body):
            return Made(resource, existed=isinstance(refusal, Conflict))
    if len(listed) >= MAX_FILTERS:
        raise InvalidInput(
            f"The mailbox has {MAX_FILTERS:,} filters, which is all that Gmail allows. Delete one "
            "with DeleteFilter first."
        ) from None
    raise refusal from None


def _same(resource: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Compare what was asked for; Gmail may add fields of its own."""
    criteria, action = resource.get("criteria") or {}, resource.get("action") or {}
    labels = [
        set(action.get(side) or ()) == set(body["action"].get(side) or ())
        for side in ("addLabelIds", "removeLabelIds")
    ]
    return dict(criteria) == dict(body["criteria"]) and all(labels) and not action.get("forward")


def _any_of(field: str, values: Sequence[str]) -> str:
    """Join literal values by Gmail's OR; what is more than a word or address is quoted."""
    written = []
    for value in dict.fromkeys(values):
        text = _QUOTES.sub(" ", value).strip()
        if not text:
            raise InvalidInput(f"A value for {field} is blank. Leave it out or give one.")
        written.append(text if _PLAIN.fullmatch(text) and text != "OR" else f'"{text}"')
    return _bounded(field, " OR ".join(written))


def _text(field: str, value: str | None) -> str:
    if value is None:
        return ""
    text = " ".join(value.split())
    if not text:
        raise InvalidInput(f"{field} is blank. Leave it out or give words.")
    return _bounded(field, text)


def _bounded(field: str, text: str) -> str:
    if len(text) > MAX_VALUE:
        raise InvalidInput(f"{field} is too long for a filter: at most {MAX_VALUE:,} characters.")
    return text


def _size(name: str, size: int) -> int:
    if not 1 <= size <= 2**31 - 1:
        raise InvalidInput(f"{name}_than_bytes must be from 1 to {2**31 - 1:,}.")
    return size
