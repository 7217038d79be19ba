"""Build the answers about organised mail: counted honestly, and with a way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.organise.label_changes import (
    Entry,
    Ledger,
    OneChange,
    difference,
    steps_of,
)
from arcade_gmail_multiuser.gmail.organise.undo import LabelUndone
from arcade_gmail_multiuser.gmail.organise.undo_token import seal
from arcade_gmail_multiuser.tools.answer_format import link
from arcade_gmail_multiuser.tools.organise.types import (
    BulkChange,
    EmailChange,
    LedgerEntry,
    ThreadChange,
    ThreadTrash,
    Trashed,
    Undone,
    UndoneLabel,
)

__all__ = [
    "bulk_change",
    "email_change",
    "thread_change",
    "thread_trash",
    "trashed",
    "undone",
    "undone_label",
]


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
    if token := _undo_token(ledger.entries, user=user):
        answer["undo_token"] = token
    return answer


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
    if token := _undo_token([entry], user=user):
        answer["undo_token"] = token
    return answer


def trashed(before: Mapping[str, Any], after: Mapping[str, Any], *, user: str) -> Trashed:
    """Say what moving to Trash changed, and how to undo it."""
    previous = list(before.get("labelIds") or ())
    id_ = str(after.get("id") or before.get("id") or "")
    inbox = "true" if "INBOX" in previous else "false"
    answer = Trashed(
        id=id_,
        thread_id=str(after.get("threadId") or before.get("threadId") or ""),
        label_ids=list(after.get("labelIds") or ()),
        previous_label_ids=previous,
        was_already_in_trash="TRASH" in previous,
        restore=f'Within 30 days: RestoreEmail(email_id="{id_}", to_inbox={inbox}).',
    )
    change = difference(id_, previous, answer["label_ids"])
    if change.outcome == "changed":
        answer["undo_token"] = seal(steps_of([change]), user=user)
    return answer


def thread_change(
    thread_id: str,
    change: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    labels: LabelBook,
    *,
    user: str,
) -> ThreadChange:
    """Say what a conversation's labels are now, and what of that is new on any message."""
    expected = Entry("", "changed", tuple(change["addLabelIds"]), tuple(change["removeLabelIds"]))
    entries = _thread_entries(before, after, expected)
    gained = {label for entry in entries for label in entry.added}
    lost = {label for entry in entries for label in entry.removed}
    answer = ThreadChange(
        id=thread_id,
        added=labels.names_of([id_ for id_ in change["addLabelIds"] if id_ in gained]),
        removed=labels.names_of([id_ for id_ in change["removeLabelIds"] if id_ in lost]),
        label_ids=_labels_on(after),
        message_count=len(after.get("messages") or ()),
        changed=sum(entry.outcome == "changed" for entry in entries),
        url=link(thread_id),
    )
    if token := _undo_token(entries, user=user):
        answer["undo_token"] = token
    return answer


def thread_trash(
    thread_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    in_trash: bool,
    user: str,
) -> ThreadTrash:
    """Say where a conversation is now."""
    trash = ("TRASH",)
    expected = Entry("", "changed", *((trash, ("INBOX",)) if in_trash else ((), trash)))
    entries = _thread_entries(before, after, expected)
    answer = ThreadTrash(
        id=thread_id,
        in_trash=in_trash,
        message_count=len(entries),
        changed=sum(entry.outcome == "changed" for entry in entries),
        label_ids=_labels_on(after),
        url=link(thread_id),
    )
    if token := _undo_token(entries, user=user):
        answer["undo_token"] = token
    return answer


def _labels_on(thread: Mapping[str, Any]) -> list[str]:
    messages = thread.get("messages") or ()
    return list(dict.fromkeys(label for m in messages for label in m.get("labelIds") or ()))


def _thread_entries(
    before: Mapping[str, Any], after: Mapping[str, Any], expected: Entry
) -> list[Entry]:
    """Say for each message of a conversation what changed.

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


def undone_label(label: LabelUndone) -> Undone:
    """Say what became of the label. That its former mail does not carry it again is a problem."""
    answer = Undone(
        status="done" if label.without == 0 else "partly_done",
        requested=0,
        reverted=0,
        not_found=0,
        failed=0,
        problems=[],
        omitted=[],
        label=UndoneLabel(id=label.id, name=label.name, now=label.now, changed=label.changed),
    )
    if label.without != 0:
        those = "The messages" if label.without is None else f"The {label.without:,} messages"
        answer["warnings"] = [
            f"{those} that had this label before it was deleted do not have it again: which they "
            "were is not known. ChangeEmailLabels with a query puts it on mail that a search finds."
        ]
    return answer


def _undo_token(entries: Iterable[Entry], *, user: str) -> str | None:
    """Return the token that undoes what changed, or None if nothing did."""
    steps = steps_of(entries)
    return seal(steps, user=user) if steps else None


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
