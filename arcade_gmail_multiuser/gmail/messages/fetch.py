"""Reading several things of one mailbox, each with its own outcome.

A list is two steps, ids first and messages second, and mail moves between them. So every id of a
page ends in exactly one of two places: among what was read, or in `failed` with its reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from arcade_gmail_multiuser.errors import (
    AccessDenied,
    AuthorizationError,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    InvalidInput,
    NotFound,
    RateLimited,
    RequestRefused,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message

__all__ = [
    "Count",
    "Failure",
    "FoundMessages",
    "FoundThreads",
    "Page",
    "ReadThread",
    "Search",
    "account",
    "count_messages",
    "label_book",
    "label_counts",
    "label_resources",
    "list_drafts",
    "list_messages",
    "list_threads",
    "own_addresses",
    "read_for_reply",
    "read_message_with_labels",
    "read_messages",
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

COUNT_PAGES = 10
COUNT_PAGE_SIZE = 500
OFF_LOOP_BYTES = 30_000
"""Messages larger than this are parsed in a thread, so that nobody else's call waits for it.

Low, because a page has a hundred of them: 100 newsletters take half a second to read.
"""

SEND_AS_S = 5.0
"""A reply does not wait longer than this for a list it can do without."""

OUTAGES = (ConnectionFailed, DeadlineExceeded, RateLimited, Unavailable)

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


async def list_drafts(mailbox: GmailClient, size: int, token: str | None) -> Page:
    """Return one page of draft ids, which are not the ids of the messages in them."""
    return await _list(mailbox, "drafts", Search(), size, token)


async def list_messages(mailbox: GmailClient, search: Search, size: int, token: str | None) -> Page:
    """Return one page of message ids, newest first."""
    return await _list(mailbox, "messages", search, size, token)


async def list_threads(mailbox: GmailClient, search: Search, size: int, token: str | None) -> Page:
    """Return one page of thread ids, the most recently active first."""
    return await _list(mailbox, "threads", search, size, token)


async def count_messages(mailbox: GmailClient, search: Search) -> Count:
    """Count by listing ids, because Gmail's own estimate is often 201 whatever the truth.

    Exact up to 5,000; beyond that the number is a lower bound.
    """
    number, token = 0, None
    for _ in range(COUNT_PAGES):
        page = await list_messages(mailbox, search, COUNT_PAGE_SIZE, token)
        number += len(page.ids)
        token = page.next_token
        if token is None:
            return Count(number, exact=True)
    return Count(number, exact=False)


async def read_messages(mailbox: GmailClient, ids: Sequence[str], *, bodies: bool) -> FoundMessages:
    """Read the messages of a page; one that fails is named and never costs the others."""
    shape: dict[str, Any] = (
        {"format": "full"}
        if bodies
        else {"format": "metadata", "metadataHeaders": list(SUMMARY_HEADERS)}
    )
    answers = await _each(mailbox, "users.messages.get", ids, shape)
    outcomes = [await _outcome(id_, answer, read_message) for id_, answer in answers]
    messages = tuple(x for x in outcomes if isinstance(x, ReadMessage))
    failed = tuple(x for x in outcomes if isinstance(x, Failure))
    return FoundMessages(messages, failed, await _labels_for(mailbox, messages))


async def read_message_with_labels(mailbox: GmailClient, id_: str) -> tuple[ReadMessage, LabelBook]:
    """Read one message in full; errors are raised."""
    resource = await mailbox.call("users.messages.get", id=id_, format="full")
    message = await _outcome(id_, resource, read_message)
    if isinstance(message, Failure):
        raise message.error
    return message, await _labels_for(mailbox, (message,))


async def read_thread(mailbox: GmailClient, id_: str) -> ReadThread:
    """Read a whole conversation in full; errors of the thread itself are raised."""
    resource = await mailbox.call("users.threads.get", id=id_, format="full")
    parts = [(_id_of(part), part) for part in resource.get("messages") or ()]
    outcomes = [await _outcome(part_id, part, read_message) for part_id, part in parts]
    messages = tuple(x for x in outcomes if isinstance(x, ReadMessage))
    failed = tuple(x for x in outcomes if isinstance(x, Failure))
    return ReadThread(id_, messages, failed, await _labels_for(mailbox, messages))


async def read_threads(mailbox: GmailClient, ids: Sequence[str]) -> FoundThreads:
    """Read the headers of several conversations; one that fails is named."""
    shape = {"format": "metadata", "metadataHeaders": list(SUMMARY_HEADERS)}
    answers = await _each(mailbox, "users.threads.get", ids, shape)
    outcomes = [await _outcome(id_, answer, _thread) for id_, answer in answers]
    threads = tuple(x for x in outcomes if isinstance(x, ReadThread))
    failed = tuple(x for x in outcomes if isinstance(x, Failure))
    everything = [message for thread in threads for message in thread.messages]
    return FoundThreads(threads, failed, await _labels_for(mailbox, everything))


async def read_for_reply(mailbox: GmailClient, id_: str) -> tuple[ReadMessage, frozenset[str]]:
    """Read the message to answer and every address that is the user's own.

    The list of send-as addresses may be refused (an administrator can do that); the mailbox's
    own address is then all there is.
    """
    resource, profile, aliases = await _together(
        mailbox.call("users.messages.get", id=id_, format="full"),
        mailbox.call("users.getProfile"),
        _send_as(mailbox),
    )
    original = await _outcome(id_, resource, read_message)
    if isinstance(original, Failure):
        raise original.error
    return original, _mine(profile, aliases)


async def own_addresses(mailbox: GmailClient) -> frozenset[str]:
    """Return every address that is the user's own, as far as they can be known."""
    profile, aliases = await _together(mailbox.call("users.getProfile"), _send_as(mailbox))
    return _mine(profile, aliases)


