"""users.messages.*: list, read, send, label, delete, and bring mail in."""

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
from arcade_gmail_local.sandbox.mail.arrival import follow_up
from arcade_gmail_local.sandbox.mail.delivery import check, post, write
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
    """Give an attachment; whatever is wrong with its id or its message's is the same 400."""
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
    checked = check(call.raw(call.body), max_recipients=call.limits.max_recipients)
    letter = await write(call.store, call.mailbox, checked)
    thread_id = requested_thread(call.mailbox, checked.mail, call.body.get("threadId"))
    sent, arrived = post(call.store, call.mailbox, letter, thread_id=thread_id)
    answer = short_message(sent)
    await follow_up(call.store, arrived)
    return answer


async def insert_message(call: Call) -> dict[str, Any]:
    """Put a message in as it is, like IMAP's APPEND: no delivery, no labels but those given."""
    raw = call.raw(call.body)
    thread_id = requested_thread(call.mailbox, RawMail(raw), call.body.get("threadId"))
    return _brought_in(call, raw, call.body.get("labelIds", ()), thread_id)


async def import_message(call: Call) -> dict[str, Any]:
    """Put a message in as if it had arrived by SMTP: threaded, unread in the inbox by default."""
    raw = call.raw(call.body)
    mail = RawMail(raw)
    thread_id = requested_thread(call.mailbox, mail, call.body.get("threadId"))
    labels = call.body.get("labelIds") or ("INBOX", "UNREAD")
    return _brought_in(call, raw, labels, thread_id or thread_of_received(call.mailbox, mail))


def _brought_in(call: Call, raw: bytes, labels: Any, thread_id: str | None) -> dict[str, Any]:
    call.mailbox.labels.check_known(labels, but=_NOT_INSERTABLE)
    when = None
    if call.query["internalDateSource"] == "dateHeader":
        when = date_ms(RawMail(raw).first("date"))
    message = call.mailbox.add(
        raw, labels, call.store.now_ms() if when is None else when, thread_id=thread_id
    )
    answer = short_message(message)
    if call.query["deleted"]:
        # Kept for Vault alone: nobody finds it in the mailbox.
        call.mailbox.remove(message)
    return answer


# Labels and bins


async def modify_message(call: Call) -> dict[str, Any]:
    message = call.mailbox.message(call.path["id"])
    add, remove = wanted_labels(call.mailbox, call.body)
    if message.draft_id is not None and add:
        # A draft carries no other label.
        raise invalid_label(min(add))
    call.mailbox.change_labels(message, add, remove)
    return short_message(message)


async def batch_modify(call: Call) -> None:
    messages = _known_of(call)
    add, remove = wanted_labels(call.mailbox, call.body)
    for message in messages:
        if message.draft_id is None or not add:
            call.mailbox.change_labels(message, add, remove)


async def trash_message(call: Call) -> dict[str, Any]:
    message = call.mailbox.message(call.path["id"])
    call.mailbox.change_labels(message, ("TRASH",))
    return short_message(message)


async def untrash_message(call: Call) -> dict[str, Any]:
    """Take a message out of the trash; it does not go back to the inbox by itself."""
    message = call.mailbox.message(call.path["id"])
    call.mailbox.change_labels(message, (), ("TRASH",))
    return short_message(message)


async def delete_message(call: Call) -> None:
    call.mailbox.remove(call.mailbox.message(call.path["id"]))


async def batch_delete(call: Call) -> None:
    for message in _known_of(call):
        call.mailbox.remove(message)


def wanted_labels(mailbox: Mailbox, body: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    return mailbox.labels.check_change(body.get("addLabelIds", ()), body.get("removeLabelIds", ()))


def _known_of(call: Call) -> list[StoredMessage]:
    """Give the messages of a batch's ids; unknown ones are passed over without a word."""
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
