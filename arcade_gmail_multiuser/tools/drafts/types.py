"""Declare what is answered about drafts."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from arcade_gmail_multiuser.tools.message_types import FailedItem
from arcade_gmail_multiuser.tools.send.types import Preview

__all__ = ["DeletedDraft", "DraftList", "DraftReceipt", "DraftSummary", "EditedDraft"]


class DraftReceipt(TypedDict):
    """A draft that waits to be sent."""

    id: str
    """The draft id, for SendDraftEmail."""
    message_id: str
    """The id of the message inside the draft; sending gives it a new one."""
    thread_id: str
    """The conversation it belongs to."""
    label_ids: list[str]
    """Its labels, normally DRAFT."""
    status: Literal["draft", "dry_run"]
    """Nothing has been sent; after dry_run nothing has been stored either."""
    recipients: list[str]
    """Every address it would go to, also cc and bcc."""
    url: str
    """Opens the drafts in Gmail."""
    preview: NotRequired[Preview]
    """After dry_run: what would be stored."""


class DraftSummary(TypedDict):
    """A draft in brief."""

    id: str
    """The draft id, for UpdateDraftEmail, SendDraftEmail and DeleteDraftEmail."""
    message_id: str
    """The id of the message in it, for GetEmail; each change of the draft gives it a new one."""
    thread_id: str
    """The conversation it belongs to."""
    subject: str
    """The subject, "" when it has none yet."""
    to: str
    """The recipients, separated by commas; "" when there are none yet."""
    cc: str
    """The recipients in copy."""
    bcc: str
    """The hidden recipients."""
    is_reply: bool
    """Whether it answers a message."""
    date: str
    """When it was last saved; ISO 8601 with offset in the requested time zone."""
    snippet: str
    """The beginning of its text."""
    url: str
    """Opens it in Gmail."""


class DraftList(TypedDict):
    """A page of drafts, the last saved first."""

    drafts: list[DraftSummary]
    """The drafts; empty when there are none."""
    next_page_token: NotRequired[str]
    """Give it as page_token for the next page; absent on the last one."""
    failed: list[FailedItem]
    """Drafts on this page that could not be read."""
    omitted: list[str]
    """What was left out to keep the answer short."""


class EditedDraft(TypedDict):
    """A draft as it is stored now."""

    id: str
    """The draft id, the same as before."""
    message_id: str
    """The id of the message in it, a new one."""
    thread_id: str
    """The conversation it belongs to."""
    label_ids: list[str]
    """Its labels, normally DRAFT."""
    status: Literal["draft", "dry_run"]
    """Nothing has been sent; after dry_run nothing has been stored either."""
    preview: NotRequired[Preview]
    """After dry_run: what would be stored."""
    subject: str
    """Its subject."""
    recipients: list[str]
    """Every address it would go to, also cc and bcc; empty when there is none yet."""
    changed: list[str]
    """What this call changed, such as subject and body; all else is as it was."""
    url: str
    """Opens the drafts in Gmail."""


class DeletedDraft(TypedDict):
    """A draft that is gone."""

    id: str
    """The draft id it had."""
    status: Literal["deleted"]
    """It cannot be brought back."""
    subject: str
    """The subject it had."""
    recipients: list[str]
    """Whom it would have gone to."""
