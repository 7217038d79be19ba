"""Page through the messages, threads and drafts that match a search, newest first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from arcade_gmail_local.sandbox.google_error import invalid
from arcade_gmail_local.sandbox.http.call import Call
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.search.matching import SearchContext, Test, compile_search
from arcade_gmail_local.sandbox.search.query import looks_in_spam_and_trash, parse_query

MAX_COUNTED = 201
"""Where counting stops, as Gmail's resultSizeEstimate is coarse."""

SLICE_S = 0.02
"""How long a search may run before it yields to the event loop."""

HIDDEN = frozenset({"SPAM", "TRASH"})


@dataclass(frozen=True, slots=True)
class Page:
    items: list[StoredMessage]
    next_token: str | None
    estimate: int

    def envelope(self) -> dict[str, object]:
        token = {} if self.next_token is None else {"nextPageToken": self.next_token}
        return {**token, "resultSizeEstimate": self.estimate}


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a page ended: the age of its last item and the number of items so far."""

    age_key: tuple[int, int]
    seen: int


async def page_of_messages(call: Call, messages: Iterable[StoredMessage]) -> Page:
    """Return the requested page of the messages that match the call."""
    after = _position(call)
    if after is not None:
        messages = [m for m in messages if m.age_key < after.age_key]
    matching = _matching(call, messages)
    return await _fill(call, matching, after, already=after.seen if after else 0)


async def page_of_threads(call: Call, messages: Iterable[StoredMessage]) -> Page:
    """Return a page of threads, each by the newest of its messages that match.

    Every page starts from the newest message, or a thread could appear on every page.
    """
    return await _fill(call, _newest_of_each_thread(_matching(call, messages)), _position(call))


async def _newest_of_each_thread(
    matching: AsyncIterator[StoredMessage],
) -> AsyncIterator[StoredMessage]:
    seen: set[str] = set()
    async for message in matching:
        if message.thread_id not in seen:
            seen.add(message.thread_id)
            yield message


async def _fill(
    call: Call, matching: AsyncIterator[StoredMessage], after: _Position | None, already: int = 0
) -> Page:
    wanted = call.query["maxResults"]
    items: list[StoredMessage] = []
    count, more = already, False
    async for message in matching:
        count += 1
        if after is not None and message.age_key >= after.age_key:
            continue
        if len(items) < wanted:
            items.append(message)
        else:
            more = True
            if count >= MAX_COUNTED:
                break
    token = None
    if more:
        seen = (after.seen if after else 0) + len(items)
        token = _token(call, _Position(items[-1].age_key, seen))
    return Page(items, token, min(count, MAX_COUNTED))


async def _matching(call: Call, messages: Iterable[StoredMessage]) -> AsyncIterator[StoredMessage]:
    labels = set(call.query.get("labelIds", ()))
    call.mailbox.labels.check_known(labels)
    query = parse_query(call.query.get("q", ""))
    shows_hidden = (
        call.query["includeSpamTrash"] or labels & HIDDEN or looks_in_spam_and_trash(query)
    )
    test: Test = compile_search(
        query,
        SearchContext(
            me=call.mailbox.email,
            now_s=call.store.clock(),
            label_named=call.mailbox.labels.named_in_search,
        ),
    )
    turn_ends = time.monotonic() + SLICE_S
    for message in messages:
        if time.monotonic() > turn_ends:
            await asyncio.sleep(0)
            turn_ends = time.monotonic() + SLICE_S
        if not labels <= message.labels or (not shows_hidden and message.labels & HIDDEN):
            continue
        if await test(message):
            yield message


# Page tokens


def _query_key(call: Call) -> str:
    """Identify the query a page token belongs to, whatever the size of its pages."""
    q = call.query
    parts = (call.method.name, call.mailbox.email, q.get("q", ""), q["includeSpamTrash"])
    return repr((*parts, sorted(q.get("labelIds", ()))))


def _position(call: Call) -> _Position | None:
    token = call.query.get("pageToken")
    if not token:
        return None
    text = call.store.sealer.read_page_token(token, _query_key(call))
    try:
        when, order, seen = map(int, text.split(","))
    except ValueError:
        raise invalid("Invalid pageToken") from None
    return _Position((when, order), seen)


def _token(call: Call, position: _Position) -> str:
    when, order = position.age_key
    return call.store.sealer.page_token(f"{when},{order},{position.seen}", _query_key(call))