def _mine(profile: Mapping[str, Any], aliases: Sequence[str]) -> frozenset[str]:
    return frozenset({str(profile.get("emailAddress", "")), *aliases} - {""})


async def account(
    mailbox: GmailClient,
) -> tuple[dict[str, Any], dict[str, Any] | GmailMultiuserError]:
    """Return the Gmail profile and the Google user information, or why the latter is missing.

    A refused token or scope is raised, because the person can mend that; an outage is not.
    """
    profile, person = await _together(
        mailbox.call("users.getProfile"), _attempt(mailbox.userinfo())
    )
    return profile, person


async def label_resources(mailbox: GmailClient) -> list[dict[str, Any]]:
    """Return the label resources as Gmail lists them, without counts."""
    answer = await mailbox.call("users.labels.list")
    return list(answer.get("labels") or ())


async def label_book(mailbox: GmailClient) -> LabelBook:
    """Return the names and ids of all labels."""
    return LabelBook(await label_resources(mailbox))


async def label_counts(
    mailbox: GmailClient, ids: Sequence[str]
) -> dict[str, dict[str, Any] | GmailMultiuserError]:
    """Return each label with its four counts, or why they could not be read."""
    return dict(await _each(mailbox, "users.labels.get", ids, {}))


async def _list(
    mailbox: GmailClient, what: str, search: Search, size: int, token: str | None
) -> Page:
    asked: dict[str, Any] = {"maxResults": size}
    if search.query:
        asked["q"] = search.query
    if search.label_ids:
        asked["labelIds"] = list(search.label_ids)
    if search.include_spam_trash:
        asked["includeSpamTrash"] = True
    if token:
        asked["pageToken"] = token
    try:
        answer = await mailbox.call(f"users.{what}.list", **asked)
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
    mailbox: GmailClient, method: str, ids: Sequence[str], shape: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any] | GmailMultiuserError]]:
    if not ids:
        return []
    answers = await mailbox.call_each(method, [{"id": id_, **shape} for id_ in ids])
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
        if int(answer.get("sizeEstimate") or 0) > OFF_LOOP_BYTES:
            return await asyncio.to_thread(read, answer)
        return read(answer)
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


async def _labels_for(mailbox: GmailClient, messages: Sequence[ReadMessage]) -> LabelBook:
    """Ask for the labels' names only where an id does not already say its name.

    Without an answer the ids stand for themselves: names are a courtesy, the mail is the answer.
    """
    used = {label for message in messages for label in message.label_ids}
    if not any(label.startswith("Label_") for label in used):
        return LabelBook([{"id": label, "name": label, "type": "system"} for label in used])
    resources = await _attempt(label_resources(mailbox))
    return LabelBook([] if isinstance(resources, GmailMultiuserError) else resources)


async def _send_as(mailbox: GmailClient) -> list[str]:
    try:
        async with asyncio.timeout(SEND_AS_S):
            answer = await _attempt(mailbox.call("users.settings.sendAs.list"))
    except TimeoutError:
        return []
    if isinstance(answer, GmailMultiuserError):
        return []
    return [str(entry.get("sendAsEmail", "")) for entry in answer.get("sendAs") or ()]


async def _attempt(asked: Awaitable[T]) -> T | GmailMultiuserError:
    """Wait for what the answer can do without; a token or scope that is refused still raises."""
    try:
        return await asked
    except (*OUTAGES, AccessDenied, NotFound, RequestRefused) as failure:
        return failure


async def _together(*asked: Awaitable[Any]) -> list[Any]:
    """Wait for all of them, and leave none running when one fails."""
    tasks = [asyncio.ensure_future(each) for each in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
