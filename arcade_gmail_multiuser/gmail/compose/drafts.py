"""Read, change and delete stored drafts; of a changed one thread, type and attachments stay."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    GmailMultiuserError,
    InvalidAddress,
    MessageTooLarge,
    NotFound,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.addresses import Address, read_addresses
from arcade_gmail_multiuser.gmail.api.client import GmailClient, off_loop
from arcade_gmail_multiuser.gmail.characters import decode_base64, decode_words
from arcade_gmail_multiuser.gmail.compose.headers import address_header, text_header
from arcade_gmail_multiuser.gmail.compose.mime import (
    MAX_MESSAGE_BYTES,
    MAX_RECIPIENTS,
    compose_text,
    resolve_content_type,
)
from arcade_gmail_multiuser.gmail.compose.mime_edit import (
    Taken,
    header_values,
    put_together,
    split_mail,
    take_apart,
    with_fields,
)
from arcade_gmail_multiuser.gmail.messages.fetch import Failure, Page, Search, list_page
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message
from arcade_gmail_multiuser.gmail.messages.raw_message import read_raw_message

__all__ = [
    "Deleted",
    "Draft",
    "DraftEdit",
    "Edited",
    "FoundDrafts",
    "StoredDraft",
    "delete_draft",
    "draft_of",
    "edit_draft",
    "edited_draft",
    "list_drafts",
    "read_draft",
    "read_drafts",
    "update_draft",
]

ContentKind = Literal["keep", "plain", "html", "auto"]


@dataclass(frozen=True, slots=True)
class Draft:
    """Name a stored draft and the message in it."""

    id: str
    message_id: str
    thread_id: str
    label_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class StoredDraft:
    """Hold a draft as it is now; a change gives the message in it a new id."""

    id: str
    message: ReadMessage
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class FoundDrafts:
    """Hold the drafts that were read, each with its own id, and those that were not."""

    drafts: tuple[tuple[str, ReadMessage], ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, repr=False)
class DraftEdit:
    """What is to be different; None keeps what is there, () removes the addresses."""

    subject: str | None = None
    body: str | None = None
    content_type: ContentKind = "keep"
    to: tuple[Address, ...] | None = None
    cc: tuple[Address, ...] | None = None
    bcc: tuple[Address, ...] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Edited:
    """The draft as it is stored now."""

    draft: Draft
    subject: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Deleted:
    """The draft that was."""

    subject: str
    recipients: tuple[str, ...]


async def list_drafts(gmail: GmailClient, size: int, token: str | None) -> Page:
    """Return one page of draft ids, which are not the ids of the messages in them."""
    return await list_page(gmail, "drafts", Search(), size, token)


async def read_drafts(gmail: GmailClient, ids: Sequence[str]) -> FoundDrafts:
    """Read the headers of several drafts; one that fails is named.

    Raises:
        AuthorizationError: the person has to connect, or to grant more.
    """
    each = [{"id": id_, "format": "metadata"} for id_ in ids]
    drafts: list[tuple[str, ReadMessage]] = []
    failed: list[Failure] = []
    for id_, answer in zip(ids, await gmail.call_each("users.drafts.get", each), strict=True):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            failed.append(Failure(id_, answer))
        else:
            drafts.append((id_, read_message(answer.get("message") or {})))
    return FoundDrafts(tuple(drafts), tuple(failed))


async def read_draft(gmail: GmailClient, draft_id: str, *, full: bool = False) -> StoredDraft:
    """Read a draft that is to be sent: its headers, and with `full` its text and attachments.

    Raises:
        InvalidAddress: the draft has no recipient.
        NotFound: there is no such draft.
    """
    shape = "full" if full else "metadata"
    draft = await gmail.call("users.drafts.get", id=draft_id, format=shape)
    resource = draft.get("message") or {}
    size = int(resource.get("sizeEstimate") or 0) if full else 0
    inside = await off_loop(size, lambda: read_message(resource))
    recipients = tuple(a.email for a in (*inside.to, *inside.cc, *inside.bcc))
    if not recipients:
        raise InvalidAddress("The draft has no recipient. Add one before sending it.")
    return StoredDraft(draft_id, inside, recipients)


async def update_draft(gmail: GmailClient, draft_id: str, edit: DraftEdit) -> Edited:
    """Store the draft with the changes, in the same conversation.

    Raises:
        NotFound: there is no such draft (any more); it may have been sent.
        InvalidHeader, InvalidAddress, InvalidInput, MessageTooLarge: the draft is as it was.
    """
    message, edited = await _edited(gmail, draft_id, edit)
    thread_id = str(message.get("threadId") or "")
    if thread_id == message.get("id"):
        # A conversation of its own goes when the message is replaced: a repeated call, after a
        # lost answer, would name one that is not there any more.
        thread_id = ""
    answer = await gmail.upload("users.drafts.update", edited, thread_id=thread_id, id=draft_id)
    now: dict[str, Any] = answer.get("message") or {}
    fields, _ = split_mail(edited)
    return Edited(
        Draft(
            str(answer.get("id") or draft_id),
            str(now.get("id") or ""),
            str(now.get("threadId") or thread_id),
            tuple(now.get("labelIds") or ()),
        ),
        decode_words(header_values(fields, "subject")),
        _recipients(fields),
    )


async def edited_draft(gmail: GmailClient, draft_id: str, edit: DraftEdit) -> ReadMessage:
    """Return the mail that `update_draft` would store, and store nothing; it raises the same."""
    _, edited = await _edited(gmail, draft_id, edit)
    return await off_loop(len(edited), lambda: read_raw_message(edited))


async def _edited(
    gmail: GmailClient, draft_id: str, edit: DraftEdit
) -> tuple[dict[str, Any], bytes]:
    stored = await gmail.call("users.drafts.get", id=draft_id, format="raw")
    message: dict[str, Any] = stored.get("message") or {}
    raw, good = decode_base64(str(message.get("raw") or ""))
    if not good or not raw:
        raise Unavailable("Gmail's copy of this draft could not be read. Try again later.")
    return message, await off_loop(len(raw), lambda: edit_draft(raw, edit))


async def delete_draft(gmail: GmailClient, draft_id: str) -> Deleted:
    """Delete a draft for good, and tell what it was.

    Raises:
        NotFound: there is no such draft.
    """
    stored = await gmail.call("users.drafts.get", id=draft_id, format="metadata")
    inside = read_message(stored.get("message") or {})
    with contextlib.suppress(NotFound):  # deleted elsewhere, a moment ago
        await gmail.call("users.drafts.delete", id=draft_id)
    everyone = (*inside.to, *inside.cc, *inside.bcc)
    return Deleted(inside.subject, tuple(address.email for address in everyone))


def edit_draft(raw: bytes, edit: DraftEdit) -> bytes:
    """Apply the changes to a draft; without a new text not a byte of its body changes."""
    fields, body = split_mail(raw)
    fields = with_fields(fields, _headers(edit))
    if edit.body is None:
        edited = b"".join(fields) + b"\r\n" + body
    else:
        taken = take_apart(raw)
        text, is_html = _text(edit.body, edit.content_type, taken)
        kept = with_fields(fields, dict.fromkeys(_described(fields), b""))
        edited = put_together(b"".join(kept), text, taken, is_html=is_html)
    if len(edited) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge("The draft would be larger than Gmail takes. Shorten it.")
    return edited


def _headers(edit: DraftEdit) -> dict[str, bytes]:
    changes: dict[str, bytes] = {}
    if edit.subject is not None:
        changes["subject"] = text_header("Subject", edit.subject)
    for name, addresses in (("To", edit.to), ("Cc", edit.cc), ("Bcc", edit.bcc)):
        if addresses is None:
            continue
        if len(addresses) > MAX_RECIPIENTS:
            raise InvalidAddress(f"{name} may have at most {MAX_RECIPIENTS} addresses.")
        changes[name.lower()] = address_header(name, addresses) if addresses else b""
    return changes


def _text(body: str, kind: ContentKind, taken: Taken) -> tuple[bytes, bool]:
    if kind != "keep":
        resolved = resolve_content_type(body, kind)
        return compose_text(body, resolved).mime, resolved == "html"
    if not taken.is_html:
        return compose_text(body, "plain").mime, False
    if resolve_content_type(body, "auto") == "plain":
        lines = "<br>\n".join(html.escape(line, quote=False) for line in body.splitlines())
        body = f'<div dir="ltr">{lines}</div>\n'
    return compose_text(body, "html").mime, True


def _described(fields: list[bytes]) -> list[str]:
    names = (given.partition(b":")[0].strip().decode("latin-1").lower() for given in fields)
    return [name for name in names if name.startswith("content-") or name == "mime-version"]


def _recipients(fields: list[bytes]) -> tuple[str, ...]:
    everyone = [
        a for name in ("to", "cc", "bcc") for a in read_addresses(header_values(fields, name))
    ]
    return tuple(dict.fromkeys(address.email for address in everyone if address.email))


def draft_of(answer: dict[str, Any]) -> Draft:
    """Name the draft in a Draft resource."""
    message = answer.get("message") or {}
    return Draft(
        str(answer.get("id", "")),
        str(message.get("id", "")),
        str(message.get("threadId", "")),
        tuple(message.get("labelIds") or ()),
    )
