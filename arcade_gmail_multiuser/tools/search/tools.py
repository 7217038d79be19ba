"""Find messages and conversations, or list the newest."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.gmail.messages.automated import (
    without_automated,
    without_automated_threads,
)
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.tools import checks, message_answers, parameters
from arcade_gmail_multiuser.tools.answer_format import View
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.message_types import EmailList
from arcade_gmail_multiuser.tools.search import answers, inputs, types
from arcade_gmail_multiuser.tools.search.types import SearchResult, ThreadList

__all__ = [
    "list_emails",
    "list_emails_by_header",
    "list_threads",
    "search_emails_by_query",
    "search_threads",
]


@tool(GMAIL_READONLY, does=READS)
async def list_emails(
    context: ToolContext,
    n_emails: Annotated[int, "How many messages to return, 1 to 100. Default: 25."] = 25,
    page_token: parameters.PageToken = None,
    exclude_automated: types.ExcludeAutomated = False,
    include_body: types.IncludeBody = False,
    label_name: Annotated[
        str | None,
        'Only messages with this label, by name or id, such as "INBOX" or "Work/Q3". '
        "Default: all mail except Spam and Trash, sent mail included.",
    ] = None,
    include_html: parameters.IncludeHtml = False,
    time_zone: parameters.TimeZone = "UTC",
    max_chars: parameters.MaxChars = 40_000,
) -> Annotated[EmailList, "The newest messages, with a token for the next page"]:
    """List the newest messages of the mailbox, newest first.

    Use it for "what is new". To look for something, use ListEmailsByHeader (by sender, subject,
    date) or SearchEmailsByQuery (Gmail's search language) instead. Without include_body each
    message comes with sender, subject, date, labels and snippet; read one in full with GetEmail.
    """
    view = View.checked(time_zone, max_chars, include_html=include_html and include_body)
    n_emails = checks.within("n_emails", n_emails, 1, 100)
    gmail = gmail_client(context)
    search = await inputs.by_fields(
        gmail,
        labels=[label_name] if label_name else None,
        exclude_automated=exclude_automated,
    )
    page = await fetch.list_messages(gmail, search, n_emails, page_token)
    found = await fetch.read_messages(gmail, page.ids, bodies=include_body)
    if exclude_automated:
        found = without_automated(found)
    return await message_answers.email_list(found, page, view, bodies=include_body)


@tool(GMAIL_READONLY, does=READS)
async def list_emails_by_header(
    context: ToolContext,
    sender: types.WithSender = None,
    recipient: types.WithRecipient = None,
    subject: types.WithSubject = None,
    body: types.WithBody = None,
    date_range: types.WhenSent = None,
    label: Annotated[
        str | None, "Only messages with this label, by name or id. Default: any."
    ] = None,
    max_results: Annotated[int, "How many messages to return, 1 to 100. Default: 25."] = 25,
    page_token: parameters.PageToken = None,
    exclude_automated: types.ExcludeAutomated = False,
    include_body: types.IncludeBody = False,
    include_html: parameters.IncludeHtml = False,
    time_zone: parameters.TimeZone = "UTC",
    max_chars: parameters.MaxChars = 40_000,
) -> Annotated[EmailList, "The messages that match every given filter, newest first"]:
    """Find messages by sender, recipient, subject, text, date range or label, newest first.

    Values are taken literally: search operators inside them have no effect. Several values of
    one filter mean any of them; different filters must all match. At least one filter is needed;
    use ListEmails for everything, SearchEmailsByQuery for Gmail's own search language, and
    SearchThreads when whole conversations are wanted.
    """
    view = View.checked(time_zone, max_chars, include_html=include_html and include_body)
    max_results = checks.within("max_results", max_results, 1, 100)
    inputs.any_filter(sender, recipient, subject, body, date_range, label, exclude_automated)
    gmail = gmail_client(context)
    search = await inputs.by_fields(
        gmail,
        sender=sender,
        recipient=recipient,
        subject=subject,
        body=body,
        date_range=date_range,
        zone=view.zone,
        labels=[label] if label else None,
        exclude_automated=exclude_automated,
    )
    page = await fetch.list_messages(gmail, search, max_results, page_token)
    found = await fetch.read_messages(gmail, page.ids, bodies=include_body)
    if exclude_automated:
        found = without_automated(found)
    return await message_answers.email_list(found, page, view, bodies=include_body)


@tool(GMAIL_READONLY, does=READS)
async def search_emails_by_query(
    context: ToolContext,
    query: Annotated[
        str,
        "A query in Gmail's search language, such as "
        '`from:amy has:attachment newer_than:7d -in:chats "exact phrase"`. '
        "Date literals in it are days in Pacific time. At most 2,000 characters.",
    ],
    result_detail: Annotated[
        types.ResultDetail,
        "count_only counts without reading; lightweight returns sender, subject, date, labels "
        "and snippet; full adds text and attachment list. Default: lightweight.",
    ] = "lightweight",
    max_results: Annotated[int, "How many messages to return, 1 to 100. Default: 25."] = 25,
    page_token: parameters.PageToken = None,
    include_spam_trash: types.IncludeSpamTrash = False,
    include_html: parameters.IncludeHtml = False,
    time_zone: parameters.TimeZone = "UTC",
    max_chars: parameters.MaxChars = 40_000,
) -> Annotated[SearchResult, "How many messages match, and a page of them"]:
    """Search messages with a raw Gmail query, or count them.

    Use it for what ListEmailsByHeader cannot express: has:, larger:, is:unread, -exclusions, OR.
    count_only is exact up to 5,000 matches; beyond that count_is_exact is false.
    """
    full = result_detail == "full"
    view = View.checked(time_zone, max_chars, include_html=include_html and full)
    max_results = checks.within("max_results", max_results, 1, 100)
    search = checks.search_query(query, include_spam_trash=include_spam_trash)
    gmail = gmail_client(context)
    if result_detail == "count_only":
        return answers.count_only(await fetch.count_messages(gmail, search))
    page = await fetch.list_messages(gmail, search, max_results, page_token)
    found = await fetch.read_messages(gmail, page.ids, bodies=full)
    shown = await message_answers.email_list(found, page, view, bodies=full)
    return answers.search_result(shown, page, first=page_token is None)


@tool(GMAIL_READONLY, does=READS)
async def list_threads(
    context: ToolContext,
    page_token: parameters.PageToken = None,
    max_results: Annotated[int, "How many conversations to return, 1 to 50. Default: 10."] = 10,
    include_spam_trash: types.IncludeSpamTrash = False,
    exclude_automated: types.ExcludeAutomated = False,
    time_zone: parameters.TimeZone = "UTC",
) -> Annotated[ThreadList, "The most recent conversations, with who, what and when"]:
    """List the most recent conversations of the mailbox, archived and sent ones included.

    Each comes with subject, participants, message count, last date and snippet; read one with
    GetThread. To look for conversations by sender, subject, date or label (INBOX, for instance)
    use SearchThreads; to list single messages use ListEmails.
    """
    view = View.checked(time_zone)
    max_results = checks.within("max_results", max_results, 1, 50)
    gmail = gmail_client(context)
    search = await inputs.by_fields(
        gmail, exclude_automated=exclude_automated, include_spam_trash=include_spam_trash
    )
    page = await fetch.list_threads(gmail, search, max_results, page_token)
    found = await fetch.read_threads(gmail, page.ids)
    if exclude_automated:
        found = without_automated_threads(found)
    return answers.thread_list(found, page, view)


@tool(GMAIL_READONLY, does=READS)
async def search_threads(
    context: ToolContext,
    page_token: parameters.PageToken = None,
    max_results: Annotated[int, "How many conversations to return, 1 to 50. Default: 10."] = 10,
    include_spam_trash: types.IncludeSpamTrash = False,
    label_ids: Annotated[
        list[str] | None,
        "Only with all of these labels, by id or name, at most 100. Default: any.",
    ] = None,
    sender: types.WithSender = None,
    recipient: types.WithRecipient = None,
    subject: types.WithSubject = None,
    body: types.WithBody = None,
    date_range: types.WhenSent = None,
    exclude_automated: types.ExcludeAutomated = False,
    time_zone: parameters.TimeZone = "UTC",
) -> Annotated[ThreadList, "The conversations that match, with who, what and when"]:
    """Find whole conversations by who wrote, what about, when, or by their labels.

    Each comes with subject, participants, message count, last date and snippet; read one with
    GetThread. All filters must be met by one message of the conversation; for the most recent
    conversations without any filter use ListThreads. To find single messages use
    ListEmailsByHeader.
    """
    view = View.checked(time_zone)
    max_results = checks.within("max_results", max_results, 1, 50)
    gmail = gmail_client(context)
    search = await inputs.by_fields(
        gmail,
        sender=sender,
        recipient=recipient,
        subject=subject,
        body=body,
        date_range=date_range,
        zone=view.zone,
        labels=label_ids,
        exclude_automated=exclude_automated,
        include_spam_trash=include_spam_trash,
    )
    page = await fetch.list_threads(gmail, search, max_results, page_token)
    found = await fetch.read_threads(gmail, page.ids)
    if exclude_automated:
        found = without_automated_threads(found)
    return answers.thread_list(found, page, view)
