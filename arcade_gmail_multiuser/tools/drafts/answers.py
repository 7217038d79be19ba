"""Build the answers about drafts."""

from __future__ import annotations

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.addresses import display, read_addresses
from arcade_gmail_multiuser.gmail.compose.drafts import (
    Deleted,
    Draft,
    Edited,
    FoundDrafts,
    StoredDraft,
)
from arcade_gmail_multiuser.gmail.messages.fetch import Page
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.answer_format import (
    FRAME,
    MAX_ANSWER,
    View,
    cost,
    fit_failures,
    link,
    short,
    when,
)
from arcade_gmail_multiuser.tools.drafts.types import (
    DeletedDraft,
    DraftList,
    DraftReceipt,
    DraftSummary,
    EditedDraft,
)
from arcade_gmail_multiuser.tools.send import confirmation
from arcade_gmail_multiuser.tools.send.answers import (
    dry_run_receipt,
    files_of,
    preview,
    preview_of,
    recipients,
)
from arcade_gmail_multiuser.tools.send.inputs import Outgoing
from arcade_gmail_multiuser.tools.send.types import Preview, Receipt

__all__ = ["deleted", "draft_list", "edited", "not_edited", "not_stored", "stored"]


MAX_FIELDS = (300, 60)
"""Characters of one field, and where all drafts together would be too long."""
MAX_SNIPPET = 200
DRAFTS_URL = "https://mail.google.com/mail/#drafts"


def draft_list(found: FoundDrafts, page: Page, view: View) -> DraftList:
    """Build a page of drafts."""
    failed, omitted = fit_failures(found.failed, MAX_ANSWER)
    cut: list[str] = []
    drafts: list[DraftSummary] = []
    for field in MAX_FIELDS:
        cut.clear()
        drafts = [_summary(id_, message, view, field, cut) for id_, message in found.drafts]
        if cost(drafts) <= MAX_ANSWER - 2 * FRAME - cost(failed):
            break
    if cut:
        names = ", ".join(dict.fromkeys(cut))
        omitted.append(f"the end of long fields ({names}); GetEmail with message_id has more")
    answer = DraftList(drafts=drafts, failed=failed, omitted=omitted)
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


def stored(draft: Draft, outgoing: Outgoing) -> DraftReceipt:
    """Say what was stored."""
    return DraftReceipt(
        id=draft.id,
        message_id=draft.message_id,
        thread_id=draft.thread_id,
        label_ids=list(draft.label_ids),
        status="draft",
        recipients=recipients(outgoing.message),
        url=DRAFTS_URL,
    )


async def not_stored(outgoing: Outgoing) -> DraftReceipt:
    """Answer a dry run of writing a draft: every check that storing makes, and what came of it.

    Raises:
        InvalidInput: `compose` refuses it.
    """
    return DraftReceipt(
        id="",
        message_id="",
        thread_id=outgoing.thread_id,
        label_ids=[],
        status="dry_run",
        recipients=recipients(outgoing.message),
        url="",
        preview=await preview(outgoing, await outgoing.compose()),
    )


def edited(draft: Edited, changed: list[str]) -> EditedDraft:
    """Say how a draft is stored now."""
    return EditedDraft(
        id=draft.draft.id,
        message_id=draft.draft.message_id,
        thread_id=draft.draft.thread_id,
        label_ids=list(draft.draft.label_ids),
        status="draft",
        subject=draft.subject,
        recipients=list(draft.recipients),
        changed=changed,
        url=DRAFTS_URL,
    )


def not_edited(draft_id: str, message: ReadMessage, changed: list[str]) -> EditedDraft:
    """Answer a dry run: how the draft would be stored."""
    shown = _preview(message)
    return EditedDraft(
        id=draft_id,
        message_id="",
        thread_id="",
        label_ids=[],
        status="dry_run",
        preview=shown,
        subject=shown["subject"],
        recipients=[
            address.email
            for written in (*shown["to"], *shown["cc"], *shown["bcc"])
            for address in read_addresses(written)
        ],
        changed=changed,
        url=DRAFTS_URL,
    )


def not_sent(context: ToolContext, draft: StoredDraft) -> Receipt:
    """Show a stored draft as it would be sent, with a token where the operator set a key."""
    shown = _preview(draft.message)
    content = confirmation.content_of_draft(draft.id, draft.message.id)
    confirmation.offer(context, content, shown)
    return dry_run_receipt(shown, list(dict.fromkeys(draft.recipients)), draft.message.thread_id)


def deleted(draft_id: str, draft: Deleted) -> DeletedDraft:
    """Say what is gone."""
    return DeletedDraft(
        id=draft_id,
        status="deleted",
        subject=draft.subject[: MAX_FIELDS[0]],
        recipients=list(draft.recipients),
    )


def _preview(message: ReadMessage) -> Preview:
    """Show a stored or edited draft, which may hold more than was composed here."""
    return preview_of(
        message,
        message.body,
        fenced=True,
        content_type="html" if message.html_body else "plain",
        files=files_of(message.attachments),
        size=message.size_estimate,
        warnings=message.warnings,
    )


def _summary(
    id_: str, message: ReadMessage, view: View, field: int, cut: list[str]
) -> DraftSummary:
    fields = {
        "subject": message.subject,
        "to": ", ".join(map(display, message.to)),
        "cc": ", ".join(map(display, message.cc)),
        "bcc": ", ".join(map(display, message.bcc)),
    }
    cut += [name for name, text in fields.items() if len(text) > field]
    return DraftSummary(
        id=id_,
        message_id=message.id,
        thread_id=message.thread_id,
        subject=short(fields["subject"], field),
        to=short(fields["to"], field),
        cc=short(fields["cc"], field),
        bcc=short(fields["bcc"], field),
        is_reply=bool(message.in_reply_to),
        date=when(message.date, view.zone),
        snippet=message.snippet[:MAX_SNIPPET],
        url=link(message.thread_id),
    )
