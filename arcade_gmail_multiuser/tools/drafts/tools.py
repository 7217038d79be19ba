"""List, write, change, send and delete drafts."""

from typing import Annotated, Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.compose import drafts, send
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_READONLY
from arcade_gmail_multiuser.tools import checks, parameters
from arcade_gmail_multiuser.tools.answer_format import View
from arcade_gmail_multiuser.tools.behavior import (
    CREATES_A_DRAFT,
    DELETES_A_DRAFT,
    READS,
    SENDS_A_DRAFT,
    UPDATES_A_DRAFT,
)
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool
from arcade_gmail_multiuser.tools.drafts import answers
from arcade_gmail_multiuser.tools.drafts.inputs import draft_edit
from arcade_gmail_multiuser.tools.drafts.types import (
    DeletedDraft,
    DraftList,
    DraftReceipt,
    EditedDraft,
)
from arcade_gmail_multiuser.tools.send import confirmation, inputs, types
from arcade_gmail_multiuser.tools.send.answers import (
    sent_receipt,
)
from arcade_gmail_multiuser.tools.send.types import Receipt

__all__ = [
    "delete_draft_email",
    "list_draft_emails",
    "send_draft_email",
    "update_draft_email",
    "write_draft_email",
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
    view = View.checked(time_zone)
    n_drafts = checks.within("n_drafts", n_drafts, 1, 50)
    gmail = gmail_client(context)
    page = await drafts.list_drafts(gmail, n_drafts, page_token)
    return answers.draft_list(await drafts.read_drafts(gmail, page.ids), page, view)


@tool(GMAIL_COMPOSE, does=CREATES_A_DRAFT)
async def write_draft_email(
    context: ToolContext,
    subject: types.Subject,
    body: types.Body,
    recipient: types.Recipients,
    cc: types.Cc = None,
    bcc: types.Bcc = None,
    content_type: types.ContentType = "plain",
    attachments: types.Attachments = None,
    dry_run: types.DryRun = False,
) -> Annotated[DraftReceipt, "The draft's id; nothing has been sent"]:
    """Save a new message as a draft that the user can look at; nothing is sent.

    Send it later with SendDraftEmail and the returned id. To send at once use SendEmail; to draft
    an answer to a message use WriteDraftReplyEmail.
    """
    gmail = gmail_client(context)
    written = inputs.Written(body, cc, bcc, content_type, attachments)
    outgoing = await inputs.new_message(written, to=recipient, subject=subject)
    return await _store(gmail, outgoing, dry_run=dry_run)


@tool(GMAIL_COMPOSE, GMAIL_READONLY, does=CREATES_A_DRAFT)
async def write_draft_reply_email(
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
) -> Annotated[DraftReceipt, "The draft's id; nothing has been sent"]:
    """Save an answer to a message as a draft in its conversation; nothing is sent.

    Recipients, subject and threading are those of ReplyToEmail, which sends at once. Send the
    draft later with SendDraftEmail, change it with UpdateDraftEmail. For a draft that answers
    nothing use WriteDraftEmail.
    """
    gmail = gmail_client(context)
    written = inputs.Written(body, cc, bcc, content_type, attachments, from_address, add_signature)
    outgoing = await inputs.reply(
        gmail, written, to_message=reply_to_message_id, whom=reply_to_whom, quote=include_quote
    )
    return await _store(gmail, outgoing, dry_run=dry_run)


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
    dry_run: types.DryRun = False,
) -> Annotated[EditedDraft, "The draft as it is stored now; nothing has been sent"]:
    """Change parts of a stored draft; what is not given stays exactly as it is.

    Its conversation, attachments, pictures and other headers are never lost. The former text is
    not kept. For a new draft use WriteDraftEmail, for one that answers a message
    WriteDraftReplyEmail; send it with SendDraftEmail.
    """
    draft_id = checks.identifier("draft_email_id", draft_email_id)
    edit, changed = draft_edit(subject, body, recipient, cc, bcc, content_type)
    gmail = gmail_client(context)
    if dry_run:
        edited = await drafts.edited_draft(gmail, draft_id, edit)
        return answers.not_edited(draft_id, edited, changed)
    stored = await drafts.update_draft(gmail, draft_id, edit)
    return answers.edited(stored, changed)


# drafts.send does not accept gmail.send: only compose, modify and full access do.
@tool(GMAIL_COMPOSE, does=SENDS_A_DRAFT)
async def send_draft_email(
    context: ToolContext,
    email_id: Annotated[
        str, 'The draft\'s id as WriteDraftEmail returned it, such as "r-123"; not a message id.'
    ],
    confirmation_token: types.ConfirmationToken = None,
    dry_run: types.DryRun = False,
) -> Annotated[Receipt, "The sent message's ids and everyone it went to"]:
    """Send a draft that exists already, as it is.

    The draft disappears and the message gets a new id. Sending the same draft twice is not
    possible: the second call answers that there is no such draft. To look at it first use dry_run;
    to send a message that is no draft yet use SendEmail.
    """
    draft_id = checks.identifier("email_id", email_id)
    gmail = gmail_client(context)
    draft = await drafts.read_draft(gmail, draft_id, full=dry_run)
    if dry_run:
        return answers.not_sent(context, draft)
    content = confirmation.content_of_draft(draft.id, draft.message.id)
    confirmation.require(context, confirmation_token, content)
    sent = await send.send_draft(gmail, draft)
    return sent_receipt(sent, draft.recipients)


@tool(GMAIL_COMPOSE, does=DELETES_A_DRAFT)
async def delete_draft_email(
    context: ToolContext, draft_email_id: DraftId
) -> Annotated[DeletedDraft, "What was deleted"]:
    """Delete one draft for good; it does not go to Trash and cannot be brought back.

    To change it instead use UpdateDraftEmail. Mail that was sent or received is thrown away with
    TrashEmail. A second call answers that there is no such draft.
    """
    draft_id = checks.identifier("draft_email_id", draft_email_id)
    gone = await drafts.delete_draft(gmail_client(context), draft_id)
    return answers.deleted(draft_id, gone)


async def _store(gmail: GmailClient, outgoing: inputs.Outgoing, *, dry_run: bool) -> DraftReceipt:
    if dry_run:
        return await answers.not_stored(outgoing)
    draft = await send.create_draft(gmail, outgoing.message, thread_id=outgoing.thread_id)
    return answers.stored(draft, outgoing)
