"""Compose what a sending tool was given: recipients, sender, signature, files and quote."""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
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
from arcade_gmail_multiuser.gmail.compose.forward import Forward, compose_forward, read_raw
from arcade_gmail_multiuser.gmail.compose.mime import (
    MAX_CONTENT_BYTES,
    Composed,
    ContentType,
    OutgoingAttachment,
    OutgoingMessage,
)
from arcade_gmail_multiuser.gmail.compose.reply import compose_reply, read_for_reply
from arcade_gmail_multiuser.gmail.compose.send import composed
from arcade_gmail_multiuser.gmail.compose.send_as import Sender, sender_of, signed
from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.send.types import AttachmentInput

__all__ = ["Outgoing", "Written", "forward", "idempotency_key", "new_message", "reply"]


MAX_KEY = 200
MAX_ATTACHMENTS = 50
READERS = "MultiUserGmailSend, ReplyToEmail or WriteDraftReplyEmail"
"""The tools that may read mail, and so can attach what is in it."""
_URL = re.compile(r"\s*(?:(?:file|sandbox):|[a-z][a-z0-9+.-]{1,20}://)\S*\s*", re.IGNORECASE)
# A single absolute or relative path with a file's ending. Base64 has no dot, so none is mistaken.
_PATH = re.compile(r"\s*(?:~?/|\.{1,2}[\\/]|[A-Za-z]:[\\/]|\\\\)[^\r\n\0]{0,1000}\.\w{1,8}\s*")
_MAX_PLACE = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """Hold what every tool that writes mail is given, as it was given."""

    body: str
    cc: Sequence[str] | None
    bcc: Sequence[str] | None
    content_type: ContentType = "plain"
    attachments: Sequence[AttachmentInput] | None = None
    from_address: str | None = None
    add_signature: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """A message that is ready to be sent or stored, and the conversation it belongs to."""

    message: OutgoingMessage
    thread_id: str = ""
    quotes: bool = False
    """The body also holds what other people wrote."""
    forwarded: Forward | None = None

    async def compose(self) -> Composed:
        """Compose it, off the event loop where it is large.

        Raises:
            InvalidAddress, InvalidHeader, InvalidInput, MessageTooLarge: it cannot be sent so.
        """
        if self.forwarded is not None:
            return await asyncio.to_thread(self.forwarded.write, self.message)
        return await composed(self.message)


async def new_message(
    written: Written, *, to: str, subject: str, gmail: GmailClient | None = None
) -> Outgoing:
    """Compose a new message; headers and sizes are checked when it is written as MIME.

    Args:
        gmail: for a tool that may read mail: files, sender and signature can come from there.

    Raises:
        InvalidAddress: an address cannot be read, or there is no recipient.
        InvalidInput: an attachment is missing, damaged, or a path or URL.
    """
    recipients, cc, bcc = _recipients(to), parse_addresses(written.cc), parse_addresses(written.bcc)
    ready = await _prepare(written, gmail)
    message = OutgoingMessage(
        to=recipients,
        subject=subject,
        body=ready.body,
        cc=cc,
        bcc=bcc,
        content_type=ready.content_type,
        attachments=ready.files,
    )
    return Outgoing(ready.sender.put_on(message) if ready.sender else message)


async def reply(
    gmail: GmailClient,
    written: Written,
    *,
    to_message: str,
    whom: Literal["every_recipient", "only_the_sender"],
    quote: bool,
) -> Outgoing:
    """Compose an answer to a message.

    Raises:
        InvalidAddress: an address cannot be read, or the message leaves no one to answer.
        InvalidInput: as for `new_message`.
        NotFound: there is no such message.
    """
    message_id = checks.identifier("reply_to_message_id", to_message)
    cc, bcc = parse_addresses(written.cc), parse_addresses(written.bcc)
    ready = await _prepare(written, gmail)
    original, mine = await read_for_reply(gmail, message_id)
    message = compose_reply(
        original,
        body=ready.body,
        mine=mine,
        whom=whom,
        cc=cc,
        bcc=bcc,
        content_type=ready.content_type,
        attachments=ready.files,
        quote=quote,
    )
    message = ready.sender.put_on(message) if ready.sender else message
    return Outgoing(message, original.thread_id, quotes=quote)


