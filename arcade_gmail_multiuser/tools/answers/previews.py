"""What would be sent, shown without sending or storing it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.addresses import Address, display
from arcade_gmail_multiuser.gmail.api.client import off_loop
from arcade_gmail_multiuser.gmail.compose.drafts import StoredDraft
from arcade_gmail_multiuser.gmail.compose.mime import (
    OutgoingMessage,
    distinct_recipients,
    resolve_content_type,
)
from arcade_gmail_multiuser.gmail.compose.send import composed
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.messages.composed import read_composed
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.gmail.messages.truncation import clip, fence
from arcade_gmail_multiuser.tools import confirmation
from arcade_gmail_multiuser.tools.answers.shapes import DraftReceipt, Receipt
from arcade_gmail_multiuser.tools.arguments.sending_shapes import OutgoingFile, Preview

__all__ = [
    "draft_not_stored",
    "not_sent",
    "not_sent_draft",
    "not_sent_mail",
    "offered",
    "prepared",
    "preview_of_mail",
]

MAX_BODY = 40_000
MAX_FILES = 100


async def not_sent(
    message: OutgoingMessage, *, thread_id: str = "", fenced: bool = False
) -> Receipt:
    """Answer a dry run of sending: every check that sending makes, and what came of it.

    Args:
        fenced: the body also holds what somebody else wrote, such as a quoted message.

    Raises:
        InvalidInput: whatever `compose` refuses.
    """
    shown = await _preview(message, await composed(message), fenced=fenced)
    return _receipt(shown, _recipients(message), thread_id)


async def draft_not_stored(
    message: OutgoingMessage, *, thread_id: str = "", fenced: bool = False
) -> DraftReceipt:
    """Answer a dry run of writing a draft; see `not_sent`."""
    return DraftReceipt(
        id="",
        message_id="",
        thread_id=thread_id,
        label_ids=[],
        status="dry_run",
        recipients=_recipients(message),
        url="",
        preview=await _preview(message, await composed(message), fenced=fenced),
    )


async def offered(context: ToolContext, message: OutgoingMessage) -> Receipt:
    """Answer as `not_sent`, with a token to send it with where the operator set a key."""
    shown = await _offered(context, message, needed=False)
    return _receipt(shown, _recipients(message), "")


async def prepared(context: ToolContext, message: OutgoingMessage) -> Preview:
    """Show a message together with a token to send it with.

    Raises:
        ConfigurationError: the operator set no key.
    """
    return await _offered(context, message, needed=True)


async def _offered(context: ToolContext, message: OutgoingMessage, *, needed: bool) -> Preview:
    mime = await composed(message)
    shown = await _preview(message, mime, fenced=False)
    content = await confirmation.content_of_message(mime)
    confirmation.offer(context, content, shown, needed=needed)
    return shown


def not_sent_draft(context: ToolContext, draft: StoredDraft) -> Receipt:
    """Show a stored draft, read in full, as it would be sent; with a token as `offered`."""
    shown = _as_read(draft.message)
    content = confirmation.content_of_draft(draft.id, draft.message.id)
    confirmation.offer(context, content, shown)
    return _receipt(shown, list(dict.fromkeys(draft.recipients)), draft.message.thread_id)


async def not_sent_mail(
    mime: bytes, recipients: Sequence[str], *, thread_id: str, warnings: Sequence[str] = ()
) -> Receipt:
    """Answer a dry run of sending a mail that is composed already, such as a forwarded one."""
    shown = await preview_of_mail(mime)
    shown["warnings"] = [*warnings, *shown["warnings"]]
    return _receipt(shown, list(recipients), thread_id)


async def preview_of_mail(mime: bytes) -> Preview:
    """Show a mail that is composed already as its recipient will read it."""
    return await off_loop(len(mime), lambda: _as_read(read_composed(mime)))


def _as_read(message: ReadMessage) -> Preview:
    body, omitted = _body(message.body, fenced=True)
    more = len(message.attachments) - MAX_FILES
    if more > 0:
        omitted.append(f"{more} more attachments")
    shown = Preview(
        to=_people(message.to),
        cc=_people(message.cc),
        bcc=_people(message.bcc),
        subject=message.subject,
        body=body,
        content_type="html" if message.html_body else "plain",
        attachments=[
            OutgoingFile(filename=file.filename, mime_type=file.mime_type, size=file.size)
            for file in message.attachments[:MAX_FILES]
        ],
        encoded_size=message.size_estimate,
        warnings=list(message.warnings),
        omitted=omitted,
    )
    return _from(message.from_, message.reply_to, shown)


async def _preview(message: OutgoingMessage, mime: bytes, *, fenced: bool) -> Preview:
    return await off_loop(len(mime), lambda: _shown(message, len(mime), fenced=fenced))


def _shown(message: OutgoingMessage, encoded_size: int, *, fenced: bool) -> Preview:
    kind = resolve_content_type(message.body, message.content_type)
    text, warnings = message.body, list[str]()
    if kind == "html":
        readable = html_to_text(message.body)
        text, warnings = readable.text, list(readable.warnings)
    to, cc, bcc = distinct_recipients(message.to, message.cc, message.bcc)
    body, omitted = _body(text, fenced=fenced)
    shown = Preview(
        to=_people(to),
        cc=_people(cc),
        bcc=_people(bcc),
        subject=message.subject,
        body=body,
        content_type=kind,
        attachments=[
            OutgoingFile(
                filename=file.filename,
                mime_type=file.mime_type,
                size=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
            )
            for file in message.attachments
        ],
        encoded_size=encoded_size,
        warnings=warnings,
        omitted=omitted,
    )
    return _from(message.from_, message.reply_to, shown)


def _from(address: Address | None, reply_to: Sequence[Address], shown: Preview) -> Preview:
    if address is not None:
        shown["from_"] = display(address)
    if reply_to:
        shown["reply_to"] = _people(reply_to)
    return shown


def _body(text: str, *, fenced: bool) -> tuple[str, list[str]]:
    cut = clip(text, max_chars=MAX_BODY)
    omitted = [f"{cut.omitted_chars:,} characters at the end of the text"] if cut.truncated else []
    return fence(cut.text, label="message to send") if fenced else cut.text, omitted


def _people(addresses: Iterable[Address]) -> list[str]:
    return [display(address) for address in addresses]


def _recipients(message: OutgoingMessage) -> list[str]:
    lists = distinct_recipients(message.to, message.cc, message.bcc)
    return [address.email for addresses in lists for address in addresses]


def _receipt(shown: Preview, recipients: list[str], thread_id: str) -> Receipt:
    return Receipt(
        thread_id=thread_id,
        label_ids=[],
        status="dry_run",
        recipients=recipients,
        url="",
        preview=shown,
    )
