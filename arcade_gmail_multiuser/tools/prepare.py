"""The tool that shows a message before anybody sends it."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.scopes import GMAIL_SEND
from arcade_gmail_multiuser.tools.answers import previews
from arcade_gmail_multiuser.tools.arguments import outgoing, parameters
from arcade_gmail_multiuser.tools.arguments.sending_shapes import Preview
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["prepare_email"]


# Nothing is asked of Google; the scope is that of sending, so that only a person who may send
# can prepare.
@tool(GMAIL_SEND, does=READS)
async def prepare_email(
    context: ToolContext,
    subject: parameters.Subject,
    body: Annotated[str, "The text of the message."],
    recipient: parameters.Recipients,
    cc: parameters.Cc = None,
    bcc: parameters.Bcc = None,
    content_type: parameters.ContentType = "plain",
    attachments: parameters.Attachments = None,
) -> Annotated[Preview, "Exactly what would be sent, and the token to send it with"]:
    """Check and preview a new message, and get a confirmation_token to send exactly that.

    Nothing is sent or stored. Show the preview to the user; when they agree, call
    MultiUserGmailSend with the same content and the token within 10 minutes. A change needs a new
    token. To prepare a reply use WriteDraftReplyEmail, for a draft SendDraftEmail with dry_run; to
    keep a message for later use WriteDraftEmail, to send without asking SendEmail.
    """
    mailbox_of(context)
    message = outgoing.new_message(
        to=recipient,
        subject=subject,
        body=body,
        cc=cc,
        bcc=bcc,
        content_type=content_type,
        attachments=await outgoing.files(attachments),
    )
    return await previews.prepared(context, message)
