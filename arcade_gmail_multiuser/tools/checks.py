"""Check a call before anything is asked of Google: its caller, its arguments, and its sending."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    ConfirmationRequired,
    InvalidInput,
    InvalidQuery,
    MissingToken,
    TokenWithheld,
    WrongUser,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.label_book import FIXED, LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Failure, Search

__all__ = [
    "CALL_DEADLINE_S",
    "REQUIRE",
    "caller_of",
    "confirmation_required",
    "gmail_client",
    "identifier",
    "identifiers",
    "label_changes",
    "refuse_without_drafts",
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


CALL_DEADLINE_S = 50.0
"""Shorter than the 60 s after which arcadepy gives up, so that the caller sees our error."""


def gmail_client(context: ToolContext) -> GmailClient:
    """Open the caller's Gmail for this one call.

    Raises:
        MissingToken: the call came without a token; nothing is asked of Google.
        TokenWithheld: the call came without a token although this person is connected.
    """
    authorization = context.authorization
    token = (authorization.token if authorization else None) or ""
    if not token.strip():
        # An engine names the connected account even where it keeps the token to itself.
        if authorization is not None and authorization.user_info:
            raise TokenWithheld(
                "This person has connected Gmail, but the API key of this server is not allowed "
                "to read tokens. Asking the person again will not help: tell the operator.",
                developer_message=(
                    "Name the API key in the engine's token_readers (--token-reader NAME) with "
                    "token_exposure `granted`, or call the tool through the engine instead."
                ),
            )
        raise MissingToken(
            "This person has not connected Gmail yet. Ask for authorization, then call again."
        )
    return GmailClient(token, context.user_id or "", deadline_s=CALL_DEADLINE_S)


def caller_of(context: ToolContext, claimed: str) -> str:
    """Return the caller's user id if `claimed` is exactly that, compared as it is written.

    Raises:
        WrongUser: another user is named, or the call does not say who makes it.
    """
    if not context.user_id or claimed != context.user_id:
        raise WrongUser(
            "user_id must be the user this call is made for; a call cannot send as someone else. "
            "Use the caller's own user id."
        )
    return context.user_id


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
            "returned it; subjects, addresses, URLs and Message-ID headers are not ids."
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
            f"Only Gmail itself adds and removes {' and '.join(fixed)}. To send a draft use "
            "SendDraftEmail."
        )
    both = sorted(labels.name_of(label) for label in set(to_add) & set(to_remove))
    if both:
        raise InvalidInput("A label is both added and removed. Name it on one side only.")
    return {"addLabelIds": to_add, "removeLabelIds": to_remove}


REQUIRE = "GMAIL_MULTIUSER_REQUIRE_CONFIRMATION"


_SAID = {"1": True, "true": True, "yes": True, "on": True} | dict.fromkeys(
    ("", "0", "false", "no", "off"), False
)


def confirmation_required() -> bool:
    """Tell whether the operator wants every message confirmed.

    Raises:
        ConfigurationError: the setting is neither yes nor no.
    """
    said = os.environ.get(REQUIRE, "").strip().lower()
    if said not in _SAID:
        raise ConfigurationError(
            f"{REQUIRE} is neither 1 nor 0. Nothing is sent until the operator corrects it."
        )
    return _SAID[said]


def refuse_without_drafts(*, instead: str) -> None:
    """Refuse to send from a tool that could not promise "once" to a confirmation.

    Args:
        instead: what to use, such as "MultiUserGmailSend with a confirmation_token".

    Raises:
        ConfirmationRequired: confirmation is required.
    """
    if confirmation_required():
        raise ConfirmationRequired(
            "The operator lets nothing be sent unconfirmed, and this tool cannot promise to send "
            f"once. Use {instead}."
        )
