"""Send mail, or show it before it is sent."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.compose import send
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_READONLY, GMAIL_SEND
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.behavior import READS, SENDS, SENDS_ONCE
from arcade_gmail_multiuser.tools.checks import caller_of, gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.send import answers, confirmation, inputs, types
from arcade_gmail_multiuser.tools.send.types import Preview, Receipt

__all__ = [
    "forward_email",
    "multi_user_gmail_send",
    "prepare_email",
    "reply_to_email",
    "send_email",
]


@tool(GMAIL_SEND, does=SENDS)
async def send_email(
    context: ToolContext,
    subject: types.Subject,
    body: types.Body,
    recipient: types.Recipients,
    cc: types.Cc = None,
    bcc: types.Bcc = None,
    content_type: types.ContentType = "plain",
    attachments: types.Attachments = None,
    dry_run: types.DryRun = False,
) -> Annotated[Receipt, "The sent message's ids and everyone it went to"]:
    """Send a new message from the user's own address, at once.

    To answer a message use ReplyToEmail, so that it threads; to let the user look first use
    WriteDraftEmail; where a repeated call must not send twice, or where the operator wants sending
    confirmed, use MultiUserGmailSend. If the answer is lost this fails with "may have been sent":
    look in Sent before sending again.
    """
    gmail = gmail_client(context)
    written = inputs.Written(body, cc, bcc, content_type, attachments)
    outgoing = await inputs.new_message(written, to=recipient, subject=subject)
    if dry_run:
        return await answers.not_sent(outgoing)
    checks.refuse_without_drafts(
        instead="PrepareEmail, then MultiUserGmailSend with its confirmation_token"
    )
    return answers.receipt(await send.send_once(gmail, outgoing.message), outgoing)


# Nothing is asked of Google; the scope is that of sending, so that only a person who may send
# can prepare.
@tool(GMAIL_SEND, does=READS)
async def prepare_email(
    context: ToolContext,
    subject: types.Subject,
    body: types.Body,
    recipient: types.Recipients,
    cc: types.Cc = None,
    bcc: types.Bcc = None,
    content_type: types.ContentType = "plain",
    attachments: types.Attachments = None,
) -> Annotated[Preview, "Exactly what would be sent, and the token to send it with"]:
    """Check and preview a new message, and get a confirmation_token to send exactly that.

    Nothing is sent or stored. Show the preview to the user; when they agree, call
    MultiUserGmailSend with the same content and the token within 10 minutes. A change needs a new
    token. To prepare a reply use WriteDraftReplyEmail, for a draft SendDraftEmail with dry_run; to
    keep a message for later use WriteDraftEmail, to send without asking SendEmail.
    """
    gmail_client(context)
    written = inputs.Written(body, cc, bcc, content_type, attachments)
    outgoing = await inputs.new_message(written, to=recipient, subject=subject)
    return await answers.prepared(context, outgoing)


@tool(GMAIL_SEND, GMAIL_COMPOSE, GMAIL_READONLY, does=SENDS_ONCE)
async def multi_user_gmail_send(
    context: ToolContext,
    to: types.Recipients,
    subject: types.Subject,
    body: types.Body,
    user_id: Annotated[str, "The id of the user this call is made for, exactly as Arcade has it."],
    cc: types.Cc = None,
    bcc: types.Bcc = None,
    content_type: types.ContentType = "plain",
    attachments: types.AttachmentsOrMail = None,
    idempotency_key: Annotated[
        str | None,
        "A name you choose for this one message, 1 to 200 characters. Repeating the call with the "
        "same key and content within 7 days returns the first result instead of sending again. "
        "Default: none, then only this call's own retries are safe.",
    ] = None,
    confirmation_token: types.ConfirmationToken = None,
    from_address: types.FromAddress = None,
    add_signature: types.AddSignature = False,
    dry_run: types.DryRun = False,
) -> Annotated[Receipt, "message_id and status sent, and everyone it went to"]:
    """Send a message for one named user of a multi-user application, exactly once.

    It refuses a user_id other than the caller's. It sends through a draft, so a lost answer is
    retried without sending twice; with idempotency_key the whole call may be repeated, and so it
    may with the confirmation_token that PrepareEmail or dry_run gave for this very message. For a
    simple send use SendEmail, which needs fewer permissions; to answer a message ReplyToEmail.
    """
    user = caller_of(context, user_id)
    key, since = inputs.idempotency_key(idempotency_key, confirmation_token), None
    gmail = gmail_client(context)
    written = inputs.Written(body, cc, bcc, content_type, attachments, from_address, add_signature)
    outgoing = await inputs.new_message(written, to=to, subject=subject, gmail=gmail)
    if dry_run:
        return await answers.not_sent(outgoing, confirmed_by=context)
    message = outgoing.message
    confirmed = await confirmation.require_message(context, confirmation_token, outgoing)
    if confirmed is not None:
        key, since = confirmed.key, confirmed.since
    sent = await send.send_exactly_once(gmail, message, user=user, key=key, since=since)
    return answers.receipt(sent, outgoing)


@tool(GMAIL_SEND, GMAIL_READONLY, does=SENDS)
async def reply_to_email(
    context: ToolContext,
    body: types.ReplyBody,
    reply_to_message_id: types.ReplyToId,
    reply_to_whom: types.ReplyToWhom = "only_the_sender",
    cc: types.Cc = None,
    bcc: types.Bcc = None,
    content_type: types.ContentType = "plain",
    attachments: types.AttachmentsOrMail = None,
    include_quote: types.IncludeQuote = True,
    from_address: types.FromAddress = None,
    add_signature: types.AddSignature = False,
    dry_run: types.DryRun = False,
) -> Annotated[Receipt, "The sent reply's ids and everyone it went to"]:
    """Answer a message in its conversation, to its sender or to everyone.

    It goes where the sender asked (Reply-To), never to the user's own addresses; a reply to mail
    that the user sent goes to its recipients. Subject and threading are taken care of. For a new
    subject or other recipients use SendEmail; to let the user look at the reply first, or where
    the operator wants sending confirmed, use WriteDraftReplyEmail and SendDraftEmail.
    """
    gmail = gmail_client(context)
    if not dry_run:
        checks.refuse_without_drafts(
            instead="WriteDraftReplyEmail, then SendDraftEmail with a confirmation_token"
        )
    written = inputs.Written(body, cc, bcc, content_type, attachments, from_address, add_signature)
    outgoing = await inputs.reply(
        gmail, written, to_message=reply_to_message_id, whom=reply_to_whom, quote=include_quote
    )
    return await _send_in_thread(gmail, outgoing, dry_run=dry_run)


@tool(GMAIL_SEND, GMAIL_READONLY, does=SENDS)
async def forward_email(
    context: ToolContext,
    email_id: Annotated[str, "The id of the message to forward, as a list or search returned it."],
    recipient: types.Recipients,
    note: Annotated[str, "Plain text to put above the forwarded message. Default: none."] = "",
    cc: types.Cc = None,
    bcc: types.Bcc = None,
    from_address: types.FromAddress = None,
    dry_run: types.DryRun = False,
) -> Annotated[Receipt, "The sent message's ids and everyone it went to"]:
    """Forward one message to other people, at once, with all its attachments and pictures.

    Above it stand the note and who wrote it to whom and when. Hidden text in its HTML travels
    along as it would from any mail program; scripts do not. At most 25 MB in all. To answer a
    message use ReplyToEmail; to write something new SendEmail. If the answer is lost, Sent is
    looked at before anything is said.
    """
    gmail = gmail_client(context)
    if not dry_run:
        checks.refuse_without_drafts(
            instead="MultiUserGmailSend with a confirmation_token, and from_email_id for the files"
        )
    written = inputs.Written(note, cc, bcc, from_address=from_address)
    outgoing = await inputs.forward(gmail, written, email_id=email_id, to=recipient)
    return await _send_in_thread(gmail, outgoing, dry_run=dry_run)


async def _send_in_thread(
    gmail: GmailClient, outgoing: inputs.Outgoing, *, dry_run: bool
) -> Receipt:
    if dry_run:
        return await answers.not_sent(outgoing)
    write = outgoing.forwarded.write if outgoing.forwarded else None
    sent = await send.send_in_thread(
        gmail, outgoing.message, thread_id=outgoing.thread_id, write=write
    )
    return answers.receipt(sent, outgoing)
