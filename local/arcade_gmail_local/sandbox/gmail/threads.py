"""Handle users.threads.*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcade_gmail_local.sandbox.gmail.listing import page_of_threads
from arcade_gmail_local.sandbox.gmail.messages import label_changes
from arcade_gmail_local.sandbox.gmail.resources import (
    short_thread,
    thread_history_id,
    thread_resource,
)
from arcade_gmail_local.sandbox.http.call import Call, Handler


async def list_threads(call: Call) -> dict[str, Any]:
    page = await page_of_threads(call, call.mailbox.newest_first())
    threads = []
    for found in page.items:
        messages = call.mailbox.messages_of(found.thread_id)
        if not messages:
            # Deleted while the search yielded to other requests.
            continue
        snippet = await messages[-1].snippet()
        history_id = thread_history_id(messages)
        threads.append({"id": found.thread_id, "snippet": snippet, "historyId": history_id})
    return {**({"threads": threads} if threads else {}), **page.envelope()}


async def get_thread(call: Call) -> dict[str, Any]:
    messages = call.mailbox.thread(call.path["id"])
    return await thread_resource(
        messages[0].thread_id,
        messages,
        call.store.sealer,
        form=call.query["format"],
        metadata_headers=call.query.get("metadataHeaders", ()),
    )


async def modify_thread(call: Call) -> dict[str, Any]:
    """Label the messages now in the thread; later ones do not inherit the labels."""
    messages = call.mailbox.thread(call.path["id"])
    add, remove = label_changes(call.mailbox, call.body)
    for message in messages:
        if message.draft_id is None or not add:
            call.mailbox.change_labels(message, add, remove)
    return short_thread(messages[0].thread_id, messages)


async def trash_thread(call: Call) -> dict[str, Any]:
    messages = call.mailbox.thread(call.path["id"])
    for message in messages:
        call.mailbox.change_labels(message, ("TRASH",))
    return short_thread(messages[0].thread_id, messages)


async def untrash_thread(call: Call) -> dict[str, Any]:
    messages = call.mailbox.thread(call.path["id"])
    for message in messages:
        call.mailbox.change_labels(message, (), ("TRASH",))
    return short_thread(messages[0].thread_id, messages)


async def delete_thread(call: Call) -> None:
    for message in call.mailbox.thread(call.path["id"]):
        call.mailbox.remove(message)


HANDLERS: Mapping[str, Handler] = {
    "users.threads.list": list_threads,
    "users.threads.get": get_thread,
    "users.threads.modify": modify_thread,
    "users.threads.trash": trash_thread,
    "users.threads.untrash": untrash_thread,
    "users.threads.delete": delete_thread,
}
