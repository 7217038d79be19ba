"""The tool that finds who waits for an answer."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail import unanswered
from arcade_gmail_multiuser.gmail.compose.send_as import own_addresses
from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.gmail.messages.fetch import Search
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.gmail.unanswered import Direction
from arcade_gmail_multiuser.tools.answers import views, waiting_answers
from arcade_gmail_multiuser.tools.answers.unanswered_shapes import Unanswered
from arcade_gmail_multiuser.tools.arguments import checks, parameters
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["find_unanswered"]


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
    view = views.view(time_zone)
    checks.within("days", days, 1, 90)
    checks.within("waiting_days", waiting_days, 0, 90)
    checks.within("max_threads", max_threads, 1, 100)
    mailbox = mailbox_of(context)
    query = unanswered.query_for(direction, days=days, include_archived=include_archived)
    mine = await own_addresses(mailbox)
    page = await fetch.list_threads(mailbox, Search(query), max_threads, None)
    found = await fetch.read_threads(mailbox, page.ids)
    now = datetime.now(UTC)
    findings = unanswered.find_waiting(
        found.threads,
        mine=mine,
        direction=direction,
        before=now - timedelta(days=waiting_days),
    )
    return waiting_answers.unanswered(
        findings, found, page, view, direction=direction, days=days, now=now
    )
