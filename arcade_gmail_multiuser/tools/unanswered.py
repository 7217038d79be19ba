"""Find conversations that wait for an answer."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from arcade_tdk import ToolContext
from typing_extensions import TypedDict

from arcade_gmail_multiuser.gmail import unanswered
from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.compose.send_as import own_addresses
from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.gmail.messages.fetch import FoundThreads, Page, Search
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.gmail.unanswered import Direction, Findings, Waiting
from arcade_gmail_multiuser.tools import checks, parameters
from arcade_gmail_multiuser.tools.answer_format import (
    FRAME,
    MAX_ANSWER,
    View,
    cost,
    fit,
    fit_failures,
    link,
    when,
)
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.message_types import FailedItem

__all__ = ["find_unanswered"]


MAX_SHOWN = 50
MAX_PEOPLE = 5
MAX_SUBJECT, MAX_PERSON, MAX_SNIPPET = 300, 120, 200


class WaitingThread(TypedDict):
    """A conversation that waits for an answer."""

    thread_id: str
    """The conversation, for GetThread."""
    subject: str
    """The subject of its first message."""
    people: list[str]
    """i_owe: who waits for the user. owed_to_me: whose answer the user waits for. At most 5."""
    last_message_id: str
    """Its newest message, for ReplyToEmail."""
    last_date: str
    """When that came or was sent; ISO 8601 with offset in the requested time zone."""
    waiting_days: int
    """Whole days since then."""
    snippet: str
    """Its beginning, written by its sender."""
    asks_a_question: bool
    """Whether its beginning holds a question mark; the rest of the text was not read."""
    user_only_in_copy: bool
    """i_owe: the user is not in To, so somebody else may be meant to answer."""
    has_draft: bool
    """Whether an answer waits in Drafts already."""
    message_count: int
    """How many messages it has."""
    url: str
    """Opens it in Gmail."""


class Unanswered(TypedDict):
    """The conversations that wait for an answer, the longest waiting first."""

    direction: Literal["i_owe", "owed_to_me"]
    """Whose turn it is."""
    threads: list[WaitingThread]
    """The conversations; empty when nobody waits."""
    conversations_read: int
    """How many conversations were looked at."""
    looked_back_days: int
    """How many days back the search went."""
    looked_at_everything: bool
    """False: there are more conversations in that time than max_threads; older ones may wait."""
    automated_skipped: int
    """Conversations passed over because a machine or a mailing list wrote the newest message."""
    failed: list[FailedItem]
    """Conversations that could not be read."""
    omitted: list[str]
    """What was left out to keep the answer short."""


@tool(GMAIL_READONLY, does=READS)
async def find_unanswered(
    context: ToolContext,
    direction: Annotated[
        Direction,
        "i_owe: others wait for the user's answer. owed_to_me: the user wrote last and waits. "
        "Default: i_owe.",
    ] = "i_owe",
    days: Annotated[int, "How many days to look back, 1 to 90. Default: 14."] = 14,
    waiting_days: Annotated[
        int, "Only what has waited for at least so many days, 0 to 90. Default: 0."
    ] = 0,
    max_threads: Annotated[
        int, "How many of the newest conversations to look at, 1 to 100. Default: 50."
    ] = 50,
    include_archived: Annotated[
        bool, "For i_owe: also look at what is archived. Default: false, the inbox only."
    ] = False,
    time_zone: parameters.TimeZone = "UTC",
) -> Annotated[Unanswered, "The conversations that wait, longest first, and how far it looked"]:
    """Find whom the user owes an answer, or who owes the user one.

    A conversation counts by who wrote its newest message; newsletters, notifications and mailing
    lists are skipped. The text is not read, so use GetThread to see whether an answer is needed,
    then ReplyToEmail or WriteDraftReplyEmail. For conversations by sender, subject or date use
    SearchThreads. looked_at_everything says whether max_threads was enough.
    """
    view = View.checked(time_zone)
    checks.within("days", days, 1, 90)
    checks.within("waiting_days", waiting_days, 0, 90)
    checks.within("max_threads", max_threads, 1, 100)
    gmail = gmail_client(context)
    query = unanswered.query_for(direction, days=days, include_archived=include_archived)
    mine = await own_addresses(gmail)
    page = await fetch.list_threads(gmail, Search(query), max_threads, None)
    found = await fetch.read_threads(gmail, page.ids)
    now = datetime.now(UTC)
    findings = unanswered.find_waiting(
        found.threads,
        mine=mine,
        direction=direction,
        before=now - timedelta(days=waiting_days),
    )
    return _answer(findings, found, page, view, direction=direction, days=days, now=now)


def _answer(
    findings: Findings,
    found: FoundThreads,
    page: Page,
    view: View,
    *,
    direction: Direction,
    days: int,
    now: datetime,
) -> Unanswered:
    """Build the list of conversations, and say how far the search went."""
    failed, omitted = fit_failures(found.failed, MAX_ANSWER)
    threads = [_thread(waiting, view, now) for waiting in findings.waiting[:MAX_SHOWN]]
    shown = fit(threads, MAX_ANSWER - 2 * FRAME - cost(failed))
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
