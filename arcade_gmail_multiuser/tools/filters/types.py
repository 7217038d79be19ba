"""Declare what is answered about filters."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

__all__ = ["CreatedFilter", "DeletedFilter", "FilterList", "MailFilter"]


class MailFilter(TypedDict):
    """One filter: which mail it is for, and what it does to it when it arrives."""

    id: str
    """The filter's id, for DeleteFilter; "" for one that does not exist yet."""
    summary: str
    """The filter in one sentence."""
    sender: NotRequired[str]
    """From this name or address; alternatives are joined by OR."""
    recipient: NotRequired[str]
    """To this name or address, in To, Cc or Bcc."""
    subject: NotRequired[str]
    """These words in the subject."""
    query: NotRequired[str]
    """Matches this search in Gmail's search language."""
    excluded_query: NotRequired[str]
    """Does not match this search."""
    has_attachment: NotRequired[bool]
    """Has an attachment."""
    larger_than_bytes: NotRequired[int]
    """Larger than this."""
    smaller_than_bytes: NotRequired[int]
    """Smaller than this."""
    labels_to_add: list[str]
    """Names of the labels it adds; TRASH throws away, STARRED stars."""
    labels_to_remove: list[str]
    """Names of the labels it removes: INBOX archives, UNREAD marks as read."""
    forwards_to: NotRequired[str]
    """Forwards to this address; such filters can only be made in Gmail's settings."""


class FilterList(TypedDict):
    """The filters of a mailbox, in Gmail's order."""

    filters: list[MailFilter]
    """The filters; empty when there are none."""
    total: int
    """How many filters the mailbox has; at most 1,000."""
    omitted: list[str]
    """What was left out, and how to get it."""


class CreatedFilter(TypedDict):
    """What became of a filter."""

    status: Literal["created", "existed_already", "not_created"]
    """not_created: this was a dry run."""
    filter: MailFilter
    """The filter as Gmail has it, or as it would be."""
    matching_now: int
    """Messages in the mailbox that match; the filter does not touch them."""
    matching_now_is_exact: bool
    """False: there are at least matching_now."""


class DeletedFilter(TypedDict):
    """A filter that is gone. What it has sorted stays sorted."""

    status: Literal["deleted"]
    """It is gone."""
    filter: MailFilter
    """What it was, labels by id, so that CreateFilter can make it again."""
