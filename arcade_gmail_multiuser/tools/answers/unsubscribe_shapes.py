"""The shape of what UnsubscribeFromEmail answers."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from arcade_gmail_multiuser.tools.answers.ledger_shapes import BulkChange

__all__ = ["Unsubscribed"]


class Unsubscribed(TypedDict):
    """What was done to leave a list."""

    status: Literal["requested", "needs_a_person", "not_possible"]
    """requested: the list was asked to stop, which may take days. Otherwise nothing was asked."""
    method: Literal["one_click", "mail", "none"]
    """How the list was asked."""
    sender: str
    """Who sends the list."""
    list_id: str
    """The list's own name, or ""."""
    sent_to: NotRequired[str]
    """Where the mail that asks went, for the method mail."""
    pages: list[str]
    """Web addresses where the user can unsubscribe by hand; do not open them for the user."""
    attempts: list[str]
    """What was tried before, and why it did not work."""
    note: str
    """What it means, and what the user can do."""
    trashed: NotRequired[BulkChange]
    """What became of the list's mail, when trash_existing was set and the list was asked."""
