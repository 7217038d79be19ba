"""Declare what is answered about a mailbox's changes."""

from typing import Literal

from typing_extensions import TypedDict

__all__ = [
    "ChangedMessage",
    "GoneMessage",
    "MailboxChanges",
    "RelabeledMessage",
    "Unwatch",
    "Watch",
]


class ChangedMessage(TypedDict):
    """A message that is new."""

    id: str
    """The message id, for GetEmail."""
    thread_id: str
    """Its conversation, for GetThread."""
    label_ids: list[str]
    """The labels it has now, by id."""
    label_names: list[str]
    """The same labels by name."""


class GoneMessage(TypedDict):
    """A message that is deleted for good; moving to Trash only adds the label TRASH."""

    id: str
    """The message id, which finds nothing any more."""
    thread_id: str
    """The conversation it was in."""


class RelabeledMessage(TypedDict):
    """A message whose labels are not what they were: read, starred, archived, trashed."""

    id: str
    """The message id."""
    thread_id: str
    """Its conversation."""
    labels_added: list[str]
    """Names of the labels it has now and had not before."""
    labels_removed: list[str]
    """Names of the labels it had before and has not now."""
    label_ids: list[str]
    """The labels it has now, by id."""
    label_names: list[str]
    """The same labels by name."""


class MailboxChanges(TypedDict):
    """The net changes since a cursor. What came and went in between is not listed."""

    added: list[ChangedMessage]
    """New messages, oldest first: received, sent and drafts."""
    deleted: list[GoneMessage]
    """Messages that are gone for good."""
    relabeled: list[RelabeledMessage]
    """Messages whose labels changed."""
    cursor: str
    """Keep it for the next call, which goes on from here."""
    has_more: bool
    """True: more changes are waiting; call again with the cursor at once."""
    resync_required: bool
    """True: Gmail no longer knows what changed. Read the mailbox anew, then follow the cursor."""
    omitted: list[str]
    """What could not be told, and why."""


class Watch(TypedDict):
    """A standing order to tell a Pub/Sub topic of changes."""

    status: Literal["watching"]
    """It is in force."""
    topic_name: str
    """The topic that is told."""
    labels: list[str]
    """Names of the labels it is limited to or leaves out; empty for all mail."""
    expires: str
    """When it ends by itself, ISO 8601 with offset; renew it daily with the same call."""
    cursor: str
    """For ListMailboxChanges: everything that changes from now on."""


class Unwatch(TypedDict):
    """No topic is told any more."""

    status: Literal["stopped"]
    """Nothing is watched, whether something was or not."""
