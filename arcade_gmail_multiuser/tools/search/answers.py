"""Build the answers of searches: counts, pages of messages and conversations in brief."""

from __future__ import annotations

from dataclasses import dataclass

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Count, FoundThreads, Page, ReadThread
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.answer_format import (
    FRAME,
    View,
    automated_note,
    cost,
    fit_failures,
    link,
    short,
    when,
)
from arcade_gmail_multiuser.tools.message_answers import MAX_SNIPPET
from arcade_gmail_multiuser.tools.message_types import EmailList
from arcade_gmail_multiuser.tools.search.types import SearchResult, ThreadList, ThreadSummary

__all__ = ["count_only", "search_result", "thread_list"]


@dataclass(frozen=True, slots=True)
class _Extent:
    """Bound what is said of a conversation: characters of a field, and numbers of items."""

    subject: int
    writer: int
    writers: int
    labels: int


_EXTENTS = (_Extent(500, 120, 10, 200), _Extent(200, 60, 5, 20), _Extent(80, 40, 2, 5))


def count_only(count: Count) -> SearchResult:
    """Say how many messages match."""
    return SearchResult(
        count=count.number,
        count_is_exact=count.exact,
        emails=[],
        failed=[],
        omitted=[],
        omitted_ids=[],
    )


def search_result(found: EmailList, page: Page, *, first: bool) -> SearchResult:
    """Add to a page of messages how many it has, and whether those are all."""
    answer = SearchResult(
        count=len(page.ids),
        count_is_exact=first and page.next_token is None,
        emails=found["emails"],
        failed=found["failed"],
        omitted=found["omitted"],
        omitted_ids=found["omitted_ids"],
    )
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


def thread_list(found: FoundThreads, page: Page, view: View) -> ThreadList:
    """Build a page of conversations; each is cut shorter where they would not all fit."""
    failed, omitted = fit_failures(found.failed, view.max_chars)
    passed_over = automated_note(found.automated, "conversations")
    omitted = [*passed_over, *omitted]
    room = view.max_chars - FRAME - cost(failed) - cost(passed_over)
    threads: list[ThreadSummary] = []
    for extent in _EXTENTS:
        threads = [_summary(read, found.labels, view, extent) for read in found.threads]
        if cost(threads) <= room:
            break
    if extent is not _EXTENTS[0]:
        omitted = [
            "the ends of long subjects, participants and labels; ask for fewer at a time, or read "
            "one with GetThread",
            *omitted,
        ]
    answer = ThreadList(threads=threads, failed=failed, omitted=omitted)
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


def _summary(read: ReadThread, labels: LabelBook, view: View, extent: _Extent) -> ThreadSummary:
    last = read.messages[-1] if read.messages else ReadMessage()
    first = read.messages[0] if read.messages else last
    writers = dict.fromkeys(display(m.from_) for m in read.messages if m.from_)
    participants = [short(writer, extent.writer) for writer in list(writers)[: extent.writers]]
    if len(writers) > extent.writers:
        participants.append(f"and {len(writers) - extent.writers} more")
    label_ids = list(dict.fromkeys(label for m in read.messages for label in m.label_ids))
    label_ids = label_ids[: extent.labels]
    return ThreadSummary(
        id=read.id,
        subject=short(first.subject, extent.subject),
        participants=participants,
        message_count=len(read.messages),
        last_date=when(last.date, view.zone),
        last_message_id=last.id,
        snippet=short(last.snippet, MAX_SNIPPET),
        label_ids=label_ids,
        label_names=labels.names_of(label_ids),
        url=link(read.id, last),
    )
