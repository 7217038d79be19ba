"""Declare the parameters and the answers of searches."""

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from arcade_gmail_multiuser.gmail.date_ranges import DateRange
from arcade_gmail_multiuser.tools.message_types import Email, FailedItem

__all__ = [
    "ExcludeAutomated",
    "IncludeBody",
    "IncludeSpamTrash",
    "ResultDetail",
    "SearchResult",
    "ThreadList",
    "ThreadSummary",
    "WhenSent",
    "WithBody",
    "WithRecipient",
    "WithSender",
    "WithSubject",
]

ResultDetail = Literal["count_only", "lightweight", "full"]
ExcludeAutomated = Annotated[
    bool,
    "Leave out newsletters, notifications and no-reply senders, and mail that its headers mark as "
    "from a list or a machine. A page may be shorter for it; omitted says by how many. "
    "Default: false.",
]
IncludeSpamTrash = Annotated[bool, "Search Spam and Trash as well. Default: false."]


IncludeBody = Annotated[
    bool,
    "Also read each message's text and attachment list; quoted earlier messages are folded. "
    "Default: false, which is faster and shorter.",
]


WithSender = Annotated[
    list[str] | None,
    "From any of these names, addresses or domains; all filters together have at most 8,000 "
    "characters. Default: anyone.",
]
WithRecipient = Annotated[
    list[str] | None,
    "To any of these names, addresses or domains; all filters together have at most 8,000 "
    "characters. Default: anyone.",
]
WithSubject = Annotated[
    list[str] | None,
    "Subject has any of these phrases; all filters together have at most 8,000 characters. "
    "Default: any.",
]
WithBody = Annotated[
    list[str] | None,
    "Text has any of these phrases; all filters together have at most 8,000 characters. "
    "Default: any.",
]
WhenSent = Annotated[
    DateRange | None,
    "Only from this range of calendar days in time_zone. Default: any time.",
]


class SearchResult(TypedDict):
    """What a search found."""

    count: int
    """count_only: how many messages match. Otherwise: how many are on this page."""
    count_is_exact: bool
    """False: there are at least `count` matches, and more that were not counted."""
    emails: list[Email]
    """The messages of this page; empty for count_only."""
    next_page_token: NotRequired[str]
    """Give it as page_token, with the same query, for the next page; absent on the last one."""
    failed: list[FailedItem]
    """Messages that match but could not be read."""
    omitted: list[str]
    """What was left out to stay within max_chars, and how to get it."""
    omitted_ids: list[str]
    """Ids of messages on this page left out to stay within max_chars."""


class ThreadSummary(TypedDict):
    """A conversation in brief."""

    id: str
    """The thread id, for GetThread and ChangeThreadLabels."""
    subject: str
    """The subject of its first message."""
    participants: list[str]
    """Who wrote in it, as "Name <address>", in the order they joined; at most 10."""
    message_count: int
    """How many messages it has."""
    last_date: str
    """When its newest message came; ISO 8601 with offset in the requested time zone."""
    last_message_id: str
    """Its newest message, for ReplyToEmail or GetEmail."""
    snippet: str
    """The beginning of its newest message."""
    label_ids: list[str]
    """The labels on any of its messages."""
    label_names: list[str]
    """The same labels by name."""
    url: str
    """Opens it in Gmail."""


class ThreadList(TypedDict):
    """A page of conversations, the most recently active first."""

    threads: list[ThreadSummary]
    """The conversations; empty when nothing matches."""
    next_page_token: NotRequired[str]
    """Give it as page_token for the next page; absent on the last one."""
    failed: list[FailedItem]
    """Conversations that match but could not be read."""
    omitted: list[str]
    """What was left out, to stay within the answer's bounds or for exclude_automated."""
