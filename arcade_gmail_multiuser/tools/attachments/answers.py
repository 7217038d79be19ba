"""Build the answers about attachments: described, bounded, a page at a time."""

from __future__ import annotations

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.attachments.attachment_text import AttachmentText
from arcade_gmail_multiuser.gmail.attachments.byte_pages import BytePage
from arcade_gmail_multiuser.gmail.attachments.files import MAX_ATTACHMENT_BYTES, FoundAttachment
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.answer_format import Clip, clip, cost, fence, fit
from arcade_gmail_multiuser.tools.attachments.types import AttachmentContent, AttachmentList
from arcade_gmail_multiuser.tools.message_types import AttachmentInfo

__all__ = [
    "attachment_content",
    "attachment_list",
    "read_cursor",
    "room",
    "too_large",
    "unreadable",
    "with_bytes",
    "with_text",
]

MAX_FILENAME = 255
MAX_LISTED = 500
MAX_SUBJECT = 500
MAX_WARNINGS = 20
PAGE_FRAME = 500
"""Characters for the fence, the cursor and the notes about the page."""
MIN_CONTENT = 100
MAX_ROUNDS = 6

_PREFIXES = {"text": "t.", "base64": "b."}


def attachment_content(found: FoundAttachment) -> AttachmentContent:
    """Describe the attachment; its content is still missing."""
    return AttachmentContent(
        email_id=found.message_id,
        part_id=found.part_id,
        filename=found.filename[:MAX_FILENAME],
        mime_type=found.mime_type[:100],
        size=found.size,
        status="unreadable",
        truncated=False,
        warnings=[],
        omitted=[],
    )


def attachment_list(message: ReadMessage) -> AttachmentList:
    """List a message's attachments."""
    infos = fit(
        [
            AttachmentInfo(
                part_id=attachment.part_id,
                filename=attachment.filename[:MAX_FILENAME],
                mime_type=attachment.mime_type[:100],
                size=attachment.size,
                inline=attachment.inline,
            )
            for attachment in message.attachments[:MAX_LISTED]
        ]
    )
    more = len(message.attachments) - len(infos)
    return AttachmentList(
        email_id=message.id,
        thread_id=message.thread_id,
        subject=message.subject[:MAX_SUBJECT],
        attachments=infos,
        count=len(message.attachments),
        total_size=sum(attachment.size for attachment in message.attachments),
        omitted=[f"{more} more attachments"] if more > 0 else [],
    )


def read_cursor(given: str | None, mode: str) -> str | None:
    """Read a cursor of this mode; None begins with the beginning."""
    if given is None or not given.strip():
        return None
    prefix, inner = given.strip()[:2], given.strip()[2:]
    if prefix != _PREFIXES[mode] or not inner:
        raise InvalidInput(
            "cursor is not one of this mode. Use it exactly as the truncated answer returned it, "
            "for the same attachment and mode, or leave it out to read from the beginning."
        )
    return inner


def room(answer: AttachmentContent, max_chars: int) -> int:
    """Count the characters that are left for the content."""
    return max(max_chars - cost(answer) - PAGE_FRAME, MIN_CONTENT)


def unreadable(answer: AttachmentContent, reason: str, message: str) -> AttachmentContent:
    """Say why there is no content, and what to do."""
    answer["reason"], answer["message"] = reason, message
    return answer


def too_large(answer: AttachmentContent) -> AttachmentContent:
    """Say that the file is too large, before or after trying."""
    hint = (
        "The user can open it in Gmail."
        if answer["size"] > MAX_ATTACHMENT_BYTES
        else "mode base64 returns its bytes."
    )
    return unreadable(answer, "too_large", f"The file is too large to be read here. {hint}")


def with_bytes(answer: AttachmentContent, page: BytePage) -> AttachmentContent:
    """Add a page of bytes."""
    answer["status"] = "base64"
    answer["content_base64"], answer["offset"] = page.encoded, page.offset
    if page.next_cursor is not None:
        answer["truncated"] = True
        answer["cursor"] = _PREFIXES["base64"] + page.next_cursor
        answer["omitted"].append(f"{page.omitted_bytes:,} bytes after these; go on with cursor")
    return answer


def with_text(
    answer: AttachmentContent, read: AttachmentText, max_chars: int, start: str | None
) -> AttachmentContent:
    """Add a page of text, fenced."""
    answer["status"], answer["total_chars"] = "text", len(read.text)
    answer["warnings"] = list(read.warnings[:MAX_WARNINGS])
    if not read.complete:
        answer["omitted"].append("what comes after the text that was read; mode base64 has it all")
    cut = _clip_to_fit(read.text, room(answer, max_chars), start)
    answer["text"] = fence(cut.text, label="attachment")
    if cut.next_cursor is not None:
        answer["truncated"] = True
        answer["cursor"] = _PREFIXES["text"] + cut.next_cursor
        answer["omitted"].append(f"{cut.omitted_chars:,} characters of text; go on with cursor")
    return answer


def _clip_to_fit(text: str, left: int, start: str | None) -> Clip:
    """Cut so that the page fits as JSON, in which a line's end takes two characters."""
    characters = left
    for _ in range(MAX_ROUNDS):
        cut = clip(text, max_chars=characters, cursor=start)
        taken = cost(cut.text)
        if taken <= left or characters <= MIN_CONTENT:
            break
        characters = max(MIN_CONTENT, len(cut.text) * left // taken - 1)
    return cut
