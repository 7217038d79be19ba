"""From the arguments of a sending tool to the message that is composed."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Sequence
from typing import Literal

from arcade_gmail_multiuser.errors import (
    AnswerTooLarge,
    InvalidAddress,
    InvalidInput,
    MessageTooLarge,
)
from arcade_gmail_multiuser.gmail.addresses import Address, parse_addresses
from arcade_gmail_multiuser.gmail.api.client import GmailClient, off_loop
from arcade_gmail_multiuser.gmail.attachments.files import (
    FoundAttachment,
    fetch_content,
    find_attachment,
)
from arcade_gmail_multiuser.gmail.compose.mime import (
    MAX_CONTENT_BYTES,
    OutgoingAttachment,
    OutgoingMessage,
)
from arcade_gmail_multiuser.tools.arguments import checks
from arcade_gmail_multiuser.tools.arguments.sending_shapes import AttachmentInput

__all__ = ["copies", "files", "files_from", "new_message", "recipients"]

MAX_ATTACHMENTS = 50

READERS = "MultiUserGmailSend, ReplyToEmail or WriteDraftReplyEmail"
"""The tools that may read mail, and so can attach what is in it."""

_URL = re.compile(r"\s*(?:(?:file|sandbox):|[a-z][a-z0-9+.-]{1,20}://)\S*\s*", re.IGNORECASE)
# A single absolute or relative path with a file's ending. Base64 has no dot, so none is mistaken.
_PATH = re.compile(r"\s*(?:~?/|\.{1,2}[\\/]|[A-Za-z]:[\\/]|\\\\)[^\r\n\0]{0,1000}\.\w{1,8}\s*")
_MAX_PLACE = 10_000


def new_message(
    *,
    to: str,
    subject: str,
    body: str,
    cc: Sequence[str] | None,
    bcc: Sequence[str] | None,
    content_type: Literal["plain", "html", "auto"],
    attachments: tuple[OutgoingAttachment, ...] = (),
) -> OutgoingMessage:
    """Check the arguments and put them together; sizes and headers are checked by composing."""
    to_ = recipients(to)
    more, hidden = copies(cc, bcc)
    return OutgoingMessage(
        to=to_,
        subject=subject,
        body=body,
        cc=more,
        bcc=hidden,
        content_type=content_type,
        attachments=attachments,
    )


def recipients(given: str) -> tuple[Address, ...]:
    """Read the addresses a message goes to.

    Raises:
        InvalidAddress: one is none, or there are none at all.
    """
    found = parse_addresses(given)
    if not found:
        raise InvalidAddress("The message has no recipient. Give at least one address.")
    return found


def copies(
    cc: Sequence[str] | None, bcc: Sequence[str] | None
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Read the addresses in copy and in hidden copy."""
    return parse_addresses(cc), parse_addresses(bcc)


async def files(given: Sequence[AttachmentInput] | None) -> tuple[OutgoingAttachment, ...]:
    """Read the attachments of a tool that cannot read mail: their content is in the call.

    Raises:
        InvalidInput: content is missing, damaged, or a path, a URL or a message instead.
    """
    given = _checked(given)
    for number, file in enumerate(given, start=1):
        if _is_in_mail(file):
            raise InvalidInput(
                f"Attachment {number}: this tool has no permission to read mail, so it cannot "
                f"attach a file from a message. Use {READERS} with the same attachment, or give "
                "its content."
            )
    return tuple([await _inline(number, file) for number, file in enumerate(given, start=1)])


async def files_from(
    mailbox: GmailClient, given: Sequence[AttachmentInput] | None
) -> tuple[OutgoingAttachment, ...]:
    """Read the attachments of a tool that may read mail: from the call, or from the mailbox.

    Everything is checked before anything is fetched, and sizes are added up before bytes are.

    Raises:
        InvalidInput: as for `files`; or several attachments of a message fit.
        NotFound: no such message, or no such attachment.
        MessageTooLarge: all together are more than Gmail sends.
    """
    given = _checked(given)
    ready: dict[int, OutgoingAttachment] = {}
    for number, file in enumerate(given, start=1):
        if not _is_in_mail(file):
            ready[number] = await _inline(number, file)
    found: dict[int, FoundAttachment] = {}
    for number, file in enumerate(given, start=1):
        if _is_in_mail(file):
            message_id = checks.identifier("from_email_id", file.get("from_email_id") or "")
            found[number] = await find_attachment(mailbox, message_id, file.get("attachment"))
    sizes = (*(len(file.content) for file in ready.values()), *(f.size for f in found.values()))
    if sum(sizes) > MAX_CONTENT_BYTES:
        raise _too_large()
    for number, one in found.items():
        ready[number] = await _fetched(mailbox, given[number - 1], one, number)
    return tuple(ready[number] for number in sorted(ready))