async def forward(gmail: GmailClient, written: Written, *, email_id: str, to: str) -> Outgoing:
    """Compose a message that carries another one, below the text of `written`.

    Raises:
        InvalidAddress: an address cannot be read, or there is no recipient.
        MessageTooLarge: the other one is larger than Gmail sends.
        NotFound: there is no such message.
    """
    email_id = checks.identifier("email_id", email_id)
    recipients, cc, bcc = _recipients(to), parse_addresses(written.cc), parse_addresses(written.bcc)
    sender = await sender_of(gmail, written.from_address, sign=False)
    original, _ = await fetch.read_message_with_labels(gmail, email_id)
    raw = await read_raw(gmail, email_id, expected=original.size_estimate)
    forwarded = await asyncio.to_thread(
        compose_forward, original, raw, to=recipients, cc=cc, bcc=bcc, note=written.body
    )
    message = sender.put_on(forwarded.message)
    return Outgoing(message, original.thread_id, quotes=True, forwarded=forwarded)


def idempotency_key(key: str | None, confirmation_token: str | None) -> str | None:
    """Return the key as it is, or refuse two things that both say "once" about one message.

    Raises:
        InvalidInput: both are given, or the key is too long or blank. Under a blank key, unrelated
            messages would count as repeats of each other.
    """
    if key is not None and confirmation_token is not None:
        raise InvalidInput(
            "Give either idempotency_key or confirmation_token: with a token the message is sent "
            "once however often the call is repeated."
        )
    if key is not None and not (key.strip() and len(key) <= MAX_KEY):
        raise InvalidInput(
            f"idempotency_key must have 1 to {MAX_KEY} characters. Leave it out to send without."
        )
    return key


@dataclass(frozen=True, slots=True, repr=False)
class _Ready:
    """What was written, with its signature, files and sender, where there may be one."""

    sender: Sender | None
    body: str
    content_type: ContentType
    files: tuple[OutgoingAttachment, ...]


async def _prepare(written: Written, gmail: GmailClient | None) -> _Ready:
    if gmail is None:
        files = await _files_in_call(written.attachments)
        return _Ready(None, written.body, written.content_type, files)
    sender = await sender_of(gmail, written.from_address, sign=written.add_signature)
    body, content_type = signed(written.body, written.content_type, sender)
    return _Ready(sender, body, content_type, await _files(gmail, written.attachments))


def _recipients(given: str) -> tuple[Address, ...]:
    found = parse_addresses(given)
    if not found:
        raise InvalidAddress("The message has no recipient. Give at least one address.")
    return found


async def _files_in_call(given: Sequence[AttachmentInput] | None) -> tuple[OutgoingAttachment, ...]:
    """Read the attachments of a tool that may not read mail: their content is in the call.

    Raises:
        InvalidInput: content is missing or damaged, or a path, a URL or a message is given instead.
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


async def _files(
    gmail: GmailClient, given: Sequence[AttachmentInput] | None
) -> tuple[OutgoingAttachment, ...]:
    """Read the attachments of a tool that may read mail: from the call, or from the mailbox.

    Everything is checked before anything is fetched, and sizes are added up before bytes are.

    Raises:
        InvalidInput: as for `_files_in_call`; or several attachments of a message fit.
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
            found[number] = await find_attachment(gmail, message_id, file.get("attachment"))
    sizes = (*(len(file.content) for file in ready.values()), *(f.size for f in found.values()))
    if sum(sizes) > MAX_CONTENT_BYTES:
        raise _too_large()
    for number, one in found.items():
        ready[number] = await _fetched(gmail, given[number - 1], one, number)
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
    """Drop what is blank: models in strict mode fill in every key. A file may be empty."""
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
    gmail: GmailClient, given: AttachmentInput, found: FoundAttachment, number: int
) -> OutgoingAttachment:
    try:
        content = await fetch_content(gmail, found)
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
