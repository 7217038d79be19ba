"""Declare what became of messages that were organised, and how to undo it."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

__all__ = [
    "BulkChange",
    "EmailChange",
    "LedgerEntry",
    "Restored",
    "ThreadChange",
    "ThreadTrash",
    "Trashed",
    "Undone",
    "UndoneLabel",
]


class LedgerEntry(TypedDict):
    """What became of one message."""

    id: str
    """The message id."""
    outcome: Literal["changed", "already", "not_found", "failed"]
    """already: it was so before, and nothing was written."""
    code: NotRequired[str]
    """Why it failed, such as rate_limited or invalid_input."""
    message: NotRequired[str]
    """What happened and what to do."""


class BulkChange(TypedDict):
    """What became of many messages. The four counts add up to `requested`."""

    status: Literal["done", "partly_done", "not_done"]
    """done: every message is now as asked. Otherwise problems says which are not, and why."""
    requested: int
    """How many messages this call dealt with."""
    changed: int
    """Messages that this call really changed."""
    already: int
    """Messages that were so before."""
    not_found: int
    """Ids that no message of this mailbox has."""
    failed: int
    """Messages that could not be changed."""
    more_match: bool
    """True when the query has more matches than one call changes: repeat the same call."""
    problems: list[LedgerEntry]
    """The messages that were not found or failed, at most 50."""
    ledger: NotRequired[list[LedgerEntry]]
    """Every message with its outcome, when include_full_ledger was set; at most 1,000."""
    undo_token: NotRequired[str]
    """Give it to UndoChange to take back exactly this; absent when nothing changed."""
    omitted: list[str]
    """What was left out of this answer."""


class EmailChange(TypedDict):
    """One message's labels before and after."""

    id: str
    """The message id."""
    thread_id: str
    """Its conversation."""
    label_ids: list[str]
    """Its labels now."""
    previous_label_ids: list[str]
    """Its labels before."""
    changed: bool
    """False when it was so already and nothing was written."""
    undo_token: NotRequired[str]
    """Give it to UndoChange to take back exactly this; absent when nothing changed."""
    url: str
    """Opens the conversation in Gmail."""


class Restored(EmailChange):
    """A message that is out of Trash."""

    in_inbox: bool
    """Whether it is in the inbox now."""
    warnings: list[str]
    """What did not go as asked."""


class Trashed(TypedDict):
    """A message that is now in Trash."""

    id: str
    """The message id."""
    thread_id: str
    """Its conversation."""
    label_ids: list[str]
    """Its labels now."""
    previous_label_ids: list[str]
    """Its labels before."""
    was_already_in_trash: bool
    """True when this call changed nothing."""
    undo_token: NotRequired[str]
    """Give it to UndoChange to restore exactly what was; absent when nothing changed."""
    restore: str
    """How to get it back; Gmail keeps it for 30 days."""


class ThreadChange(TypedDict):
    """What a conversation's labels are now."""

    id: str
    """The thread id."""
    added: list[str]
    """Names of the labels that a message really gained; [] when all had them already."""
    removed: list[str]
    """Names of the labels that a message really lost."""
    label_ids: list[str]
    """The labels now on any of its messages; empty when Google did not say."""
    message_count: int
    """How many messages the conversation has; those that arrive later do not inherit labels."""
    changed: int
    """How many of them this call really changed; 0 when all were so already."""
    undo_token: NotRequired[str]
    """Give it to UndoChange to take back exactly this; absent when nothing changed."""
    url: str
    """Opens it in Gmail."""


class ThreadTrash(TypedDict):
    """Where a conversation is now."""

    id: str
    """The thread id."""
    in_trash: bool
    """Where all its messages are now."""
    message_count: int
    """How many messages it has."""
    changed: int
    """How many of them this call moved; 0 when all were there already."""
    label_ids: list[str]
    """The labels now on any of its messages; empty when Google did not say."""
    undo_token: NotRequired[str]
    """Give it to UndoChange to take back exactly this; absent when nothing changed."""
    url: str
    """Opens it in Gmail."""


class UndoneLabel(TypedDict):
    """A label that is as it was before it was made, renamed or deleted."""

    id: str
    """Its id; one that was made again has a new id."""
    name: str
    """Its name."""
    now: Literal["deleted", "renamed_back", "made_again"]
    """What it is now."""
    changed: bool
    """False when it was so already and nothing was written."""


class Undone(TypedDict):
    """What was taken back. The three counts of messages add up to `requested`."""

    status: Literal["done", "partly_done", "not_done"]
    """done: every message, or the label itself, is as before. Else problems or warnings say why."""
    requested: int
    """How many messages the change had touched."""
    reverted: int
    """Messages that have their former labels again."""
    not_found: int
    """Messages that are gone for good."""
    failed: int
    """Messages that could not be reverted; calling again is safe."""
    problems: list[LedgerEntry]
    """The messages that were not reverted, at most 50."""
    omitted: list[str]
    """What was left out of this answer."""
    label: NotRequired[UndoneLabel]
    """Set when the change was one of a label itself; the counts are 0 then."""
    warnings: NotRequired[list[str]]
    """What could not be taken back."""
