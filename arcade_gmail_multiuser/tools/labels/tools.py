"""List, create, rename and delete the labels themselves."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.labels import editing, label_book
from arcade_gmail_multiuser.gmail.scopes import GMAIL_LABELS, GMAIL_READONLY
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.behavior import (
    CREATES_A_LABEL,
    DELETES_A_LABEL,
    READS,
    RENAMES_A_LABEL,
)
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.labels import answers
from arcade_gmail_multiuser.tools.labels.types import DeletedLabel, LabelChange, LabelList

__all__ = ["create_label", "delete_label", "list_labels", "update_label"]


LabelName = Annotated[
    str,
    'The name, 1 to 225 characters; a slash makes a label inside another, as in "Work/Q3".',
]


@tool(GMAIL_READONLY, does=READS)
async def list_labels(
    context: ToolContext,
    include_counts: Annotated[
        bool, "Also count messages and unread ones, for at most 100 labels. Default: false."
    ] = False,
    name_contains: Annotated[
        str | None, "Only labels whose name contains this, in any case. Default: all."
    ] = None,
) -> Annotated[LabelList, "The labels with names, ids and types"]:
    """List the labels of the mailbox: Gmail's own, such as INBOX, and the user's.

    Use it to learn which labels ChangeEmailLabels, ChangeThreadLabels and searches can name. At
    most 500 are returned; narrow with name_contains beyond that.
    """
    gmail = gmail_client(context)
    labels = answers.chosen_labels(await label_book.label_resources(gmail), name_contains)
    if include_counts:
        labels.counts = await label_book.label_counts(gmail, labels.to_count())
    return answers.label_list(labels)


@tool(GMAIL_LABELS, does=CREATES_A_LABEL)
async def create_label(
    context: ToolContext, label_name: LabelName
) -> Annotated[LabelChange, "The new label's id and name, and an undo_token"]:
    """Make a new, empty label.

    A name that exists already, in whatever letter case, is a conflict that names the label. To
    put a label on mail afterwards use ChangeEmailLabels or ChangeThreadLabels; to rename one use
    UpdateLabel. A parent label is not made along: missing_parent says if there is none.
    UndoChange with the undo_token deletes it again, as long as no message carries it.
    """
    name = editing.label_name("label_name", label_name)
    created = await editing.create_label(gmail_client(context), name)
    return answers.created(created, user=context.user_id or "")


@tool(GMAIL_LABELS, does=RENAMES_A_LABEL)
async def update_label(
    context: ToolContext,
    current_name: Annotated[
        str, "The label to rename, by name or id, in upper or lower case (see ListLabels)."
    ],
    new_name: LabelName,
) -> Annotated[LabelChange, "The label's id, former and new name, and an undo_token"]:
    """Rename one of the user's labels; it keeps its id and all its messages.

    Gmail's own labels, such as INBOX, cannot be renamed. Labels nested under it keep their names;
    nested lists them. UndoChange with the undo_token gives it its former name back. To put a
    label on mail use ChangeEmailLabels.
    """
    checks.label_changes([current_name], [])
    name = editing.label_name("new_name", new_name)
    renamed = await editing.rename_label(gmail_client(context), current_name, name)
    return answers.renamed(renamed, user=context.user_id or "")


@tool(GMAIL_LABELS, does=DELETES_A_LABEL)
async def delete_label(
    context: ToolContext,
    label_name: Annotated[
        str, "The label to delete, by name or id, in upper or lower case (see ListLabels)."
    ],
) -> Annotated[DeletedLabel, "What was deleted, how many messages had it, and an undo_token"]:
    """Delete one of the user's labels; the messages that have it stay.

    Ask first: which messages had it is lost. UndoChange with the undo_token only makes the label
    again, with its name, colour and visibility, on no message and under a new id. Gmail's own
    labels, such as INBOX, cannot be deleted. To only take a label off some mail use
    ChangeEmailLabels with remove; to give it another name UpdateLabel.
    """
    checks.label_changes([label_name], [])
    deleted = await editing.delete_label(gmail_client(context), label_name)
    return answers.deleted(deleted, user=context.user_id or "")
