"""The shape of what FindUnanswered answers."""

from typing import Literal

from typing_extensions import TypedDict

from arcade_gmail_multiuser.tools.answers.shapes import FailedItem

__all__ = ["Unanswered", "WaitingThread"]


class WaitingThread(TypedDict):
    """A conversation that waits for an answer."""

    thread_id: str
    """The conversation, for GetThread."""
    subject: str
    """The subject of its first message."""
    people: list[str]
    """i_owe: who waits for the user. owed_to_me: whose answer the user waits for. At most 5."""
    last_message_id: str
    """Its newest message, for ReplyToEmail."""
    last_date: str
    """When that came or was sent; ISO 8601 with offset in the requested time zone."""
    waiting_days: int
    """Whole days since then."""
    snippet: str
    """Its beginning, written by its sender."""
    asks_a_question: bool
    """Whether its beginning holds a question mark; the rest of the text was not read."""
    user_only_in_copy: bool
    """i_owe: the user is not in To, so somebody else may be meant to answer."""
    has_draft: bool
    """Whether an answer waits in Drafts already."""
    message_count: int
    """How many messages it has."""
    url: str
    """Opens it in Gmail."""


class Unanswered(TypedDict):
    """The conversations that wait for an answer, the longest waiting first."""

    direction: Literal["i_owe", "owed_to_me"]
    """Whose turn it is."""
    threads: list[WaitingThread]
    """The conversations; empty when nobody waits."""
    conversations_read: int
    """How many conversations were looked at."""
    looked_back_days: int
    """How many days back the search went."""
    looked_at_everything: bool
    """False: there are more conversations in that time than max_threads; older ones may wait."""
    automated_skipped: int
    """Conversations passed over because a machine or a mailing list wrote the newest message."""
    failed: list[FailedItem]
    """Conversations that could not be read."""
    omitted: list[str]
    """What was left out to keep the answer short."""
