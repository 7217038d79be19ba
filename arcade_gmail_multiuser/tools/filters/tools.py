"""List, create and delete filters, which sort mail when it arrives."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail import filters
from arcade_gmail_multiuser.gmail.labels.label_book import label_book
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, GMAIL_SETTINGS_BASIC
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.behavior import CREATES_A_FILTER, DELETES_A_FILTER, READS
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.filters import answers
from arcade_gmail_multiuser.tools.filters.types import (
    CreatedFilter,
    DeletedFilter,
    FilterList,
)

__all__ = ["create_filter", "delete_filter", "list_filters"]


# filters.list accepts gmail.readonly as well as settings.basic. The former is what other reading
# tools need anyway and Arcade's default Google app has; it also reads the labels' names.
@tool(GMAIL_READONLY, does=READS)
async def list_filters(
    context: ToolContext,
    contains: Annotated[
        str | None,
        "Only filters with this in their criteria or label names, in any case. Default: all.",
    ] = None,
    max_results: Annotated[int, "How many filters to return, 1 to 500. Default: 100."] = 100,
) -> Annotated[FilterList, "The filters, each with a summary, criteria and labels by name"]:
    """List the filters that sort the user's mail by itself when it arrives.

    Use it for "why does this skip my inbox" or to get an id for DeleteFilter. To find mail use
    SearchEmailsByQuery; to see the labels alone use ListLabels.
    """
    maximum = checks.within("max_results", max_results, 1, 500)
    gmail = gmail_client(context)
    resources = await filters.filter_resources(gmail)
    labels = await label_book(gmail)
    return answers.filter_list(resources, labels, contains, maximum)


@tool(GMAIL_SETTINGS_BASIC, GMAIL_READONLY, does=CREATES_A_FILTER)
async def create_filter(
    context: ToolContext,
    labels_to_add: Annotated[
        list[str] | None,
        'Labels for matching mail, by name or id: STARRED, IMPORTANT, TRASH or one such as "Work", '
        "of which Gmail takes one a filter; at most 100. They must exist. Default: none.",
    ] = None,
    labels_to_remove: Annotated[
        list[str] | None,
        "Labels to take off: INBOX archives, UNREAD marks as read, SPAM keeps out of Spam. "
        "At most 100. Default: none.",
    ] = None,
    sender: Annotated[
        list[str] | None,
        "From any of these names, addresses or domains, at most 1,500 characters. Default: anyone.",
    ] = None,
    recipient: Annotated[
        list[str] | None,
        "To any of these names or addresses, in To, Cc or Bcc, at most 1,500 characters. "
        "Default: anyone.",
    ] = None,
    subject: Annotated[
        str | None, "These words in the subject, at most 1,500 characters. Default: any."
    ] = None,
    query: Annotated[
        str | None,
        "Matches this search in Gmail's search language, at most 1,500 characters. Default: any.",
    ] = None,
    excluded_query: Annotated[
        str | None,
        "Does not match this search in Gmail's search language, at most 1,500 characters. "
        "Default: none.",
    ] = None,
    has_attachment: Annotated[bool, "Only mail with an attachment. Default: false."] = False,
    larger_than_bytes: Annotated[
        int | None, "Only mail larger than this, from 1. Default: any size."
    ] = None,
    smaller_than_bytes: Annotated[
        int | None, "Only mail smaller than this, from 1. Default: any size."
    ] = None,
    dry_run: Annotated[
        bool, "Create nothing; say what it would be and how much mail matches now. Default: false."
    ] = False,
) -> Annotated[CreatedFilter, "The filter, and how many messages match already"]:
    """Create a filter that labels, archives, stars or trashes mail when it arrives.

    All given criteria must match. Mail that is here already is not touched: matching_now counts
    it; change it with ChangeThreadLabels. It never forwards: that is left to Gmail's settings
    page. Needs the scope gmail.settings.basic, which Arcade's default Google app does not have.
    """
    wanted = filters.Wanted(
        sender=sender or (),
        recipient=recipient or (),
        subject=subject,
        query=query,
        excluded_query=excluded_query,
        has_attachment=has_attachment,
        larger_than_bytes=larger_than_bytes,
        smaller_than_bytes=smaller_than_bytes,
    )
    criteria = filters.criteria_of(wanted)
    add, remove = labels_to_add or [], labels_to_remove or []
    checks.label_changes(add, remove)
    gmail = gmail_client(context)
    labels = await label_book(gmail)
    action = filters.checked_action(checks.resolved_changes(labels, add, remove))
    body = {"criteria": criteria, "action": action}
    matching = await filters.matching_now(gmail, criteria)
    if dry_run:
        return answers.created_filter(body, labels, matching, "not_created")
    made = await filters.create_filter(gmail, body)
    return answers.created_filter(
        made.resource, labels, matching, "existed_already" if made.existed else "created"
    )


@tool(GMAIL_SETTINGS_BASIC, does=DELETES_A_FILTER)
async def delete_filter(
    context: ToolContext,
    filter_id: Annotated[str, "The id of the filter, as ListFilters returned it."],
) -> Annotated[DeletedFilter, "What the filter was, so that it can be made again"]:
    """Delete one filter; mail that it has sorted stays where it is.

    To change a filter, delete it and make a new one with CreateFilter. To delete a label or mail
    instead, this is the wrong tool: TrashEmail throws mail away. Needs the scope
    gmail.settings.basic, which Arcade's default Google app does not have.
    """
    filter_id = checks.identifier("filter_id", filter_id)
    gmail = gmail_client(context)
    before = await gmail.call("users.settings.filters.get", id=filter_id)
    await gmail.call("users.settings.filters.delete", id=filter_id)
    return answers.deleted_filter(before)
