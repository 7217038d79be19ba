"""From conversations that were found to a list of them, in brief and within bounds."""

from __future__ import annotations

from dataclasses import dataclass

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import FoundThreads, Page, ReadThread
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.answers.describing import SNIPPET, short
from arcade_gmail_multiuser.tools.answers.fitting import FRAME, automated_note, cost, failed_within
from arcade_gmail_multiuser.tools.answers.shapes import ThreadList, ThreadSummary
from arcade_gmail_multiuser.tools.answers.views import View, link, when

__all__ = ["thread_list"]


@dataclass(frozen=True, slots=True)
class _Extent:
    """How much is said of one conversation at most: characters of a field, and items."""

    subject: int
    writer: int
    writers: int
    labels: int


_EXTENTS = (_Extent(500, 120, 10, 200), _Extent(200, 60, 5, 20), _Extent(80, 40, 2, 5))


def thread_list(found: FoundThreads, page: Page, view: View) -> ThreadList:
    """Shape a page of conversations; each is cut shorter where they would not all fit."""
    failed, omitted = failed_within(found.failed, view.max_chars)
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
        snippet=short(last.snippet, SNIPPET),
        label_ids=label_ids,
        label_names=labels.names_of(label_ids),
        url=link(read.id, last),
    )
