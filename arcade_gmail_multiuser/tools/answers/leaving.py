"""What is said about a list that was left, or could not be."""

from __future__ import annotations

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.organise.label_changes import Entry, Ledger
from arcade_gmail_multiuser.gmail.unsubscribe import leave_list
from arcade_gmail_multiuser.gmail.unsubscribe.leave_list import Left
from arcade_gmail_multiuser.gmail.unsubscribe.list_headers import MailingList
from arcade_gmail_multiuser.tools.answers.unsubscribe_shapes import Unsubscribed

__all__ = ["in_spam", "trashed", "unsubscribed"]


def unsubscribed(of: MailingList, left: Left) -> Unsubscribed:
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


def in_spam(of: MailingList) -> Unsubscribed:
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


async def trashed(mailbox: GmailClient, of: MailingList) -> Ledger:
    """Move the list's mail to Trash. The list was asked already, so a failure is no error."""
    try:
        return await leave_list.trash_mail_of(mailbox, of)
    except GmailMultiuserError as error:
        return Ledger((Entry("", "failed", error=error),), more=True)
