"""Tools for drafts: write one, send one."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.compose import drafts, send
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE
from arcade_gmail_multiuser.tools import confirmation
from arcade_gmail_multiuser.tools.answers import previews, receipts
from arcade_gmail_multiuser.tools.answers.shapes import DraftReceipt, Receipt
from arcade_gmail_multiuser.tools.arguments import checks, outgoing, parameters
from arcade_gmail_multiuser.tools.behavior import CREATES_A_DRAFT, SENDS_A_DRAFT
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["send_draft_email", "write_draft_email"]


@tool(GMAIL_COMPOSE, does=CREATES_A_DRAFT)
async def write_draft_email(
    context: ToolContext,
    subject: parameters.Subject,
    body: Annotated[str, "The text of the message."],
    recipient: parameters.Recipients,
    cc: parameters.Cc = None,
    bcc: parameters.Bcc = None,
    content_type: parameters.ContentType = "plain",
    attachments: parameters.Attachments = None,
    dry_run: parameters.DryRun = False,
) -> Annotated[DraftReceipt, "The draft's id; nothing has been sent"]:
    """Save a new message as a draft that the user can look at; nothing is sent.

    Send it later with SendDraftEmail and the returned id. To send at once use SendEmail; to draft
    an answer to a message use WriteDraftReplyEmail.
    """
    mailbox = mailbox_of(context)
    message = outgoing.new_message(
        to=recipient,
        subject=subject,
        body=body,
        cc=cc,
        bcc=bcc,
        content_type=content_type,
        attachments=await outgoing.files(attachments),
    )
    if dry_run:
        return await previews.draft_not_stored(message)
    draft = await send.create_draft(mailbox, message)
    return receipts.draft_receipt(draft, message)


# drafts.send does not accept gmail.send: only compose, modify and full access do.
@tool(GMAIL_COMPOSE, does=SENDS_A_DRAFT)
async def send_draft_email(
    context: ToolContext,
    email_id: Annotated[
        str, 'The draft\'s id as WriteDraftEmail returned it, such as "r-123"; not a message id.'
    ],
    confirmation_token: parameters.ConfirmationToken = None,
    dry_run: parameters.DryRun = False,
) -> Annotated[Receipt, "The sent message's ids and everyone it went to"]:
    """Send a draft that exists already, as it is.

    The draft disappears and the message gets a new id. Sending the same draft twice is not
    possible: the second call answers that there is no such draft. To look at it first use dry_run;
    to send a message that is no draft yet use SendEmail.
    """
    draft_id = checks.identifier("email_id", email_id)
    mailbox = mailbox_of(context)
    draft = await drafts.read_draft(mailbox, draft_id, full=dry_run)
    if dry_run:
        return previews.not_sent_draft(context, draft)
    content = confirmation.content_of_draft(draft.id, draft.message.id)
    confirmation.require(context, confirmation_token, content)
    sent = await send.send_draft(mailbox, draft)
    return receipts.sent_draft(sent, draft.recipients)
