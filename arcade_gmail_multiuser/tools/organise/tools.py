"""Organise mail: archive, mark, label, report, trash, restore, and undo it all."""

from typing import Annotated, Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.labels.label_book import label_book
from arcade_gmail_multiuser.gmail.organise import label_changes, undo
from arcade_gmail_multiuser.gmail.organise.label_changes import Change
from arcade_gmail_multiuser.gmail.organise.undo_token import LabelStep, open_token
from arcade_gmail_multiuser.gmail.scopes import GMAIL_MODIFY
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.behavior import LABELS, TRASHES
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.organise import answers, inputs
from arcade_gmail_multiuser.tools.organise.types import (
    BulkChange,
    EmailChange,
    Restored,
    ThreadChange,
    ThreadTrash,
    Trashed,
    Undone,
)
from arcade_gmail_multiuser.tools.parameters import EmailId, ThreadId

__all__ = [
    "archive_email",
    "change_email_labels",
    "change_thread_labels",
    "report_spam",
    "restore_email",
    "set_thread_trash_status",
    "trash_email",
    "triage_emails",
    "undo_change",
]


EmailIds = Annotated[
    list[str] | None,
    "Ids of the messages, 1 to 200; give this or query, not both. Default: none.",
]
Query = Annotated[
    str | None,
    "Instead of ids: every message that this Gmail search finds, such as "
    '"from:news@example.com older_than:30d"; up to 1,000 of those that need it are changed. '
    "Default: none.",
]
FullLedger = Annotated[
    bool,
    "Also list every message with its outcome; otherwise only counts and problems. Default: false.",
]
TriageAction = Literal[
    "mark_read",
    "mark_unread",
    "star",
    "unstar",
    "unarchive",
    "untrash",
    "mark_important",
    "mark_not_important",
    "mark_not_spam",
]


@tool(GMAIL_MODIFY, does=LABELS)
async def archive_email(
    context: ToolContext, email_id: EmailId
) -> Annotated[EmailChange, "The labels before and after, and an undo_token"]:
    """Take one message out of the inbox and keep it, without deleting anything.

    For a whole conversation remove INBOX with ChangeThreadLabels; for many messages use
    ChangeEmailLabels with remove and INBOX; to throw mail away use TrashEmail. Back into the
    inbox: TriageEmails with unarchive, or UndoChange with the undo_token. A message that is not
    in the inbox is left as it is, and changed is false.
    """
    email_id = checks.identifier("email_id", email_id)
    change = await label_changes.change_one(
        gmail_client(context), email_id, Change(remove=("INBOX",))
    )
    return answers.email_change(change, user=context.user_id or "")


@tool(GMAIL_MODIFY, does=LABELS)
async def report_spam(
    context: ToolContext, email_id: EmailId
) -> Annotated[EmailChange, "The labels before and after, and an undo_token"]:
    """Report one message as spam: it moves from the inbox to Spam, and Gmail learns from it.

    Use it for mail that is unwanted and untrustworthy. For a newsletter that the user once asked
    for use UnsubscribeFromEmail; to only throw a message away use TrashEmail. A mistake is undone
    by UndoChange with the undo_token, or by TriageEmails with mark_not_spam. Gmail deletes spam
    after 30 days.
    """
    email_id = checks.identifier("email_id", email_id)
    change = await label_changes.change_one(
        gmail_client(context), email_id, Change(add=("SPAM",), remove=("INBOX",))
    )
    return answers.email_change(change, user=context.user_id or "")


@tool(GMAIL_MODIFY, does=TRASHES)
async def trash_email(
    context: ToolContext,
    email_id: EmailId,
) -> Annotated[Trashed, "What changed, and how to undo it"]:
    """Move one message to Trash, from where Gmail deletes it after 30 days.

    The rest of its conversation stays. RestoreEmail brings it back within that time, and so does
    UndoChange with the undo_token. To only take it out of the inbox use ArchiveEmail; for unwanted
    mail that looks dangerous use ReportSpam; for a whole conversation SetThreadTrashStatus.
    """
    email_id = checks.identifier("email_id", email_id)
    gmail = gmail_client(context)
    before = await gmail.call("users.messages.get", id=email_id, format="minimal")
    after = await gmail.call("users.messages.trash", id=email_id)
    return answers.trashed(before, after, user=context.user_id or "")


@tool(GMAIL_MODIFY, does=LABELS)
async def restore_email(
    context: ToolContext,
    email_id: EmailId,
    to_inbox: Annotated[
        bool,
        "Also put it back into the inbox; mail that the user sent never goes there. Default: true.",
    ] = True,
) -> Annotated[Restored, "The labels before and after, and whether it is in the inbox"]:
    """Take one message out of Trash, and back into the inbox.

    It undoes TrashEmail, not ArchiveEmail, within the 30 days that Gmail keeps such mail. For a
    conversation use SetThreadTrashStatus; for many messages TriageEmails with untrash; UndoChange
    with the undo_token of TrashEmail restores exactly what was. A message that is not in Trash is
    left as it is.
    """
    email_id = checks.identifier("email_id", email_id)
    change, warnings = await undo.restore(gmail_client(context), email_id, to_inbox=to_inbox)
    return Restored(
        **answers.email_change(change, user=context.user_id or ""),
        in_inbox="INBOX" in change.after,
        warnings=warnings,
    )


