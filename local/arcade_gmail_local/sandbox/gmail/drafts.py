"""Handle users.drafts.*: a draft keeps its id, but every update replaces its message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcade_gmail_local.sandbox.gmail.listing import page_of_messages
from arcade_gmail_local.sandbox.gmail.resources import (
    listed_message,
    message_resource,
    short_message,
)
from arcade_gmail_local.sandbox.google_error import invalid
from arcade_gmail_local.sandbox.http.call import Call, Handler
from arcade_gmail_local.sandbox.mail.arrival import run_follow_ups
from arcade_gmail_local.sandbox.mail.delivery import check_recipients, prepare_mail, send_mail
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.mail.thread_assignment import requested_thread


async def list_drafts(call: Call) -> dict[str, Any]:
    drafts = [m for m in call.mailbox.newest_first() if m.draft_id is not None]
    page = await page_of_messages(call, drafts)
    found = [{"id": m.draft_id, "message": listed_message(m)} for m in page.items]
    return {**({"drafts": found} if found else {}), **page.envelope()}


async def get_draft(call: Call) -> dict[str, Any]:
    message = call.mailbox.draft(call.path["id"])
    resource = await message_resource(message, call.store.sealer, form=call.query["format"])
    return {"id": message.draft_id, "message": resource}


async def create_draft(call: Call) -> dict[str, Any]:
    """Store a draft; it needs no recipients yet."""
    return _stored(call, call.mailbox.new_draft_id())


async def update_draft(call: Call) -> dict[str, Any]:
    """Replace the whole message; without a threadId in the request it leaves its thread."""
    before = call.mailbox.draft(call.path["id"])
    return _stored(call, call.path["id"], instead_of=before)


async def delete_draft(call: Call) -> None:
    """Delete for ever, past the trash."""
    call.mailbox.remove(call.mailbox.draft(call.path["id"]))


async def send_draft(call: Call) -> dict[str, Any]:
    """Send a draft and delete it, so that a second call finds nothing to send."""
    if not call.body.get("id"):
        raise invalid("Invalid draft")
    draft = call.mailbox.draft(call.body["id"])
    message = call.body.get("message", {})
    replaced = call.media is not None or message.get("raw")
    checked = check_recipients(
        call.raw(message) if replaced else draft.raw, max_recipients=call.limits.max_recipients
    )
    prepared = await prepare_mail(call.store, call.mailbox, checked)
    if call.mailbox.draft(call.body["id"]) is not draft:
        # Another call replaced it while this one awaited; had it been sent, that was a 404.
        return await send_draft(call)
    thread_id: str | None = draft.thread_id
    if replaced and message.get("threadId"):
        thread_id = requested_thread(call.mailbox, checked.mail, message["threadId"])
    call.mailbox.remove(draft)
    sent, arrived = send_mail(call.store, call.mailbox, prepared, thread_id=thread_id)
    answer = short_message(sent)
    await run_follow_ups(call.store, arrived)
    return answer


def _stored(
    call: Call, draft_id: str, *, instead_of: StoredMessage | None = None
) -> dict[str, Any]:
    message = call.body.get("message", {})
    raw = call.raw(message)
    thread_id = requested_thread(call.mailbox, RawMail(raw), message.get("threadId"))
    if instead_of is not None:
        call.mailbox.remove(instead_of)
    stored = call.mailbox.add(
        raw, ("DRAFT",), call.store.now_ms(), thread_id=thread_id, draft_id=draft_id
    )
    return {"id": draft_id, "message": short_message(stored)}


HANDLERS: Mapping[str, Handler] = {
    "users.drafts.list": list_drafts,
    "users.drafts.get": get_draft,
    "users.drafts.create": create_draft,
    "users.drafts.update": update_draft,
    "users.drafts.delete": delete_draft,
    "users.drafts.send": send_draft,
}
