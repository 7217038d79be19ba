"""The tool that leaves mailing lists."""

from dataclasses import replace
from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.scopes import GMAIL_MODIFY, GMAIL_SEND
from arcade_gmail_multiuser.gmail.unsubscribe import leave_list
from arcade_gmail_multiuser.gmail.unsubscribe.one_click import OneClick
from arcade_gmail_multiuser.tools import confirmation
from arcade_gmail_multiuser.tools.answers import leaving, ledgers
from arcade_gmail_multiuser.tools.answers.unsubscribe_shapes import Unsubscribed
from arcade_gmail_multiuser.tools.arguments import checks
from arcade_gmail_multiuser.tools.behavior import UNSUBSCRIBES
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["unsubscribe_from_email"]


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
    mailbox = mailbox_of(context)
    of, labels = await leave_list.read_mailing_list(mailbox, email_id)
    if "SPAM" in labels:
        return leaving.in_spam(of)
    may_mail = of.mail is None or not confirmation.is_required()
    left = await leave_list.leave(mailbox, of if may_mail else replace(of, mail=None), OneClick())
    if left.method == "none" and not may_mail:
        confirmation.refuse_without_drafts(
            instead="MultiUserGmailSend with a confirmation_token, to the address in the message's "
            "List-Unsubscribe header"
        )
    answer = leaving.unsubscribed(of, left)
    if trash_existing and left.method != "none":
        ledger = await leaving.trashed(mailbox, of)
        answer["trashed"] = ledgers.bulk_change(ledger, user=context.user_id or "", full=False)
    return answer