@tool(GMAIL_MODIFY, does=LABELS)
async def triage_emails(
    context: ToolContext,
    action: Annotated[
        TriageAction,
        "What to do with each message. unarchive puts it back into the inbox; untrash takes it "
        "out of Trash but not into the inbox; mark_not_spam moves it from Spam to the inbox. No "
        "default.",
    ],
    email_ids: EmailIds = None,
    query: Query = None,
    include_full_ledger: FullLedger = False,
) -> Annotated[BulkChange, "Counts of what changed, what was so already, and what failed"]:
    """Mark, star, unarchive or rescue many messages at once, by id or by search.

    Every message is accounted for, and an undo_token takes the whole change back. For untrash and
    mark_not_spam the query searches in Trash or Spam (untrash: up to 500 a call). Drafts are left
    alone. For labels by name use ChangeEmailLabels; for one message out of Trash RestoreEmail;
    for a conversation ChangeThreadLabels. Repeating a call is safe.
    """
    change = inputs.TRIAGE[action]
    chosen = inputs.chosen(email_ids, query, within=change)
    ledger = await inputs.changed(gmail_client(context), chosen, change)
    return answers.bulk_change(ledger, user=context.user_id or "", full=include_full_ledger)


@tool(GMAIL_MODIFY, does=LABELS)
async def change_email_labels(
    context: ToolContext,
    action: Annotated[Literal["add", "remove"], "Whether the label is put on or taken off."],
    label_name: Annotated[
        str, "The label, by name or id, in upper or lower case; it has to exist (see ListLabels)."
    ],
    email_ids: EmailIds = None,
    query: Query = None,
    include_full_ledger: FullLedger = False,
) -> Annotated[BulkChange, "Counts of what changed, what was so already, and what failed"]:
    """Add one label to, or remove it from, many single messages, by id or by search.

    Removing INBOX archives. Every message is accounted for, and an undo_token takes the whole
    change back. For all messages of one conversation use ChangeThreadLabels; for read, starred,
    important or spam TriageEmails is simpler; a new label is made by CreateLabel. SENT and DRAFT
    cannot be changed. Repeating a call is safe.
    """
    chosen = inputs.chosen(email_ids, query)
    checks.label_changes([label_name], [])
    gmail = gmail_client(context)
    labels = await label_book(gmail)
    change = inputs.labelling(labels, label_name, add=action == "add")
    ledger = await inputs.changed(gmail, inputs.inside(chosen, change), change)
    return answers.bulk_change(ledger, user=context.user_id or "", full=include_full_ledger)


@tool(GMAIL_MODIFY, does=LABELS)
async def change_thread_labels(
    context: ToolContext,
    thread_id: ThreadId,
    labels_to_add: Annotated[
        list[str], "Labels to add, by name or id, upper or lower case; [] for none, at most 100."
    ],
    labels_to_remove: Annotated[
        list[str], "Labels to remove, by name or id, upper or lower case; [] for none, at most 100."
    ],
) -> Annotated[ThreadChange, "What was added and removed, and the labels now"]:
    """Add and remove labels on every message of a conversation.

    Archive by removing INBOX, mark as read by removing UNREAD, star by adding STARRED. Labels
    must exist (see ListLabels); SENT and DRAFT cannot be changed. Adding a label that is there,
    or removing one that is not, changes nothing and is no error. For single messages, or many at
    once, use ChangeEmailLabels; the undo_token goes to UndoChange.
    """
    thread_id = checks.identifier("thread_id", thread_id)
    checks.label_changes(labels_to_add, labels_to_remove)
    gmail = gmail_client(context)
    labels = await label_book(gmail)
    change = checks.resolved_changes(labels, labels_to_add, labels_to_remove)
    before = await gmail.call("users.threads.get", id=thread_id, format="minimal")
    after = await gmail.call("users.threads.modify", id=thread_id, body=change)
    user = context.user_id or ""
    return answers.thread_change(thread_id, change, before, after, labels, user=user)


@tool(GMAIL_MODIFY, does=TRASHES)
async def set_thread_trash_status(
    context: ToolContext,
    thread_id: ThreadId,
    in_trash: Annotated[bool, "true moves the conversation to Trash, false takes it out again."],
) -> Annotated[ThreadTrash, "Where the conversation is now, and an undo_token"]:
    """Move a whole conversation to Trash, or take it out of Trash.

    Gmail deletes what is in Trash after 30 days. Out of Trash it is in All Mail: put it into the
    inbox with ChangeThreadLabels, or restore exactly what was with UndoChange and the undo_token
    of the call that trashed it. For one message use TrashEmail or RestoreEmail. Repeating a call
    changes nothing.
    """
    thread_id = checks.identifier("thread_id", thread_id)
    gmail = gmail_client(context)
    before = await gmail.call("users.threads.get", id=thread_id, format="minimal")
    method = "users.threads.trash" if in_trash else "users.threads.untrash"
    after = await gmail.call(method, id=thread_id)
    user = context.user_id or ""
    return answers.thread_trash(thread_id, before, after, in_trash=in_trash, user=user)


@tool(GMAIL_MODIFY, does=LABELS)
async def undo_change(
    context: ToolContext,
    undo_token: Annotated[
        str, "The undo_token of an earlier answer, exactly as it was; up to 30,000 characters."
    ],
) -> Annotated[Undone, "How many messages have their former labels again, or what a label is now"]:
    """Take back one earlier change: of labels, Trash or Spam on mail, or of a label itself.

    Works with the undo_token of every tool that archives, labels, triages, trashes, restores,
    reports or unsubscribes, on exactly the messages it changed, and of CreateLabel, UpdateLabel
    and DeleteLabel. What changed otherwise since then stays. A deleted label is made again, but on
    no message; sent mail and deleted drafts cannot be taken back. Repeating it is safe. Without a
    token use RestoreEmail or TriageEmails.
    """
    change = open_token(undo_token, user=context.user_id or "")
    gmail = gmail_client(context)
    if isinstance(change, LabelStep):
        return answers.undone_label(await undo.revert_label(gmail, change))
    return answers.undone(await undo.revert(gmail, change))
