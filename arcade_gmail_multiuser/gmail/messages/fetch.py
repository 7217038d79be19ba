"""List, count and read the messages and conversations of one mailbox, each with its own outcome.

A list is two steps, ids first and messages second, and mail moves between them. So every id of a
page ends in exactly one of two places: among what was read, or in `failed` with its reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    GmailMultiuserError,
    InvalidInput,
    InvalidQuery,
    NotFound,
    RequestRefused,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.addresses import is_usable, mailbox_key
from arcade_gmail_multiuser.gmail.api.client import GmailClient, off_loop, unless_unavailable
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook, label_resources
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message
from arcade_gmail_multiuser.gmail.queries import build_query

__all__ = [
    "MAX_SENDERS",
    "Count",
    "Failure",
    "FoundMessages",
    "FoundThreads",
    "Page",
    "ReadThread",
    "Search",
    "count_messages",
    "list_messages",
    "list_page",
    "list_threads",
    "noting_first_contacts",
    "read_message_with_labels",
    "read_messages",
    "read_one",
    "read_thread",
    "read_threads",
]

SUMMARY_HEADERS = (
    "From",
    "To",
    "Cc",
    "Bcc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Delivered-To",
    "Authentication-Results",
    "Auto-Submitted",
    "Precedence",
    "List-Id",
    "List-Unsubscribe",
)
"""What a message read without its body is asked for; all headers together are 5 to 10 KB."""

MAX_COUNT_PAGES = 10
COUNT_PAGE_SIZE = 500


T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Search:
    """Say which messages are meant: Gmail's query, label ids (all of them), Spam and Trash."""

    query: str = ""
    label_ids: tuple[str, ...] = ()
    include_spam_trash: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Hold the ids of one page in Gmail's order."""

    ids: tuple[str, ...]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """Hold a number of messages; when not exact, there are at least that many."""

    number: int
    exact: bool


@dataclass(frozen=True, slots=True, repr=False)
class Failure:
    """Name one id that could not be read, and why."""

    id: str
    error: GmailMultiuserError


@dataclass(frozen=True, slots=True, repr=False)
class FoundMessages:
    """Hold what was read, in the order asked for, what was not, and the labels' names."""

    messages: tuple[ReadMessage, ...]
    failed: tuple[Failure, ...]
    labels: LabelBook
    automated: int = 0
    """How many were read and left out as automated mail."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadThread:
    """Hold a conversation, oldest message first."""

    id: str
    messages: tuple[ReadMessage, ...]
    failed: tuple[Failure, ...] = ()
    labels: LabelBook | None = None
    snippet: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class FoundThreads:
    """Hold the conversations that were read, in the order asked for, and those that were not."""

    threads: tuple[ReadThread, ...]
    failed: tuple[Failure, ...]
    labels: LabelBook
    automated: int = 0
    """How many were read and left out as automated mail."""


async def list_messages(gmail: GmailClient, search: Search, size: int, token: str | None) -> Page:
    """Return one page of message ids, newest first."""
    return await list_page(gmail, "messages", search, size, token)


async def list_threads(gmail: GmailClient, search: Search, size: int, token: str | None) -> Page:
    """Return one page of thread ids, the most recently active first."""
    return await list_page(gmail, "threads", search, size, token)


async def count_messages(gmail: GmailClient, search: Search) -> Count:
    """Count by listing ids, because Gmail's own estimate is often 201 whatever the truth.

    Exact up to 5,000; beyond that the number is a lower bound.
    """
    number, token = 0, None
    for _ in range(MAX_COUNT_PAGES):
        page = await list_messages(gmail, search, COUNT_PAGE_SIZE, token)
        number += len(page.ids)
        token = page.next_token
        if token is None:
            return Count(number, exact=True)
    return Count(number, exact=False)


async def read_messages(gmail: GmailClient, ids: Sequence[str], *, bodies: bool) -> FoundMessages:
    """Read the messages of a page; one that fails is named and never costs the others."""
    shape: dict[str, Any] = (
        {"format": "full"}
        if bodies
        else {"format": "metadata", "metadataHeaders": list(SUMMARY_HEADERS)}
    )
    answers = await _each(gmail, "users.messages.get", ids, shape)
    outcomes = [await _outcome(id_, answer, read_message) for id_, answer in answers]
    messages = tuple(x for x in outcomes if isinstance(x, ReadMessage))
    failed = tuple(x for x in outcomes if isinstance(x, Failure))
    return FoundMessages(messages, failed, await _labels_for(gmail, messages))


async def read_message_with_labels(gmail: GmailClient, id_: str) -> tuple[ReadMessage, LabelBook]:
    """Read one message in full; errors are raised."""
    message = await read_one(gmail, id_)
    return message, await _labels_for(gmail, (message,))


async def read_one(gmail: GmailClient, id_: str) -> ReadMessage:
    """Read one message in full, without its labels' names; errors are raised."""
    resource = await gmail.call("users.messages.get", id=id_, format="full")
    message = await _outcome(id_, resource, read_message)
    if isinstance(message, Failure):
        raise message.error
    return message


async def read_thread(gmail: GmailClient, id_: str) -> ReadThread:
    """Read a whole conversation in full; errors of the thread itself are raised."""
    resource = await gmail.call("users.threads.get", id=id_, format="full")
    parts = [(_id_of(part), part) for part in resource.get("messages") or ()]
    outcomes = [await _outcome(part_id, part, read_message) for part_id, part in parts]
    messages = tuple(x for x in outcomes if isinstance(x, ReadMessage))
    failed = tuple(x for x in outcomes if isinstance(x, Failure))
    return ReadThread(id_, messages, failed, await _labels_for(gmail, messages))


