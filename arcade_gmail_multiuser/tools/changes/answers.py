"""Build the answers about a mailbox's changes, within their size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.history import Change, Changes, up_to, write_cursor
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook, label_book
from arcade_gmail_multiuser.gmail.timestamps import of_milliseconds
from arcade_gmail_multiuser.tools.answer_format import FRAME, MAX_ANSWER, SEPARATOR, cost, when
from arcade_gmail_multiuser.tools.changes.types import (
    ChangedMessage,
    GoneMessage,
    MailboxChanges,
    RelabeledMessage,
    Watch,
)

__all__ = ["mailbox_changes", "no_changes", "watched_labels", "watching"]

BARE_MESSAGE = 180
"""Characters of one message in an answer without any labels."""


def no_changes(address: str, history_id: str, *, resync: bool = False) -> MailboxChanges:
    """Begin at a place in the history, with no changes yet."""
    return MailboxChanges(
        added=[],
        deleted=[],
        relabeled=[],
        cursor=write_cursor(history_id, address),
        has_more=False,
        resync_required=resync,
        omitted=[],
    )


async def mailbox_changes(gmail: GmailClient, changes: Changes, address: str) -> MailboxChanges:
    """List the changes that fit, with the labels' names where they can be had.

    What does not fit is counted in `omitted`, and the cursor lies before it.
    """
    labels, missing = await _labels_of(gmail, changes)
    answer = _answer(changes, labels, address, missing)
    if cost(answer) <= MAX_ANSWER:
        return answer
    return await asyncio.to_thread(_fit_records, changes, labels, address, missing)


def _fit_records(
    changes: Changes, labels: LabelBook, address: str, missing: Sequence[str]
) -> MailboxChanges:
    """List as many records as fit. A single one cannot be split, so it loses labels instead."""
    fits, too_many = 0, len(changes.records)
    best: MailboxChanges | None = None
    while too_many - fits > 1:
        tried = (fits + too_many) // 2
        answer = _first(changes, tried, labels, address, missing)
        if cost(answer) <= MAX_ANSWER:
            fits, best = tried, answer
        else:
            too_many = tried
    return best or _with_fewer_labels(_first(changes, 1, labels, address, missing))


def _first(
    changes: Changes, count: int, labels: LabelBook, address: str, missing: Sequence[str]
) -> MailboxChanges:
    if count >= len(changes.records):
        return _answer(changes, labels, address, missing)
    first = up_to(changes, count)
    more = len(_changed_ids(changes) - _changed_ids(first))
    note = [f"{more} more changed messages for lack of room; the cursor goes on there"]
    return _answer(first, labels, address, [*(note if more else ()), *missing])


def _changed_ids(changes: Changes) -> set[str]:
    return {each.id for each in (*changes.added, *changes.deleted, *changes.relabeled)}


def _with_fewer_labels(answer: MailboxChanges) -> MailboxChanges:
    """Share the room among the messages of one record, and say that labels are left out."""
    answer["omitted"].append("labels that there was no room for; ListLabels names all of them")
    shown = [*answer["added"], *answer["relabeled"]]
    room = MAX_ANSWER - FRAME - cost({**answer, "added": [], "relabeled": []})
    share = room // max(len(shown), 1)
    for new in answer["added"]:
        kept = _count_fitting(share - BARE_MESSAGE, new["label_ids"], new["label_names"])
        new["label_ids"], new["label_names"] = new["label_ids"][:kept], new["label_names"][:kept]
    for old in answer["relabeled"]:
        # What changed comes first: what there is now can be asked for.
        left = share - BARE_MESSAGE
        for part in ("labels_added", "labels_removed"):
            names = old[part]
            old[part] = names[: _count_fitting(left // 2, names)]
        left -= cost(old["labels_added"]) + cost(old["labels_removed"])
        kept = _count_fitting(left, old["label_ids"], old["label_names"])
        old["label_ids"], old["label_names"] = old["label_ids"][:kept], old["label_names"][:kept]
    return answer


def _count_fitting(room: int, *lists: Sequence[str]) -> int:
    """Count how many of these, side by side, fit into `room` characters."""
    kept = 0
    for side_by_side in zip(*lists, strict=True):
        room -= sum(cost(text) + SEPARATOR for text in side_by_side)
        if room < 0:
            break
        kept += 1
    return kept


def _answer(
    changes: Changes, labels: LabelBook, address: str, omitted: Sequence[str]
) -> MailboxChanges:
    return MailboxChanges(
        added=[
            ChangedMessage(
                id=each.id,
                thread_id=each.thread_id,
                label_ids=list(each.label_ids),
                label_names=labels.names_of(each.label_ids),
            )
            for each in changes.added
        ],
        deleted=[GoneMessage(id=each.id, thread_id=each.thread_id) for each in changes.deleted],
        relabeled=[
            RelabeledMessage(
                id=each.id,
                thread_id=each.thread_id,
                labels_added=labels.names_of(each.labels_added),
                labels_removed=labels.names_of(each.labels_removed),
                label_ids=list(each.label_ids),
                label_names=labels.names_of(each.label_ids),
            )
            for each in changes.relabeled
        ],
        cursor=write_cursor(changes.next_history_id, address),
        has_more=changes.more,
        resync_required=False,
        omitted=list(omitted),
    )


async def watched_labels(gmail: GmailClient, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the ids and the proper names of the labels that are named."""
    if not names:
        return [], []
    labels = await label_book(gmail)
    ids = list(dict.fromkeys(labels.id_of(name) for name in names))
    return ids, labels.names_of(ids)


def watching(
    answer: Mapping[str, Any], topic: str, labels: Sequence[str], address: str, zone: ZoneInfo
) -> Watch:
    """Say what is watched, and until when."""
    return Watch(
        status="watching",
        topic_name=topic,
        labels=list(labels),
        expires=when(of_milliseconds(answer.get("expiration")), zone),
        cursor=write_cursor(str(answer.get("historyId") or "0"), address),
    )


async def _labels_of(gmail: GmailClient, changes: Changes) -> tuple[LabelBook, list[str]]:
    """Ask for names only where an id does not already say its own.

    Without an answer the ids stand for themselves: losing the cursor for a name would be worse.
    """
    used = {label for each in (*changes.added, *changes.relabeled) for label in _ids(each)}
    if not any(label.startswith("Label_") for label in used):
        return LabelBook([]), []
    try:
        return await label_book(gmail), []
    except GmailMultiuserError as failure:
        return LabelBook([]), [f"the names of labels: {failure.message}"]


def _ids(change: Change) -> tuple[str, ...]:
    return (*change.label_ids, *change.labels_added, *change.labels_removed)
