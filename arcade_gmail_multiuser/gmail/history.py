"""Sum up what changed in a mailbox since a place in its history, message by message.

Nothing is stored here. The cursor that a caller keeps between two calls holds the history id and a
digest over it and the mailbox's address, so one that was altered, or is another person's, is
recognised. It protects no secret: what a history id lets anybody read is decided by the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_multiuser.errors import InvalidInput, NotFound
from arcade_gmail_multiuser.gmail.api.client import GmailClient

__all__ = ["Change", "Changes", "read_changes", "read_cursor", "up_to", "write_cursor"]

PAGE_SIZE = 500
MAX_PAGES = 10
"""Of one call; a busy mailbox has more, and the next call goes on from there."""


@dataclass(frozen=True, slots=True)
class Change:
    """One message; the labels that came and went only where it was there before."""

    id: str
    thread_id: str
    label_ids: tuple[str, ...] = ()
    labels_added: tuple[str, ...] = ()
    labels_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Net changes, oldest first, where to go on, and the records they were summed from."""

    added: tuple[Change, ...]
    deleted: tuple[Change, ...]
    relabeled: tuple[Change, ...]
    next_history_id: str
    more: bool
    records: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Message:
    """What the records say of one message, in their order."""

    id: str
    thread_id: str = ""
    is_new: bool = False
    is_gone: bool = False
    label_ids: tuple[str, ...] = ()
    before: dict[str, bool] = field(default_factory=dict)
    """For each label that was touched: whether the message had it at first."""
    after: dict[str, bool] = field(default_factory=dict)

    @property
    def fate(self) -> str:
        """Say what became of it; added and deleted again leaves nothing."""
        if self.is_new:
            return "none" if self.is_gone else "added"
        return "deleted" if self.is_gone else "relabeled"

    def net(self) -> Change:
        changed = [label for label, had in self.before.items() if self.after[label] != had]
        return Change(
            self.id,
            self.thread_id,
            self.label_ids,
            tuple(label for label in changed if self.after[label]),
            tuple(label for label in changed if not self.after[label]),
        )


async def read_changes(gmail: GmailClient, start: str, *, most: int) -> Changes | None:
    """Read the records after `start` until they are at an end or concern `most` messages.

    Added and deleted again leaves nothing, nor does a label that was put on and taken off; labels
    of a new message are simply those it has now. None means that Gmail has forgotten what happened
    so long ago, which it may do after hours.
    """
    try:
        return await _read(gmail, start, most=most)
    except NotFound:
        return None


def up_to(changes: Changes, count: int) -> Changes:
    """Sum only the first `count` records, at least one; the next call goes on after them."""
    first = changes.records[:count]
    return _summed(first, str(first[-1].get("id") or changes.next_history_id), more=True)


async def _read(gmail: GmailClient, start: str, *, most: int) -> Changes:
    known: set[str] = set()
    records: list[Mapping[str, Any]] = []
    last, token = start, None
    for _ in range(MAX_PAGES):
        asked = {"startHistoryId": start, "maxResults": PAGE_SIZE, "pageToken": token}
        page = await gmail.call("users.history.list", **asked)
        for record in page.get("history") or ():
            concerned = {entry_id for _, _, entry_id, _ in _entries(record)}
            if known and len(known | concerned) > most:
                return _summed(records, last, more=True)
            known |= concerned
            records.append(record)
            last = str(record.get("id") or last)
        token = page.get("nextPageToken")
        if not token:
            return _summed(records, str(page.get("historyId") or last), more=False)
    return _summed(records, last, more=True)


def _summed(records: Sequence[Mapping[str, Any]], next_history_id: str, *, more: bool) -> Changes:
    messages: dict[str, _Message] = {}
    for record in records:
        _apply(record, messages)
    known = list(messages.values())
    relabeled = [m.net() for m in known if m.fate == "relabeled"]
    return Changes(
        added=tuple(Change(m.id, m.thread_id, m.label_ids) for m in known if m.fate == "added"),
        deleted=tuple(Change(m.id, m.thread_id) for m in known if m.fate == "deleted"),
        relabeled=tuple(c for c in relabeled if c.labels_added or c.labels_removed),
        next_history_id=next_history_id,
        more=more,
        records=tuple(records),
    )


_KINDS = ("messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted")


def _entries(
    record: Mapping[str, Any],
) -> Iterator[tuple[str, Mapping[str, Any], str, tuple[str, ...]]]:
    """Yield (kind, message, its id, labels that changed) for each entry of a record."""
    for kind in _KINDS:
        for entry in record.get(kind) or ():
            message = entry.get("message") or {}
            if message.get("id"):
                yield kind, message, str(message["id"]), tuple(entry.get("labelIds") or ())


def _apply(record: Mapping[str, Any], messages: dict[str, _Message]) -> None:
    for kind, resource, id_, labels in _entries(record):
        message = messages.setdefault(id_, _Message(id_))
        message.thread_id = str(resource.get("threadId") or message.thread_id)
        message.label_ids = tuple(resource.get("labelIds") or ())
        if kind == "messagesAdded":
            message.is_new = True
        elif kind == "messagesDeleted":
            message.is_gone = True
        else:
            present = kind == "labelsAdded"
            for label in labels:
                message.before.setdefault(label, not present)
                message.after[label] = present


_DIGEST = 12


_HISTORY_ID = re.compile(rb"[0-9]{1,20}")


_PURPOSE = b"arcade_gmail_multiuser history cursor 1"


def write_cursor(history_id: str, address: str) -> str:
    """Write a cursor for this mailbox."""
    place = history_id.encode("ascii")
    return base64.urlsafe_b64encode(_digest(place, address) + place).decode().rstrip("=")


def read_cursor(cursor: str, address: str) -> str:
    """Return the history id.

    Raises:
        InvalidInput: it is no cursor, was altered, or belongs to another mailbox.
    """
    text = cursor.strip()
    try:
        packed = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        packed = b""
    digest, place = packed[:_DIGEST], packed[_DIGEST:]
    if not _HISTORY_ID.fullmatch(place) or not hmac.compare_digest(digest, _digest(place, address)):
        raise InvalidInput(
            "cursor is not one of this mailbox. Use it exactly as an earlier call for the same "
            "user returned it, or leave it out to begin now."
        )
    return place.decode("ascii")


def _digest(place: bytes, address: str) -> bytes:
    folded = address.strip().lower().encode("utf-8")
    return hashlib.sha256(_PURPOSE + b"\0" + folded + b"\0" + place).digest()[:_DIGEST]
