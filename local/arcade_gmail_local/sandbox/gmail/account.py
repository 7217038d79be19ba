"""Handle users.getProfile, users.history.list, users.watch and users.stop."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from arcade_gmail_local.sandbox.google_error import invalid
from arcade_gmail_local.sandbox.http.call import Call, Handler


async def get_profile(call: Call) -> dict[str, Any]:
    return {
        "emailAddress": call.mailbox.email,
        "messagesTotal": call.mailbox.message_count,
        "threadsTotal": call.mailbox.thread_count,
        "historyId": str(call.mailbox.history.current),
    }


async def watch(call: Call) -> dict[str, Any]:
    """Start or renew a watch, which expires after seven days. Nothing is ever published."""
    call.mailbox.labels.check_known(call.body.get("labelIds", ()))
    watching = call.mailbox.settings.start_watch(call.body, call.store.now_ms())
    history_id = str(call.mailbox.history.current)
    return {"historyId": history_id, "expiration": str(watching.expires_ms)}


async def stop(call: Call) -> None:
    """End the watch; without one, nothing happens."""
    call.mailbox.settings.watch = None


async def list_history(call: Call) -> dict[str, Any]:
    """List changes after startHistoryId, oldest first; with none, only the current history id."""
    query = call.query
    if "startHistoryId" not in query:
        raise invalid("Missing required parameter: startHistoryId")
    kinds, label_id = query.get("historyTypes", ()), query.get("labelId", "")
    question = repr((call.mailbox.email, query["startHistoryId"], sorted(kinds), label_id))
    start = int(query["startHistoryId"])
    if token := query.get("pageToken"):
        start = int(call.store.sealer.read_page_token(token, question))
    wanted = query["maxResults"]
    records = list(islice(call.mailbox.history.since(start, kinds, label_id), wanted + 1))
    answer: dict[str, Any] = {}
    if records:
        answer["history"] = [record.resource() for record in records[:wanted]]
    if len(records) > wanted:
        position = str(records[wanted - 1].id)
        answer["nextPageToken"] = call.store.sealer.page_token(position, question)
    return {**answer, "historyId": str(call.mailbox.history.current)}


HANDLERS: Mapping[str, Handler] = {
    "users.getProfile": get_profile,
    "users.history.list": list_history,
    "users.watch": watch,
    "users.stop": stop,
}
