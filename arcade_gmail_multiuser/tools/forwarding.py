"""The tool that forwards mail."""

import asyncio
from dataclasses import replace
from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.compose import send, send_as
from arcade_gmail_multiuser.gmail.compose.forward import compose_forward, read_raw
from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, GMAIL_SEND
from arcade_gmail_multiuser.tools import confirmation
from arcade_gmail_multiuser.tools.answers import previews, receipts
from arcade_gmail_multiuser.tools.answers.shapes import Receipt
from arcade_gmail_multiuser.tools.arguments import checks, outgoing, parameters
from arcade_gmail_multiuser.tools.behavior import SENDS
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["forward_email"]


@tool(GMAIL_SEND, GMAIL_READONLY, does=SENDS)
async def forward_email(
    context: ToolContext,
    email_id: Annotated[str, "The id of the message to forward, as a list or search returned it."],
    recipient: parameters.Recipients,
    note: Annotated[str, "Plain text to put above the forwarded message. Default: none."] = "",
    cc: parameters.Cc = None,
    bcc: parameters.Bcc = None,
    from_address: parameters.FromAddress = None,
    dry_run: parameters.DryRun = False,
) -> Annotated[Receipt, "The sent message's ids and everyone it went to"]:
    """Forward one message to other people, at once, with all its attachments and pictures.

    Above it stand the note and who wrote it to whom and when. Hidden text in its HTML travels
    along as it would from any mail program; scripts do not. At most 25 MB in all. To answer a
    message use ReplyToEmail; to write something new SendEmail. If the answer is lost, Sent is
    looked at before anything is said.
    """
    email_id = checks.identifier("email_id", email_id)
    to = outgoing.recipients(recipient)
    more, hidden = outgoing.copies(cc, bcc)
    mailbox = mailbox_of(context)
    if not dry_run:
        confirmation.refuse_without_drafts(
            instead="MultiUserGmailSend with a confirmation_token, and from_email_id for the files"
        )
    from_ = await send_as.sender_of(mailbox, from_address, sign=False)
    original, _ = await fetch.read_message_with_labels(mailbox, email_id)
    raw = await read_raw(mailbox, email_id, expected=original.size_estimate)
    forward = await asyncio.to_thread(
        compose_forward, original, raw, to=to, cc=more, bcc=hidden, note=note
    )
    forward = replace(forward, message=from_.put_on(forward.message))
    if dry_run:
        mime = await asyncio.to_thread(forward.write, forward.message)
        return await previews.not_sent_mail(
            mime,
            [a.email for a in (*forward.message.to, *forward.message.cc, *forward.message.bcc)],
            thread_id=original.thread_id,
            warnings=forward.warnings,
        )
    sent = await send.send_in_thread(
        mailbox, forward.message, thread_id=original.thread_id, write=forward.write
    )
    receipt = receipts.receipt(sent, forward.message)
    if forward.warnings:
        receipt["warnings"] = [*receipt.get("warnings", ()), *forward.warnings]
    return receipt
