"""Leave mailing lists."""

from dataclasses import replace
from typing import Annotated, Literal, NotRequired

from arcade_tdk import ToolContext
from typing_extensions import TypedDict

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.organise.label_changes import Entry, Ledger
from arcade_gmail_multiuser.gmail.scopes import GMAIL_MODIFY, GMAIL_SEND
from arcade_gmail_multiuser.gmail.unsubscribe import leave_list
from arcade_gmail_multiuser.gmail.unsubscribe.leave_list import Left
from arcade_gmail_multiuser.gmail.unsubscribe.list_headers import MailingList
from arcade_gmail_multiuser.gmail.unsubscribe.one_click import OneClick
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.behavior import UNSUBSCRIBES
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.organise.answers import bulk_change
from arcade_gmail_multiuser.tools.organise.types import BulkChange

__all__ = ["unsubscribe_from_email"]


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


# gmail.modify alone would do for sending too; both are what the hosted tool asks people for.
@tool(GMAIL_MODIFY, GMAIL_SEND, does=UNSUBSCRIBES)
async def unsubscribe_from_email(
    context: ToolContext,
    email_id: Annotated[str, "The id of one message of the list or newsletter."],
    trash_existing: Annotated[
        bool,
        "Once the list was asked, also move its newest mail to Trash, up to 200. Default: false.",
    ] = False,
) -> Annotated[Unsubscribed, "Whether the list was asked to stop, and how"]:
    """Leave the mailing list or newsletter that a message came from.

    It asks the list in the way the mail itself offers: a signed one-click request (RFC 8058), or
    else a mail from the user's address. Where a mail offers only a web page, nothing is done and
    pages names it for the user. Mail in Spam is never answered. For mail that nobody asked for
    use ReportSpam; to only throw it away TrashEmail. Moving to Trash is undone by UndoChange.
    """
    email_id = checks.identifier("email_id", email_id)
    gmail = gmail_client(context)
    of, labels = await leave_list.read_mailing_list(gmail, email_id)
    if "SPAM" in labels:
        return _in_spam(of)
    may_mail = of.mail is None or not checks.confirmation_required()
    left = await leave_list.leave(gmail, of if may_mail else replace(of, mail=None), OneClick())
    if left.method == "none" and not may_mail:
        checks.refuse_without_drafts(
            instead="MultiUserGmailSend with a confirmation_token, to the address in the message's "
            "List-Unsubscribe header"
        )
    answer = _unsubscribed(of, left)
    if trash_existing and left.method != "none":
        ledger = await _trashed(gmail, of)
        answer["trashed"] = bulk_change(ledger, user=context.user_id or "", full=False)
    return answer


def _unsubscribed(of: MailingList, left: Left) -> Unsubscribed:
    """Say how the list was asked, or what the user can do."""
    answer = Unsubscribed(
        status="requested" if left.method != "none" else "not_possible",
        method=left.method,
        sender=of.sender,
        list_id=of.list_id,
        pages=list(left.pages),
        attempts=list(left.attempts),
        note="The list was asked to stop. Mail may still come for a few days.",
    )
    if left.recipient:
        answer["sent_to"] = left.recipient
    if left.method == "none" and left.pages:
        answer["status"] = "needs_a_person"
        answer["note"] = (
            "Nothing was asked: this mail has no one-click request that is signed by its sender, "
            "and no address to write to. The user can open one of pages, if they trust the sender."
        )
    elif left.method == "none":
        answer["note"] = (
            "Nothing was asked: this mail does not say how to unsubscribe. ReportSpam or a filter "
            "that throws such mail away can help, or a link in its text that the user opens."
        )
    return answer


def _in_spam(of: MailingList) -> Unsubscribed:
    """Say why a spammer gets no answer."""
    return Unsubscribed(
        status="not_possible",
        method="none",
        sender=of.sender,
        list_id=of.list_id,
        pages=[],
        attempts=[],
        note=(
            "Nothing was asked: the message is in Spam, and an answer would only tell a spammer "
            "that the mail is read. Gmail deletes it by itself."
        ),
    )


async def _trashed(gmail: GmailClient, of: MailingList) -> Ledger:
    """Move the list's mail to Trash; the list was asked already, so a failure is reported."""
    try:
        return await leave_list.trash_mail_of(gmail, of)
    except GmailMultiuserError as error:
        return Ledger((Entry("", "failed", error=error),), more=True)
