"""What is said of drafts that are stored already."""

from __future__ import annotations

from arcade_gmail_multiuser.gmail.addresses import display, read_addresses
from arcade_gmail_multiuser.gmail.compose.drafts import Deleted, Edited, FoundDrafts
from arcade_gmail_multiuser.gmail.messages.fetch import Page
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.answers.describing import short
from arcade_gmail_multiuser.tools.answers.draft_shapes import (
    DeletedDraft,
    DraftList,
    DraftSummary,
    EditedDraft,
)
from arcade_gmail_multiuser.tools.answers.fitting import ANSWER, FRAME, cost, failed_within
from arcade_gmail_multiuser.tools.answers.views import View, link, when
from arcade_gmail_multiuser.tools.arguments.sending_shapes import Preview

__all__ = ["deleted", "draft_list", "edited", "not_edited"]

FIELDS = (300, 60)
"""Characters of one field, and where all drafts together would be too long."""
SNIPPET = 200
DRAFTS_URL = "https://mail.google.com/mail/#drafts"


def draft_list(found: FoundDrafts, page: Page, view: View) -> DraftList:
    """Shape a page of drafts."""
    failed, omitted = failed_within(found.failed, ANSWER)
    cut: list[str] = []
    drafts: list[DraftSummary] = []
    for field in FIELDS:
        cut.clear()
        drafts = [_summary(id_, message, view, field, cut) for id_, message in found.drafts]
        if cost(drafts) <= ANSWER - 2 * FRAME - cost(failed):
            break
    if cut:
        names = ", ".join(dict.fromkeys(cut))
        omitted.append(f"the end of long fields ({names}); GetEmail with message_id has more")
    answer = DraftList(drafts=drafts, failed=failed, omitted=omitted)
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


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


def not_edited(draft_id: str, shown: Preview, changed: list[str]) -> EditedDraft:
    """Answer a dry run: how the draft would be stored."""
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


def deleted(draft_id: str, draft: Deleted) -> DeletedDraft:
    """Say what is gone."""
    return DeletedDraft(
        id=draft_id,
        status="deleted",
        subject=draft.subject[: FIELDS[0]],
        recipients=list(draft.recipients),
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
        snippet=message.snippet[:SNIPPET],
        url=link(message.thread_id),
    )
