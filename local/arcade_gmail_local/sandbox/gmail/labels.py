"""Handle users.labels.*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcade_gmail_local.sandbox.http.call import Call, Handler
from arcade_gmail_local.sandbox.mail.label_store import Label
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox


async def list_labels(call: Call) -> dict[str, Any]:
    """List all labels, without counts."""
    return {"labels": [label.resource() for label in call.mailbox.labels.all()]}


async def get_label(call: Call) -> dict[str, Any]:
    label = call.mailbox.labels.get(call.path["id"])
    return {**label.resource(), **_counts(call.mailbox, label)}


async def create_label(call: Call) -> dict[str, Any]:
    return call.mailbox.labels.create(call.body).resource()


async def update_label(call: Call) -> dict[str, Any]:
    return call.mailbox.labels.update(call.path["id"], call.body).resource()


async def patch_label(call: Call) -> dict[str, Any]:
    return call.mailbox.labels.patch(call.path["id"], call.body).resource()


async def delete_label(call: Call) -> None:
    """Delete a label and remove it from all mail; the mail stays."""
    call.mailbox.labels.delete(call.path["id"])
    call.mailbox.remove_label_from_all(call.path["id"])


def _counts(mailbox: Mailbox, label: Label) -> dict[str, int]:
    counts = dict.fromkeys(("messagesTotal", "messagesUnread", "threadsTotal", "threadsUnread"), 0)
    for thread in mailbox.threads():
        under = [m for m in thread if label.id in m.labels]
        unread = [m for m in under if "UNREAD" in m.labels]
        counts["messagesTotal"] += len(under)
        counts["messagesUnread"] += len(unread)
        counts["threadsTotal"] += bool(under)
        counts["threadsUnread"] += bool(unread)
    return counts


HANDLERS: Mapping[str, Handler] = {
    "users.labels.list": list_labels,
    "users.labels.get": get_label,
    "users.labels.create": create_label,
    "users.labels.update": update_label,
    "users.labels.patch": patch_label,
    "users.labels.delete": delete_label,
}
