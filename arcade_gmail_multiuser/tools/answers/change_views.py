"""From a mailbox's history to the answers of the tools that follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.following.history import Change, Changes
from arcade_gmail_multiuser.gmail.following.history_cursor import write_cursor
from arcade_gmail_multiuser.gmail.labels import LabelBook
from arcade_gmail_multiuser.gmail.mailbox import Mailbox
from arcade_gmail_multiuser.gmail.moments import of_milliseconds
from arcade_gmail_multiuser.gmail.reading import fetching
from arcade_gmail_multiuser.tools.answers.change_shapes import (
    ChangedMessage,
    GoneMessage,
    MailboxChanges,
    RelabeledMessage,
    Watch,
)
from arcade_gmail_multiuser.tools.answers.views import when

__all__ = ["nothing", "told", "watch", "watched_labels"]


def nothing(address: str, history_id: str, *, resync: bool = False) -> MailboxChanges:
    """Begin at a place in the history, with nothing to tell."""
    return MailboxChanges(
        added=[],
        deleted=[],
        relabeled=[],
        cursor=write_cursor(history_id, address),
        has_more=False,
        resync_required=resync,
        omitted=[],
    )


async def told(mailbox: Mailbox, changes: Changes, address: str) -> MailboxChanges:
    """Tell the changes, with the labels' names where they can be had."""
    labels, missing = await _labels_of(mailbox, changes)
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
        omitted=missing,
    )


async def watched_labels(mailbox: Mailbox, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the ids and the proper names of the labels that are named."""
    if not names:
        return [], []
    labels = await fetching.label_book(mailbox)
    ids = list(dict.fromkeys(labels.id_of(name) for name in names))
    return ids, labels.names_of(ids)


def watch(
    answer: Mapping[str, Any], topic: str, labels: Sequence[str], address: str, zone: ZoneInfo
) -> Watch:
    return Watch(
        status="watching",
        topic_name=topic,
        labels=list(labels),
        expires=when(of_milliseconds(answer.get("expiration")), zone),
        cursor=write_cursor(str(answer.get("historyId") or "0"), address),
    )


async def _labels_of(mailbox: Mailbox, changes: Changes) -> tuple[LabelBook, list[str]]:
    """Ask for names only where an id does not already say its own.

    Without an answer the ids stand for themselves: losing the cursor for a name would be worse.
    """
    used = {label for each in (*changes.added, *changes.relabeled) for label in _ids(each)}
    if not any(label.startswith("Label_") for label in used):
        return LabelBook([]), []
    try:
        return await fetching.label_book(mailbox), []
    except GmailMultiuserError as failure:
        return LabelBook([]), [f"the names of labels: {failure.message}"]


def _ids(change: Change) -> tuple[str, ...]:
    return (*change.label_ids, *change.labels_added, *change.labels_removed)
