"""The shapes of what the settings tools answer: filters, vacation responder, send-as addresses."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

__all__ = [
    "AliasList",
    "CreatedFilter",
    "DeletedFilter",
    "FilterList",
    "MailFilter",
    "SendAsAlias",
    "VacationChange",
    "VacationResponder",
]


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


class VacationResponder(TypedDict):
    """The automatic reply for a time of absence."""

    state: Literal["off", "scheduled", "on", "ended"]
    """on: mail that arrives now is answered. scheduled, ended: switched on, but not for now."""
    enabled: bool
    """Whether it is switched on, whatever the dates."""
    subject: str
    """Put before the subject of what is answered; "" for none."""
    body: str
    """The reply as readable text."""
    html_body: NotRequired[str]
    """The reply's HTML, only when asked for and when it has one."""
    start: str
    """From when on it answers; ISO 8601 with offset, "" for at once."""
    end: str
    """Until when it answers, not included; ISO 8601 with offset, "" for no end."""
    only_contacts: bool
    """Only people in the user's contacts are answered."""
    only_domain: bool
    """Only people of the user's own organization are answered."""
    truncated: NotRequired[bool]
    """True when the text goes on beyond what is shown."""


class VacationChange(TypedDict):
    """What the responder is set to now, and what it was."""

    responder: VacationResponder
    """As Gmail has stored it."""
    previous: VacationResponder
    """As it was before."""


class SendAsAlias(TypedDict):
    """An address that the user can send from."""

    email: str
    """The address."""
    name: str
    """The name shown to recipients; "" for the account's own."""
    reply_to: str
    """Where replies go; "" for the address itself."""
    signature: str
    """Its signature as readable text. Mail sent by tools has it only with add_signature."""
    signature_html: NotRequired[str]
    """The signature's HTML, only when asked for."""
    is_primary: bool
    """The account's own address."""
    is_default: bool
    """What Gmail's website sends from unless told otherwise."""
    can_send: bool
    """False: the owner has not confirmed it yet, and mail from it would show the primary one."""


class AliasList(TypedDict):
    """Every address that the user can send from."""

    aliases: list[SendAsAlias]
    """The primary address first."""
    omitted: list[str]
    """What was left out."""
