"""Handle users.messages.*: list, get, send, insert, label, delete."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from arcade_gmail_local.sandbox.gmail.listing import page_of_messages
from arcade_gmail_local.sandbox.gmail.resources import (
    listed_message,
    message_resource,
    short_message,
)
from arcade_gmail_local.sandbox.google_error import invalid, invalid_label
from arcade_gmail_local.sandbox.http.call import Call, Handler
from arcade_gmail_local.sandbox.mail.arrival import run_follow_ups
from arcade_gmail_local.sandbox.mail.delivery import check_recipients, prepare_mail, send_mail
from arcade_gmail_local.sandbox.mail.ids import canonical_id
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.payload import attachment_bytes
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, date_ms
from arcade_gmail_local.sandbox.mail.stored_message import OFF_LOOP_BYTES, StoredMessage
from arcade_gmail_local.sandbox.mail.thread_assignment import requested_thread, thread_of_received

MAX_BATCH_IDS = 1000
_NOT_INSERTABLE = frozenset({"DRAFT", "CHAT"})


async def list_messages(call: Call) -> dict[str, Any]:
    page = await page_of_messages(call, call.mailbox.newest_first())
    messages = [listed_message(m) for m in page.items]
    return {**({"messages": messages} if messages else {}), **page.envelope()}


async def get_message(call: Call) -> dict[str, Any]:
    return await message_resource(
        call.mailbox.message(call.path["id"]),
        call.store.sealer,
        form=call.query["format"],
        metadata_headers=call.query.get("metadataHeaders", ()),
    )


async def get_attachment(call: Call) -> dict[str, Any]:
    """Return an attachment; a wrong attachment id and a wrong message id are the same 400."""
    message_id, part_id = call.store.sealer.read_attachment_id(call.path["id"])
    message = call.mailbox.find(message_id)
    if message is None or call.path["messageId"].lower().lstrip("0") != message_id.lstrip("0"):
        raise invalid("Invalid attachment token")

    def encoded() -> tuple[int, str]:
        content = attachment_bytes(message.raw, part_id)
        return len(content), base64.urlsafe_b64encode(content).decode()

    big = len(message.raw) > OFF_LOOP_BYTES
    size, data = await asyncio.to_thread(encoded) if big else encoded()
    return {"size": size, "data": data}


async def send_message(call: Call) -> dict[str, Any]:
    checked = check_recipients(call.raw(call.body), max_recipients=call.limits.max_recipients)
    prepared = await prepare_mail(call.store, call.mailbox, checked)
    thread_id = requested_thread(call.mailbox, checked.mail, call.body.get("threadId"))
    sent, arrived = send_mail(call.store, call.mailbox, prepared, thread_id=thread_id)
    answer = short_message(sent)
    await run_follow_ups(call.store, arrived)
    return answer


async def insert_message(call: Call) -> dict[str, Any]:
    """Insert a message as it is, like IMAP's APPEND: not delivered, labelled as requested."""
    raw = call.raw(call.body)
    thread_id = requested_thread(call.mailbox, RawMail(raw), call.body.get("threadId"))
    return _insert(call, raw, call.body.get("labelIds", ()), thread_id)


async def import_message(call: Call) -> dict[str, Any]:
    """Import a message as if it had arrived by SMTP: threaded, by default unread in the inbox."""
    raw = call.raw(call.body)
    mail = RawMail(raw)
    thread_id = requested_thread(call.mailbox, mail, call.body.get("threadId"))
    labels = call.body.get("labelIds") or ("INBOX", "UNREAD")
    return _insert(call, raw, labels, thread_id or thread_of_received(call.mailbox, mail))


def _insert(call: Call, raw: bytes, labels: Any, thread_id: str | None) -> dict[str, Any]:
    call.mailbox.labels.check_known(labels, but=_NOT_INSERTABLE)
    when = None
    if call.query["internalDateSource"] == "dateHeader":
        when = date_ms(RawMail(raw).first("date"))
    message = call.mailbox.add(
        raw, labels, call.store.now_ms() if when is None else when, thread_id=thread_id
    )
    answer = short_message(message)
    if call.query["deleted"]:
        # Kept for Vault alone: it is not in the mailbox.
        call.mailbox.remove(message)
    return answer


# Labels, trash, deletion


async def modify_message(call: Call) -> dict[str, Any]:
    message = call.mailbox.message(call.path["id"])
    add, remove = label_changes(call.mailbox, call.body)
    if message.draft_id is not None and add:
        # A draft carries no other label.
        raise invalid_label(min(add))
    call.mailbox.change_labels(message, add, remove)
    return short_message(message)


async def batch_modify(call: Call) -> None:
    messages = _known_of(call)
    add, remove = label_changes(call.mailbox, call.body)
    for message in messages:
        if message.draft_id is None or not add:
            call.mailbox.change_labels(message, add, remove)


async def trash_message(call: Call) -> dict[str, Any]:
    message = call.mailbox.message(call.path["id"])
    call.mailbox.change_labels(message, ("TRASH",))
    return short_message(message)


async def untrash_message(call: Call) -> dict[str, Any]:
    """Remove a message from the trash; that does not put it back in the inbox."""
    message = call.mailbox.message(call.path["id"])
    call.mailbox.change_labels(message, (), ("TRASH",))
    return short_message(message)


async def delete_message(call: Call) -> None:
    call.mailbox.remove(call.mailbox.message(call.path["id"]))


async def batch_delete(call: Call) -> None:
    for message in _known_of(call):
        call.mailbox.remove(message)


def label_changes(mailbox: Mailbox, body: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    return mailbox.labels.check_change(body.get("addLabelIds", ()), body.get("removeLabelIds", ()))


def _known_of(call: Call) -> list[StoredMessage]:
    """Return the messages of a batch's ids; unknown ids are skipped silently."""
    ids = call.body.get("ids", ())
    if not ids:
        raise invalid("No message ids specified")
    if len(ids) > MAX_BATCH_IDS:
        raise invalid("Number of ids cannot exceed 1000")
    found = [call.mailbox.find(canonical_id(given)) for given in ids]
    return [message for message in found if message is not None]


HANDLERS: Mapping[str, Handler] = {
    "users.messages.list": list_messages,
    "users.messages.get": get_message,
    "users.messages.attachments.get": get_attachment,
    "users.messages.send": send_message,
    "users.messages.insert": insert_message,
    "users.messages.import": import_message,
    "users.messages.modify": modify_message,
    "users.messages.batchModify": batch_modify,
    "users.messages.trash": trash_message,
    "users.messages.untrash": untrash_message,
    "users.messages.delete": delete_message,
    "users.messages.batchDelete": batch_delete,
}
