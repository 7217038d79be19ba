"""What is said of conversations that wait for an answer."""

from __future__ import annotations

from datetime import datetime

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.messages.fetch import FoundThreads, Page
from arcade_gmail_multiuser.gmail.unanswered import Direction, Findings, Waiting
from arcade_gmail_multiuser.tools.answers.fitting import ANSWER, FRAME, cost, failed_within, within
from arcade_gmail_multiuser.tools.answers.unanswered_shapes import Unanswered, WaitingThread
from arcade_gmail_multiuser.tools.answers.views import View, link, when

__all__ = ["unanswered"]

MAX_SHOWN = 50
MAX_PEOPLE = 5
MAX_SUBJECT, MAX_PERSON, MAX_SNIPPET = 300, 120, 200


def unanswered(
    findings: Findings,
    found: FoundThreads,
    page: Page,
    view: View,
    *,
    direction: Direction,
    days: int,
    now: datetime,
) -> Unanswered:
    """Shape the conversations, and say how far the search went."""
    failed, omitted = failed_within(found.failed, ANSWER)
    threads = [_thread(waiting, view, now) for waiting in findings.waiting[:MAX_SHOWN]]
    shown = within(threads, ANSWER - 2 * FRAME - cost(failed))
    more = len(findings.waiting) - len(shown)
    if more:
        omitted.append(f"{more} more, which wait less long; ask for fewer days")
    return Unanswered(
        direction=direction,
        threads=shown,
        conversations_read=len(found.threads),
        looked_back_days=days,
        looked_at_everything=page.next_token is None and not found.failed,
        automated_skipped=findings.automated,
        failed=failed,
        omitted=omitted,
    )


def _thread(waiting: Waiting, view: View, now: datetime) -> WaitingThread:
    last = waiting.last
    people = [display(person)[:MAX_PERSON] for person in waiting.people[:MAX_PEOPLE]]
    return WaitingThread(
        thread_id=waiting.thread_id,
        subject=waiting.subject[:MAX_SUBJECT],
        people=people,
        last_message_id=last.id,
        last_date=when(last.date, view.zone),
        waiting_days=max((now - last.date).days, 0) if last.date else 0,
        snippet=last.snippet[:MAX_SNIPPET],
        asks_a_question=waiting.asks,
        user_only_in_copy=waiting.only_in_copy,
        has_draft=waiting.has_draft,
        message_count=waiting.message_count,
        url=link(waiting.thread_id, last),
    )
