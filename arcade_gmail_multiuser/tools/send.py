"""Tools that send mail."""

from dataclasses import replace
from typing import Annotated, Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.compose import send, send_as
from arcade_gmail_multiuser.gmail.compose.reply import compose_reply, read_for_reply
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_READONLY, GMAIL_SEND
from arcade_gmail_multiuser.tools import confirmation
from arcade_gmail_multiuser.tools.answers import previews, receipts
from arcade_gmail_multiuser.tools.answers.shapes import Receipt
from arcade_gmail_multiuser.tools.arguments import checks, outgoing, parameters
from arcade_gmail_multiuser.tools.behavior import SENDS, SENDS_ONCE
from arcade_gmail_multiuser.tools.context import caller_of, mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["multi_user_gmail_send", "reply_to_email", "send_email"]


@tool(GMAIL_SEND, does=SENDS)
async def send_email(
    context: ToolContext,
    subject: parameters.Subject,
    body: Annotated[str, "The text of the message."],
    recipient: parameters.Recipients,
    cc: parameters.Cc = None,
    bcc: parameters.Bcc = None,
    content_type: parameters.ContentType = "plain",
    attachments: parameters.Attachments = None,
    dry_run: parameters.DryRun = False,
) -> Annotated[Receipt, "The sent message's ids and everyone it went to"]:
    """Send a new message from the user's own address, at once.

    To answer a message use ReplyToEmail, so that it threads; to let the user look first use
    WriteDraftEmail; where a repeated call must not send twice, or where the operator wants sending
    confirmed, use MultiUserGmailSend. If the answer is lost this fails with "may have been sent":
    look in Sent before sending again.
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
        return await previews.not_sent(message)
    confirmation.refuse_without_drafts(
        instead="PrepareEmail, then MultiUserGmailSend with its confirmation_token"
    )
    sent = await send.send_once(mailbox, message)
    return receipts.receipt(sent, message)


@tool(GMAIL_SEND, GMAIL_COMPOSE, GMAIL_READONLY, does=SENDS_ONCE)
async def multi_user_gmail_send(
    context: ToolContext,
    to: parameters.Recipients,
    subject: parameters.Subject,
    body: Annotated[str, "The text of the message."],
    user_id: Annotated[str, "The id of the user this call is made for, exactly as Arcade has it."],
    cc: parameters.Cc = None,
    bcc: parameters.Bcc = None,
    content_type: parameters.ContentType = "plain",
    attachments: parameters.AttachmentsOrMail = None,
    idempotency_key: Annotated[
        str | None,
        "A name you choose for this one message, 1 to 200 characters. Repeating the call with the "
        "same key and content within 7 days returns the first result instead of sending again. "
        "Default: none, then only this call's own retries are safe.",
    ] = None,
    confirmation_token: parameters.ConfirmationToken = None,
    from_address: parameters.FromAddress = None,
    add_signature: parameters.AddSignature = False,
    dry_run: parameters.DryRun = False,
) -> Annotated[Receipt, "message_id and status sent, and everyone it went to"]:
    """Send a message for one named user of a multi-user application, exactly once.

    It refuses a user_id other than the caller's. It sends through a draft, so a lost answer is
    retried without sending twice; with idempotency_key the whole call may be repeated, and so it
    may with the confirmation_token that PrepareEmail or dry_run gave for this very message. For a
    simple send use SendEmail, which needs fewer permissions; to answer a message ReplyToEmail.
    """
    user = caller_of(context, user_id)
    key = checks.one_send_key(idempotency_key, confirmation_token)
    mailbox = mailbox_of(context)
    from_ = await send_as.sender_of(mailbox, from_address, sign=add_signature)
    body, content_type = send_as.signed(body, content_type, from_)
    message = outgoing.new_message(
        to=to,
        subject=subject,
        body=body,
        cc=cc,
        bcc=bcc,
        content_type=content_type,
    )
    message = from_.put_on(message)
    message = replace(message, attachments=await outgoing.files_from(mailbox, attachments))
    if dry_run:
        return await previews.offered(context, message)
    confirmed = await confirmation.require_message(context, confirmation_token, message)
    if confirmed is not None:
        sent = await send.send_exactly_once(
            mailbox, message, user=user, key=confirmed.key, since=confirmed.since
        )
    else:
        sent = await send.send_exactly_once(mailbox, message, user=user, key=key)
    return receipts.receipt(sent, message)


@tool(GMAIL_SEND, GMAIL_READONLY, does=SENDS)
async def reply_to_email(
    context: ToolContext,
    body: Annotated[str, "The text of the reply, without the quoted message."],
    reply_to_message_id: Annotated[str, "The id of the message to answer."],
    reply_to_whom: Annotated[
        Literal["every_recipient", "only_the_sender"],
        "every_recipient also answers everyone in To and Cc. Default: only_the_sender.",
    ] = "only_the_sender",
    cc: parameters.Cc = None,
    bcc: parameters.Bcc = None,
    content_type: parameters.ContentType = "plain",
    attachments: parameters.AttachmentsOrMail = None,
    include_quote: Annotated[bool, "Quote the answered message below. Default: true."] = True,
    from_address: parameters.FromAddress = None,
    add_signature: parameters.AddSignature = False,
    dry_run: parameters.DryRun = False,
) -> Annotated[Receipt, "The sent reply's ids and everyone it went to"]:
    """Answer a message in its conversation, to its sender or to everyone.

    It goes where the sender asked (Reply-To), never to the user's own addresses; a reply to mail
    that the user sent goes to its recipients. Subject and threading are taken care of. For a new
    subject or other recipients use SendEmail; to let the user look at the reply first, or where
    the operator wants sending confirmed, use WriteDraftReplyEmail and SendDraftEmail.
    """
    message_id = checks.identifier("reply_to_message_id", reply_to_message_id)
    extra_cc, extra_bcc = outgoing.copies(cc, bcc)
    mailbox = mailbox_of(context)
    if not dry_run:
        confirmation.refuse_without_drafts(
            instead="WriteDraftReplyEmail, then SendDraftEmail with a confirmation_token"
        )
    from_ = await send_as.sender_of(mailbox, from_address, sign=add_signature)
    body, content_type = send_as.signed(body, content_type, from_)
    files = await outgoing.files_from(mailbox, attachments)
    original, mine = await read_for_reply(mailbox, message_id)
    reply = compose_reply(
        original,
        body=body,
        mine=mine,
        whom=reply_to_whom,
        cc=extra_cc,
        bcc=extra_bcc,
        content_type=content_type,
        attachments=files,
        quote=include_quote,
    )
    reply = from_.put_on(reply)
    if dry_run:
        return await previews.not_sent(reply, thread_id=original.thread_id, fenced=include_quote)
    sent = await send.send_in_thread(mailbox, reply, thread_id=original.thread_id)
    return receipts.receipt(sent, reply)
