"""Build message and thread resources in each format; empty keys are left out."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any

from arcade_gmail_local.sandbox.mail.ids import TokenSealer
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage


def short_message(message: StoredMessage) -> dict[str, Any]:
    """Return the resource that a change answers with: ids and labels."""
    return {"id": message.id, "threadId": message.thread_id, **_labels(message)}


def listed_message(message: StoredMessage) -> dict[str, Any]:
    return {"id": message.id, "threadId": message.thread_id}


async def message_resource(
    message: StoredMessage,
    sealer: TokenSealer,
    *,
    form: str = "full",
    metadata_headers: Collection[str] = (),
) -> dict[str, Any]:
    """Return a message in the format minimal, metadata, full or raw."""
    snippet = await message.snippet()
    payload: dict[str, Any] = {}
    if form == "full":
        payload["payload"] = _with_attachment_ids(await message.payload(), message.id, sealer)
    elif form == "metadata":
        payload["payload"] = _metadata(await message.payload(), metadata_headers)
    raw = {"raw": base64.urlsafe_b64encode(message.raw).decode()} if form == "raw" else {}
    # Await nothing below: labels and history id have to be of one moment.
    return {
        **short_message(message),
        "snippet": snippet,
        **payload,
        "sizeEstimate": len(message.raw),
        **raw,
        "historyId": str(message.history_id),
        "internalDate": str(message.internal_date_ms),
    }


async def thread_resource(
    thread_id: str,
    messages: Collection[StoredMessage],
    sealer: TokenSealer,
    *,
    form: str,
    metadata_headers: Collection[str] = (),
) -> dict[str, Any]:
    return {
        "id": thread_id,
        "historyId": thread_history_id(messages),
        "messages": [
            await message_resource(m, sealer, form=form, metadata_headers=metadata_headers)
            for m in messages
        ],
    }


def short_thread(thread_id: str, messages: Collection[StoredMessage]) -> dict[str, Any]:
    return {"id": thread_id, "messages": [short_message(m) for m in messages]}


def thread_history_id(messages: Collection[StoredMessage]) -> str:
    return str(max(m.history_id for m in messages))


def _labels(message: StoredMessage) -> dict[str, Any]:
    return {"labelIds": message.label_ids()} if message.labels else {}


def _metadata(payload: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """Keep the type and the headers; names are case-insensitive and never split at commas."""
    names = {name.lower() for name in wanted}
    headers = [h for h in payload.get("headers", []) if not names or h["name"].lower() in names]
    kept: dict[str, Any] = {"mimeType": payload["mimeType"]} if "mimeType" in payload else {}
    return kept | ({"headers": headers} if headers else {})


def _with_attachment_ids(
    part: Mapping[str, Any], message_id: str, sealer: TokenSealer
) -> dict[str, Any]:
    """Copy a part tree with fresh attachment ids, which Gmail changes from answer to answer."""
    copied = dict(part)
    if "attachmentId" in part.get("body", {}):
        fresh = sealer.attachment_id(message_id, part.get("partId", ""))
        copied["body"] = {**part["body"], "attachmentId": fresh}
    if "parts" in part:
        copied["parts"] = [_with_attachment_ids(p, message_id, sealer) for p in part["parts"]]
    return copied
