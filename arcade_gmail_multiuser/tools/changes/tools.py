"""Follow a mailbox: list what changed since last time, or have a topic told when it changes."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail import history, watch
from arcade_gmail_multiuser.gmail.history import read_cursor
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.tools import checks, parameters
from arcade_gmail_multiuser.tools.answer_format import View
from arcade_gmail_multiuser.tools.behavior import READS, WATCHES
from arcade_gmail_multiuser.tools.changes import answers
from arcade_gmail_multiuser.tools.changes.types import MailboxChanges, Unwatch, Watch
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["list_mailbox_changes", "stop_watching_mailbox", "watch_mailbox"]


@tool(GMAIL_READONLY, does=READS)
async def list_mailbox_changes(
    context: ToolContext,
    cursor: Annotated[
        str | None,
        "cursor of the call before, exactly as it was returned. Default: none, which begins now "
        "and lists nothing yet.",
    ] = None,
    max_changes: Annotated[
        int, "About how many changed messages to return, 1 to 500. Default: 100."
    ] = 100,
) -> Annotated[MailboxChanges, "Messages that came, went or changed labels, and a new cursor"]:
    """Tell what changed in the mailbox since an earlier call: new, deleted and relabeled messages.

    Call it once without cursor to begin, then with the cursor of the last answer. It gives ids;
    read messages with GetEmail. After about a week Gmail forgets: then resync_required is true.
    For the newest mail without a cursor use ListEmails; to be told at once use WatchMailbox.
    """
    maximum = checks.within("max_changes", max_changes, 1, 500)
    gmail = gmail_client(context)
    # Asked first, so that a new cursor cannot skip changes that were never reported.
    profile = await gmail.call("users.getProfile")
    address, now = str(profile["emailAddress"]), str(profile["historyId"])
    if cursor is None:
        return answers.no_changes(address, now)
    start = read_cursor(cursor, address)
    changes = await history.read_changes(gmail, start, most=maximum)
    if changes is None:
        return answers.no_changes(address, now, resync=True)
    return await answers.mailbox_changes(gmail, changes, address)


@tool(GMAIL_READONLY, does=WATCHES)
async def watch_mailbox(
    context: ToolContext,
    topic_name: Annotated[
        str,
        'The Pub/Sub topic to tell, "projects/my-project/topics/my-topic", in the Google Cloud '
        "project of this application's OAuth client.",
    ],
    label_names: Annotated[
        list[str] | None,
        "Only changes of mail with one of these labels, by name or id, at most 100. Default: all.",
    ] = None,
    exclude_labels: Annotated[
        bool, "Tell of everything except mail with label_names instead. Default: false."
    ] = False,
    time_zone: parameters.TimeZone = "UTC",
) -> Annotated[Watch, "When the watch ends, and a cursor for ListMailboxChanges"]:
    """Have Gmail tell a Google Pub/Sub topic whenever the mailbox changes, for seven days.

    For applications with a topic of their own; repeat it daily to renew. A notification says only
    that something changed: ListMailboxChanges with the returned cursor says what. To look now and
    then, ListMailboxChanges alone is enough; StopWatchingMailbox ends the watch.
    """
    zone = View.checked(time_zone).zone
    topic = watch.checked_topic(topic_name)
    names = watch.checked_labels(label_names, exclude=exclude_labels)
    gmail = gmail_client(context)
    profile = await gmail.call("users.getProfile")
    label_ids, shown = await answers.watched_labels(gmail, names)
    answer = await watch.watch(gmail, topic, label_ids, exclude=exclude_labels)
    return answers.watching(answer, topic, shown, str(profile["emailAddress"]), zone)


@tool(GMAIL_READONLY, does=WATCHES)
async def stop_watching_mailbox(
    context: ToolContext,
) -> Annotated[Unwatch, "That nothing is watched any more"]:
    """End what WatchMailbox began: Gmail tells no topic of this mailbox any more.

    It is no error if nothing was watched. ListMailboxChanges goes on working without a watch.
    """
    await gmail_client(context).call("users.stop")
    return Unwatch(status="stopped")
