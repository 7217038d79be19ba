"""From what became of messages to the answer: counted honestly, and with a way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from arcade_gmail_multiuser.gmail.organise.label_changes import (
    Entry,
    Ledger,
    OneChange,
    difference,
    steps_of,
)
from arcade_gmail_multiuser.gmail.organise.undo_token import seal
from arcade_gmail_multiuser.tools.answers.ledger_shapes import (
    BulkChange,
    EmailChange,
    LedgerEntry,
    ThreadTrash,
    Undone,
)
from arcade_gmail_multiuser.tools.answers.views import link

__all__ = ["bulk_change", "email_change", "restorable", "thread_entries", "thread_trash", "undone"]

MAX_PROBLEMS = 50
MAX_LEDGER = 1_000

Status = Literal["done", "partly_done", "not_done"]


def bulk_change(ledger: Ledger, *, user: str, full: bool) -> BulkChange:
    """Count what became of many messages."""
    problems = [e for e in ledger.entries if e.outcome in ("not_found", "failed")]
    answer = BulkChange(
        status=_status(ledger.count("changed") + ledger.count("already"), len(problems)),
        requested=len(ledger.entries),
        changed=ledger.count("changed"),
        already=ledger.count("already"),
        not_found=ledger.count("not_found"),
        failed=ledger.count("failed"),
        more_match=ledger.more,
        problems=[_entry(entry) for entry in problems[:MAX_PROBLEMS]],
        omitted=_left_out("problems", len(problems), MAX_PROBLEMS),
    )
    if full:
        answer["ledger"] = [_entry(entry) for entry in ledger.entries[:MAX_LEDGER]]
        answer["omitted"] += _left_out("ledger entries", len(ledger.entries), MAX_LEDGER)
    token = restorable(ledger.entries, user=user)
    if token:
        answer["undo_token"] = token
    return answer


def restorable(entries: Iterable[Entry], *, user: str) -> str | None:
    """Return the token that undoes what changed, or None if nothing did."""
    steps = steps_of(entries)
    return seal(steps, user=user) if steps else None


def email_change(change: OneChange, *, user: str) -> EmailChange:
    """Say what one message's labels were and are."""
    entry = difference(change.id, change.before, change.after)
    answer = EmailChange(
        id=change.id,
        thread_id=change.thread_id,
        label_ids=list(change.after),
        previous_label_ids=list(change.before),
        changed=entry.outcome == "changed",
        url=link(change.thread_id),
    )
    token = restorable([entry], user=user)
    if token:
        answer["undo_token"] = token
    return answer


def thread_entries(
    before: Mapping[str, Any], after: Mapping[str, Any], expected: Entry
) -> list[Entry]:
    """Tell of each message of a conversation what changed.

    Args:
        expected: what to assume of a message whose labels Google's answer does not name.
    """
    now = {m.get("id"): m["labelIds"] for m in after.get("messages") or () if "labelIds" in m}
    entries = []
    for message in before.get("messages") or ():
        id_, had = str(message.get("id") or ""), message.get("labelIds") or ()
        if id_ not in now:
            has = (set(had) | set(expected.added)) - set(expected.removed)
            entries.append(difference(id_, had, has))
        else:
            entries.append(difference(id_, had, now[id_]))
    return entries


def thread_trash(
    thread_id: str,
    entries: Sequence[Entry],
    after: Mapping[str, Any],
    *,
    in_trash: bool,
    user: str,
) -> ThreadTrash:
    """Say where a conversation is now."""
    now = dict.fromkeys(x for m in after.get("messages") or () for x in m.get("labelIds") or ())
    answer = ThreadTrash(
        id=thread_id,
        in_trash=in_trash,
        message_count=len(entries),
        changed=sum(entry.outcome == "changed" for entry in entries),
        label_ids=list(now),
        url=link(thread_id),
    )
    token = restorable(entries, user=user)
    if token:
        answer["undo_token"] = token
    return answer


def undone(ledger: Ledger) -> Undone:
    """Count what was taken back."""
    problems = [e for e in ledger.entries if e.outcome != "changed"]
    return Undone(
        status=_status(ledger.count("changed"), len(problems)),
        requested=len(ledger.entries),
        reverted=ledger.count("changed"),
        not_found=ledger.count("not_found"),
        failed=ledger.count("failed"),
        problems=[_entry(entry) for entry in problems[:MAX_PROBLEMS]],
        omitted=_left_out("problems", len(problems), MAX_PROBLEMS),
    )


def _status(good: int, bad: int) -> Status:
    if not bad:
        return "done"
    return "partly_done" if good else "not_done"


def _entry(entry: Entry) -> LedgerEntry:
    shown = LedgerEntry(id=entry.id, outcome=entry.outcome)
    if entry.error is not None:
        shown["code"], shown["message"] = entry.error.code, entry.error.message
    return shown


def _left_out(what: str, number: int, most: int) -> list[str]:
    return [f"{number - most:,} more {what}"] if number > most else []
