"""Declare what is answered about labels."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from arcade_gmail_multiuser.tools.message_types import FailedItem

__all__ = ["DeletedLabel", "Label", "LabelChange", "LabelList"]


class Label(TypedDict):
    """One label."""

    id: str
    """Such as INBOX or Label_12."""
    name: str
    """The name people see; nested labels have slashes."""
    type: str
    """system or user."""
    messages_total: NotRequired[int]
    """Messages with this label, when counts were asked for."""
    messages_unread: NotRequired[int]
    """Unread messages with it."""
    threads_total: NotRequired[int]
    """Conversations with it."""
    threads_unread: NotRequired[int]
    """Unread conversations with it."""


class LabelList(TypedDict):
    """The labels of the mailbox, Gmail's own first."""

    labels: list[Label]
    """The labels."""
    failed: list[FailedItem]
    """Labels whose counts could not be read."""
    omitted: list[str]
    """What was left out, and how to get it."""


class LabelChange(TypedDict):
    """A label that was made or renamed."""

    id: str
    """Its id; renaming keeps it."""
    name: str
    """Its name as it is now."""
    previous_name: NotRequired[str]
    """Its name before, when it was renamed."""
    changed: bool
    """False when it had this name already."""
    missing_parent: NotRequired[str]
    """For "Work/Q3" without a label "Work": Gmail then shows the full name, not nested."""
    nested: NotRequired[list[str]]
    """Labels nested under the former name, at most 50; they kept their names."""
    undo_token: NotRequired[str]
    """Give it to UndoChange to take back exactly this; absent when nothing changed."""


class DeletedLabel(TypedDict):
    """A label that is gone."""

    id: str
    """The id it had."""
    name: str
    """The name it had."""
    status: Literal["deleted"]
    """The messages are all still there."""
    messages_that_had_it: NotRequired[int]
    """How many messages carried it; absent when Google did not say."""
    nested: list[str]
    """Labels nested under it, at most 50; they are still there."""
    undo_token: str
    """Give it to UndoChange to make it again, with its name and look but on no message."""
