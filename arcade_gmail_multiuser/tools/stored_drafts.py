"""Tools for drafts that are stored: list, change and delete them, and draft a reply."""

from typing import Annotated, Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.compose import drafts, send, send_as
from arcade_gmail_multiuser.gmail.compose.reply import compose_reply, read_for_reply
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_READONLY
from arcade_gmail_multiuser.tools.answers import draft_answers, previews, receipts, views
from arcade_gmail_multiuser.tools.answers.draft_shapes import DeletedDraft, DraftList, EditedDraft
from arcade_gmail_multiuser.tools.answers.shapes import DraftReceipt
from arcade_gmail_multiuser.tools.arguments import checks, draft_changes, outgoing, parameters
from arcade_gmail_multiuser.tools.behavior import (
    CREATES_A_DRAFT,
    DELETES_A_DRAFT,
    READS,
    UPDATES_A_DRAFT,
)
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = [
    "delete_draft_email",
    "list_draft_emails",
    "update_draft_email",
    "write_draft_reply_email",
]

DraftId = Annotated[
    str, 'The draft\'s id as WriteDraftEmail or ListDraftEmails returned it, such as "r-123".'
]


@tool(GMAIL_READONLY, does=READS)
async def list_draft_emails(
    context: ToolContext,
    n_drafts: Annotated[int, "How many drafts to return, 1 to 50. Default: 5."] = 5,
    page_token: parameters.PageToken = None,
    time_zone: parameters.TimeZone = "UTC",
) -> Annotated[DraftList, "The drafts with their ids, subjects and recipients"]:
    """List the drafts that wait to be sent, the last saved first.

    Use it to find the id that UpdateDraftEmail, SendDraftEmail and DeleteDraftEmail want; the text
    of one is read with GetEmail and its message_id. For mail that was sent or received use
    ListEmails.
    """
    view = views.view(time_zone)
    n_drafts = checks.within("n_drafts", n_drafts, 1, 50)
    mailbox = mailbox_of(context)
    page = await drafts.list_drafts(mailbox, n_drafts, page_token)
    return draft_answers.draft_list(await drafts.read_drafts(mailbox, page.ids), page, view)


@tool(GMAIL_COMPOSE, does=UPDATES_A_DRAFT)
async def update_draft_email(
    context: ToolContext,
    draft_email_id: DraftId,
    subject: Annotated[str | None, "A new subject, on one line. Default: stays as it is."] = None,
    body: Annotated[
        str | None,
        "A new text in place of the whole old one, quoted mail included. Default: stays as it is.",
    ] = None,
    recipient: Annotated[
        str | None,
        "New recipients in place of all in To, separated by commas. Default: stay as they are.",
    ] = None,
    cc: Annotated[
        list[str] | None,
        "New addresses in copy, at most 500 recipients in all; [] removes all. Default: stay as "
        "they are.",
    ] = None,
    bcc: Annotated[
        list[str] | None,
        "New hidden addresses, at most 500 recipients in all; [] removes all. Default: stay as "
        "they are.",
    ] = None,
    content_type: Annotated[
        Literal["keep", "plain", "html", "auto"],
        "What body is: keep leaves an HTML draft HTML and a plain one plain. Default: keep.",
    ] = "keep",
    dry_run: parameters.DryRun = False,
) -> Annotated[EditedDraft, "The draft as it is stored now; nothing has been sent"]:
    """Change parts of a stored draft; what is not given stays exactly as it is.

    Its conversation, attachments, pictures and other headers are never lost. The former text is
    not kept. For a new draft use WriteDraftEmail, for one that answers a message
    WriteDraftReplyEmail; send it with SendDraftEmail.
    """
    draft_id = checks.identifier("draft_email_id", draft_email_id)
    edit, changed = draft_changes.asked_for(subject, body, recipient, cc, bcc, content_type)
    mailbox = mailbox_of(context)
    if dry_run:
        mime = await drafts.edited_draft(mailbox, draft_id, edit)
        return draft_answers.not_edited(draft_id, await previews.preview_of_mail(mime), changed)
    stored = await drafts.update_draft(mailbox, draft_id, edit)
    return draft_answers.edited(stored, changed)


@tool(GMAIL_COMPOSE, does=DELETES_A_DRAFT)
async def delete_draft_email(
    context: ToolContext, draft_email_id: DraftId
) -> Annotated[DeletedDraft, "What was deleted"]:
    """Delete one draft for good; it does not go to Trash and cannot be brought back.

    To change it instead use UpdateDraftEmail. Mail that was sent or received is thrown away with
    TrashEmail. A second call answers that there is no such draft.
    """
    draft_id = checks.identifier("draft_email_id", draft_email_id)
    gone = await drafts.delete_draft(mailbox_of(context), draft_id)
    return draft_answers.deleted(draft_id, gone)


@tool(GMAIL_COMPOSE, GMAIL_READONLY, does=CREATES_A_DRAFT)
async def write_draft_reply_email(
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
) -> Annotated[DraftReceipt, "The draft's id; nothing has been sent"]:
    """Save an answer to a message as a draft in its conversation; nothing is sent.

    Recipients, subject and threading are those of ReplyToEmail, which sends at once. Send the
    draft later with SendDraftEmail, change it with UpdateDraftEmail. For a draft that answers
    nothing use WriteDraftEmail.
    """
    message_id = checks.identifier("reply_to_message_id", reply_to_message_id)
    extra_cc, extra_bcc = outgoing.copies(cc, bcc)
    mailbox = mailbox_of(context)
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
        return await previews.draft_not_stored(
            reply, thread_id=original.thread_id, fenced=include_quote
        )
    draft = await send.create_draft(mailbox, reply, thread_id=original.thread_id)
    return receipts.draft_receipt(draft, reply)