def _checked(given: Sequence[AttachmentInput] | None) -> Sequence[AttachmentInput]:
    given = given or ()
    if len(given) > MAX_ATTACHMENTS:
        raise InvalidInput(f"At most {MAX_ATTACHMENTS} attachments can be sent with one message.")
    plain = [_without_blanks(file) for file in given]
    for number, file in enumerate(plain, start=1):
        _check(number, file)
    return plain


def _without_blanks(file: AttachmentInput) -> AttachmentInput:
    """Leave out what says nothing: models in strict mode fill in every key. A file may be empty."""
    plain = AttachmentInput()
    for key in ("filename", "content_base64", "from_email_id", "attachment", "mime_type"):
        value = file.get(key)
        if isinstance(value, str) and value.strip():
            plain[key] = value
    if file.get("content"):
        plain["content"] = file["content"]
    empty = "" in (file.get("content"), file.get("content_base64"))
    if empty and not plain.keys() & {"content", "content_base64", "from_email_id"}:
        plain["content"] = ""
    return plain


def _check(number: int, file: AttachmentInput) -> None:
    """Refuse what cannot be a file, before anything is fetched or decoded."""
    sources = [file.get("content"), file.get("content_base64"), file.get("from_email_id")]
    if sum(source is not None for source in sources) != 1:
        raise InvalidInput(
            f"Attachment {number} needs exactly one of content, content_base64 and from_email_id."
        )
    if not _is_in_mail(file) and file.get("attachment") is not None:
        raise InvalidInput(f"Attachment {number}: attachment goes with from_email_id only.")
    if any(_is_a_place(source) for source in (*sources, file.get("attachment")) if source):
        raise InvalidInput(
            f"Attachment {number} names a place instead of holding the file. Paths and URLs are "
            "never opened: put the file's text into content or its base64 into content_base64, or "
            "name a message that has it in from_email_id."
        )
    if not _is_in_mail(file) and not (file.get("filename") or "").strip():
        raise InvalidInput(f"Attachment {number} has no filename.")


def _is_in_mail(file: AttachmentInput) -> bool:
    return file.get("from_email_id") is not None


def _is_a_place(source: str) -> bool:
    if len(source) > _MAX_PLACE:
        return False
    return bool(_URL.fullmatch(source) or _PATH.fullmatch(source))


async def _inline(number: int, given: AttachmentInput) -> OutgoingAttachment:
    filename = (given.get("filename") or "").strip()
    text, encoded = given.get("content"), given.get("content_base64") or ""
    if text is not None:
        content = text.encode("utf-8", "replace")
    else:
        content = await off_loop(len(encoded), lambda: _from_base64(number, encoded))
    mime_type = given.get("mime_type") or _guessed(filename) or "application/octet-stream"
    return OutgoingAttachment(filename, mime_type, content)


def _from_base64(number: int, encoded: str) -> bytes:
    """Decode what agents write: line breaks, the URL alphabet, missing padding."""
    plain = "".join(encoded.split()).translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise InvalidInput(f"Attachment {number}: content_base64 is not valid base64.") from None


async def _fetched(
    mailbox: GmailClient, given: AttachmentInput, found: FoundAttachment, number: int
) -> OutgoingAttachment:
    try:
        content = await fetch_content(mailbox, found)
    except AnswerTooLarge:
        raise _too_large() from None
    filename = (given.get("filename") or "").strip() or found.filename or f"attachment-{number}"
    mime_type = given.get("mime_type") or found.mime_type
    if mime_type.startswith(("multipart/", "message/")) and mime_type != "message/rfc822":
        mime_type = "application/octet-stream"
    return OutgoingAttachment(filename, mime_type, content)


def _guessed(filename: str) -> str | None:
    return mimetypes.guess_type(filename, strict=False)[0]


def _too_large() -> MessageTooLarge:
    return MessageTooLarge(
        "The attachments are larger than Gmail takes: body and attachments may have 25 MB "
        "together. Send fewer or smaller ones, or a link to the file."
    )
