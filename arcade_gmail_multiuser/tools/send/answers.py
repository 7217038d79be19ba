"""Build the receipts of sent messages, and the previews of messages that were not sent."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.addresses import Address, display
from arcade_gmail_multiuser.gmail.compose.drafts import StoredDraft
from arcade_gmail_multiuser.gmail.compose.mime import (
    OutgoingMessage,
    distinct_recipients,
    resolve_content_type,
)
from arcade_gmail_multiuser.gmail.compose.send import (
    OFF_LOOP_CHARACTERS,
    Sent,
    composed,
)
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.messages.composed import read_composed
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.gmail.messages.truncation import clip, fence
from arcade_gmail_multiuser.tools.send import confirmation
from arcade_gmail_multiuser.tools.send.inputs import Outgoing
from arcade_gmail_multiuser.tools.send.types import OutgoingFile, Preview, Receipt
from arcade_gmail_multiuser.tools.view import link

__all__ = [
    "not_sent",
    "not_sent_draft",
    "prepared",
    "preview",
    "preview_of_mime",
    "receipt",
    "recipients",
    "sent_receipt",
]


MAX_BODY = 40_000
MAX_FILES = 100


def receipt(sent: Sent, outgoing: Outgoing) -> Receipt:
    """Say what became of a message that was composed here."""
    answer = sent_receipt(sent, recipients(outgoing.message))
    if outgoing.warnings:
        answer["warnings"] = [*answer.get("warnings", ()), *outgoing.warnings]
    return answer


def sent_receipt(sent: Sent, recipients: Sequence[str]) -> Receipt:
    """Say what became of a message that goes to these addresses."""
    answer = Receipt(
        thread_id=sent.thread_id,
        label_ids=list(sent.label_ids),
        status="sent" if sent.certain else "probably_sent",
        recipients=list(recipients),
        url=link(sent.thread_id),
    )
    if sent.id:
        answer["message_id"] = answer["id"] = sent.id
    if sent.repeated:
        answer["repeated"] = True
    if sent.warnings:
        answer["warnings"] = list(sent.warnings)
    return answer


def recipients(message: OutgoingMessage) -> list[str]:
    """List everyone a message goes to, each once."""
    lists = distinct_recipients(message.to, message.cc, message.bcc)
    return [address.email for addresses in lists for address in addresses]


async def not_sent(outgoing: Outgoing, *, confirmed_by: ToolContext | None = None) -> Receipt:
    """Answer a dry run of sending: every check that sending makes, and what came of it.

    Args:
        confirmed_by: who may confirm it, with a token where the operator set a key.

    Raises:
        InvalidInput: `compose` refuses it.
    """
    if confirmed_by is None:
        shown = await preview(outgoing)
    else:
        shown = await _offered(confirmed_by, outgoing, needed=False)
    return _dry_run(shown, recipients(outgoing.message), outgoing.thread_id)


async def prepared(context: ToolContext, outgoing: Outgoing) -> Preview:
    """Show a message together with a token to send it with.

    Raises:
        ConfigurationError: the operator set no key.
    """
    return await _offered(context, outgoing, needed=True)


def not_sent_draft(context: ToolContext, draft: StoredDraft) -> Receipt:
    """Show a stored draft as it would be sent, with a token where the operator set a key."""
    shown = _as_read(draft.message)
    content = confirmation.content_of_draft(draft.id, draft.message.id)
    confirmation.offer(context, content, shown)
    return _dry_run(shown, list(dict.fromkeys(draft.recipients)), draft.message.thread_id)


async def preview(outgoing: Outgoing) -> Preview:
    """Show a message as it would be sent.

    Raises:
        InvalidInput: `compose` refuses it.
    """
    if outgoing.write is None:
        return await _preview(outgoing, await composed(outgoing.message))
    mime = await asyncio.to_thread(outgoing.write, outgoing.message)
    shown = await preview_of_mime(mime)
    shown["warnings"] = [*outgoing.warnings, *shown["warnings"]]
    return shown


async def preview_of_mime(mime: bytes) -> Preview:
    """Show a mail that is composed already as its recipient will read it."""
    if len(mime) > OFF_LOOP_CHARACTERS:
        return await asyncio.to_thread(lambda: _as_read(read_composed(mime)))
    return _as_read(read_composed(mime))


async def _offered(context: ToolContext, outgoing: Outgoing, *, needed: bool) -> Preview:
    mime = await composed(outgoing.message)
    shown = await _preview(outgoing, mime)
    content = await confirmation.content_of_message(mime)
    confirmation.offer(context, content, shown, needed=needed)
    return shown


async def _preview(outgoing: Outgoing, mime: bytes) -> Preview:
    message, fenced = outgoing.message, outgoing.quotes
    if len(mime) > OFF_LOOP_CHARACTERS:
        return await asyncio.to_thread(_from_message, message, len(mime), fenced=fenced)
    return _from_message(message, len(mime), fenced=fenced)


def _from_message(message: OutgoingMessage, encoded_size: int, *, fenced: bool) -> Preview:
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


def _dry_run(shown: Preview, recipients: list[str], thread_id: str) -> Receipt:
    return Receipt(
        thread_id=thread_id,
        label_ids=[],
        status="dry_run",
        recipients=recipients,
        url="",
        preview=shown,
    )