async def read_threads(gmail: GmailClient, ids: Sequence[str]) -> FoundThreads:
    """Read the headers of several conversations; one that fails is named."""
    shape = {"format": "metadata", "metadataHeaders": list(SUMMARY_HEADERS)}
    answers = await _each(gmail, "users.threads.get", ids, shape)
    outcomes = [await _outcome(id_, answer, _thread) for id_, answer in answers]
    threads = tuple(x for x in outcomes if isinstance(x, ReadThread))
    failed = tuple(x for x in outcomes if isinstance(x, Failure))
    everything = [message for thread in threads for message in thread.messages]
    return FoundThreads(threads, failed, await _labels_for(gmail, everything))


async def list_page(
    gmail: GmailClient, what: str, search: Search, size: int, token: str | None
) -> Page:
    # What is None is left out.
    asked = {
        "maxResults": size,
        "q": search.query or None,
        "labelIds": list(search.label_ids) or None,
        "includeSpamTrash": search.include_spam_trash or None,
        "pageToken": token or None,
    }
    try:
        answer = await gmail.call(f"users.{what}.list", **asked)
    except (InvalidInput, RequestRefused, NotFound):
        if not token:
            raise
        raise InvalidInput(
            "Google refused this page_token. Use next_page_token exactly as the page before "
            "returned it, with the same parameters, or start again without it."
        ) from None
    ids = tuple(_id_of(entry) for entry in answer.get(what) or ())
    return Page(tuple(id_ for id_ in ids if id_), answer.get("nextPageToken") or None)


async def _each(
    gmail: GmailClient, method: str, ids: Sequence[str], shape: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any] | GmailMultiuserError]]:
    if not ids:
        return []
    answers = await gmail.call_each(method, [{"id": id_, **shape} for id_ in ids])
    if answers and all(isinstance(answer, AuthorizationError) for answer in answers):
        raise next(answer for answer in answers if isinstance(answer, AuthorizationError))
    return list(zip(ids, answers, strict=True))


async def _outcome(
    id_: str,
    answer: dict[str, Any] | GmailMultiuserError,
    read: Callable[[Mapping[str, Any]], T],
) -> T | Failure:
    if isinstance(answer, GmailMultiuserError):
        return Failure(id_, answer)
    try:
        return await off_loop(int(answer.get("sizeEstimate") or 0), lambda: read(answer))
    except Exception as failure:  # noqa: BLE001 # mail is hostile; one message never costs the rest
        kind = type(failure).__name__
        return Failure(
            id_,
            Unavailable("This message cannot be read.", developer_message=f"reading raised {kind}"),
        )


def _thread(resource: Mapping[str, Any]) -> ReadThread:
    messages = tuple(read_message(part) for part in resource.get("messages") or ())
    return ReadThread(_id_of(resource), messages, snippet=messages[-1].snippet if messages else "")


def _id_of(resource: object) -> str:
    value = resource.get("id") if isinstance(resource, Mapping) else None
    return value if isinstance(value, str) else ""


async def _labels_for(gmail: GmailClient, messages: Sequence[ReadMessage]) -> LabelBook:
    """Ask for the labels' names only where an id does not already say its name.

    Without an answer the ids stand for themselves: names are a courtesy, the mail is the answer.
    """
    used = {label for message in messages for label in message.label_ids}
    if not any(label.startswith("Label_") for label in used):
        return LabelBook([{"id": label, "name": label, "type": "system"} for label in used])
    resources = await unless_unavailable(label_resources(gmail))
    return LabelBook([] if isinstance(resources, GmailMultiuserError) else resources)


MAX_SENDERS = 10
"""Senders looked up for one answer, in the order of their messages."""


MAX_FIRST_CONTACT_S = 5.0
"""The mail does not wait longer than this for what it can do without."""


async def noting_first_contacts(
    gmail: GmailClient, messages: Sequence[ReadMessage]
) -> tuple[ReadMessage, ...]:
    """Add a warning to each message whose sender has no other mail here, from or to them.

    It costs one search a sender (5 quota units, where reading a message costs 20), so it is asked
    where mail is read in full and not where it is listed. What cannot be looked up is not warned
    of: the mail is the answer, this a courtesy.

    Raises:
        AuthorizationError: the person has to connect, or to grant more.
    """
    by_sender: dict[str, list[str]] = {}
    for message in messages:
        if message.from_ and is_usable(message.from_) and not message.is_own:
            by_sender.setdefault(mailbox_key(message.from_.email), []).append(message.id)
    try:
        async with asyncio.timeout(MAX_FIRST_CONTACT_S):
            new = await _from_strangers(gmail, dict(list(by_sender.items())[:MAX_SENDERS]))
    except TimeoutError:
        return tuple(messages)
    return tuple(_warned(message) if message.id in new else message for message in messages)


async def _from_strangers(gmail: GmailClient, by_sender: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the ids of the messages whose sender has no mail here but these."""
    asked = {key: query for key in by_sender if (query := _mail_with(key))}
    searches = [{"q": query, "maxResults": len(by_sender[key]) + 1} for key, query in asked.items()]
    new: set[str] = set()
    for key, answer in zip(
        asked, await gmail.call_each("users.messages.list", searches), strict=True
    ):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            continue
        found = {str(entry.get("id")) for entry in answer.get("messages") or ()}
        if found <= set(by_sender[key]):
            new |= set(by_sender[key])
    return new


def _mail_with(email: str) -> str:
    try:
        return f"{{{build_query(sender=[email])} {build_query(recipient=[email])}}}"
    except InvalidQuery:
        return ""


def _warned(message: ReadMessage) -> ReadMessage:
    sender = message.from_.email if message.from_ else ""
    said = f"No other mail from or to {sender} is in this mailbox: the sender may be a stranger."
    return replace(message, warnings=(*message.warnings, said))
