"""Tools that organise messages: archive, mark, label, report, restore, and take it all back."""

from typing import Annotated, Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.labels.label_book import label_book
from arcade_gmail_multiuser.gmail.organise import label_changes, undo
from arcade_gmail_multiuser.gmail.organise.label_changes import Change
from arcade_gmail_multiuser.gmail.organise.undo_token import LabelStep, open_token
from arcade_gmail_multiuser.gmail.scopes import GMAIL_MODIFY
from arcade_gmail_multiuser.tools.answers import label_answers, ledgers
from arcade_gmail_multiuser.tools.answers.ledger_shapes import (
    BulkChange,
    EmailChange,
    Restored,
    Undone,
)
from arcade_gmail_multiuser.tools.arguments import checks, selecting
from arcade_gmail_multiuser.tools.behavior import LABELS
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = [
    "archive_email",
    "change_email_labels",
    "report_spam",
    "restore_email",
    "triage_emails",
    "undo_change",
]

EmailId = Annotated[str, "The id of the message, as a list or search returned it."]
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
        mailbox_of(context), email_id, Change(remove=("INBOX",))
    )
    return ledgers.email_change(change, user=context.user_id or "")


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
        mailbox_of(context), email_id, Change(add=("SPAM",), remove=("INBOX",))
    )
    return ledgers.email_change(change, user=context.user_id or "")


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
    change = selecting.TRIAGE[action]
    chosen = selecting.chosen(email_ids, query, within=change)
    ledger = await selecting.changed(mailbox_of(context), chosen, change)
    return ledgers.bulk_change(ledger, user=context.user_id or "", full=include_full_ledger)


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
    chosen = selecting.chosen(email_ids, query)
    checks.label_changes([label_name], [])
    mailbox = mailbox_of(context)
    labels = await label_book(mailbox)
    change = selecting.labelling(labels, label_name, add=action == "add")
    ledger = await selecting.changed(mailbox, selecting.inside(chosen, change), change)
    return ledgers.bulk_change(ledger, user=context.user_id or "", full=include_full_ledger)


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
    change, warnings = await undo.restore(mailbox_of(context), email_id, to_inbox=to_inbox)
    return Restored(
        **ledgers.email_change(change, user=context.user_id or ""),
        in_inbox="INBOX" in change.after,
        warnings=warnings,
    )


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
    mailbox = mailbox_of(context)
    if isinstance(change, LabelStep):
        return label_answers.undone(await undo.revert_label(mailbox, change))
    return ledgers.undone(await undo.revert(mailbox, change))
