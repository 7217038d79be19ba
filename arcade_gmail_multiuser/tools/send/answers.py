"""Build the receipts of sent messages, and the previews of messages that were not sent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.api.client import off_loop
from arcade_gmail_multiuser.gmail.api.requests import thread_url
from arcade_gmail_multiuser.gmail.compose.mime import (
    Composed,
    OutgoingAttachment,
    OutgoingMessage,
    distinct_recipients,
)
from arcade_gmail_multiuser.gmail.compose.send import Sent
from arcade_gmail_multiuser.gmail.messages.message import ReadAttachment, ReadMessage
from arcade_gmail_multiuser.tools.answer_format import clip, fence
from arcade_gmail_multiuser.tools.send import confirmation
from arcade_gmail_multiuser.tools.send.inputs import Outgoing
from arcade_gmail_multiuser.tools.send.types import OutgoingFile, Preview, Receipt

__all__ = [
    "dry_run_receipt",
    "files_of",
    "not_sent",
    "prepared",
    "preview",
    "preview_of",
    "receipt",
    "recipients",
    "sent_receipt",
]

MAX_BODY = 40_000
MAX_FILES = 100


def receipt(sent: Sent, outgoing: Outgoing) -> Receipt:
    """Say what became of a message that was composed here."""
    answer = sent_receipt(sent, recipients(outgoing.message))
    if outgoing.forwarded and outgoing.forwarded.warnings:
        answer["warnings"] = [*answer.get("warnings", ()), *outgoing.forwarded.warnings]
    return answer


def sent_receipt(sent: Sent, recipients: Sequence[str]) -> Receipt:
    """Say what became of a message that goes to these addresses."""
    answer = Receipt(
        thread_id=sent.thread_id,
        label_ids=list(sent.label_ids),
        status="sent" if sent.certain else "probably_sent",
        recipients=list(recipients),
        url=thread_url(sent.thread_id),
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
    composed = await outgoing.compose()
    shown = await preview(outgoing, composed)
    if confirmed_by is not None:
        await confirmation.offer_message(confirmed_by, composed, shown)
    return dry_run_receipt(shown, recipients(outgoing.message), outgoing.thread_id)


async def prepared(context: ToolContext, outgoing: Outgoing) -> Preview:
    """Show a message together with a token to send it with.

    Raises:
        ConfigurationError: the operator set no key.
    """
    composed = await outgoing.compose()
    shown = await preview(outgoing, composed)
    await confirmation.offer_message(context, composed, shown, needed=True)
    return shown


async def preview(outgoing: Outgoing, composed: Composed) -> Preview:
    """Show a message as its reader will see it, from what composing it found out."""
    forwarded, readable = outgoing.forwarded, composed.readable

    def build() -> Preview:
        return preview_of(
            outgoing.message,
            readable.text,
            fenced=outgoing.quotes,
            content_type=composed.content_type,
            files=files_of(forwarded.files) if forwarded else _hashed(outgoing.message.attachments),
            size=len(composed.mime),
            warnings=(*(forwarded.warnings if forwarded else ()), *readable.warnings),
        )

    return await off_loop(len(composed.mime), build)


def preview_of(
    message: OutgoingMessage | ReadMessage,
    body: str,
    *,
    fenced: bool,
    content_type: Literal["plain", "html"],
    files: Sequence[OutgoingFile],
    size: int,
    warnings: Sequence[str],
) -> Preview:
    """Show who a message goes to and what it says, as much as a preview holds.

    Args:
        body: its text as a reader will see it.
        fenced: the body also holds what other people wrote.
    """
    to, cc, bcc = distinct_recipients(message.to, message.cc, message.bcc)
    cut = clip(body, max_chars=MAX_BODY)
    omitted = [f"{cut.omitted_chars:,} characters at the end of the text"] if cut.truncated else []
    if len(files) > MAX_FILES:
        omitted.append(f"{len(files) - MAX_FILES} more attachments")
    shown = Preview(
        to=list(map(display, to)),
        cc=list(map(display, cc)),
        bcc=list(map(display, bcc)),
        subject=message.subject,
        body=fence(cut.text, label="message to send") if fenced else cut.text,
        content_type=content_type,
        attachments=list(files[:MAX_FILES]),
        encoded_size=size,
        warnings=list(warnings),
        omitted=omitted,
    )
    if message.from_ is not None:
        shown["from_"] = display(message.from_)
    if message.reply_to:
        shown["reply_to"] = list(map(display, message.reply_to))
    return shown


def files_of(attachments: Sequence[ReadAttachment]) -> list[OutgoingFile]:
    """List files whose content is not at hand."""
    return [
        OutgoingFile(filename=file.filename, mime_type=file.mime_type, size=file.size)
        for file in attachments
    ]


def dry_run_receipt(shown: Preview, recipients: list[str], thread_id: str) -> Receipt:
    """Answer a dry run of sending."""
    return Receipt(
        thread_id=thread_id,
        label_ids=[],
        status="dry_run",
        recipients=recipients,
        url="",
        preview=shown,
    )


def _hashed(attachments: Sequence[OutgoingAttachment]) -> list[OutgoingFile]:
    return [
        OutgoingFile(
            filename=file.filename,
            mime_type=file.mime_type,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
        )
        for file in attachments
    ]
