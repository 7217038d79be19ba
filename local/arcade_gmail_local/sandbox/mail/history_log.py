"""Record the changes of a mailbox in order, for users.history.list."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.sandbox.google_error import not_found
from arcade_gmail_local.sandbox.mail.ids import IdGenerator

MAX_RECORDS = 20_000
"""Older records are dropped, and a start before them is a 404, as in Gmail."""

_KEYS = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One change of one message; `label_ids` are the labels it had afterwards."""

    id: int
    kind: str
    message_id: str
    thread_id: str
    label_ids: tuple[str, ...]
    changed_labels: tuple[str, ...] = ()

    def concerns(self, label_id: str) -> bool:
        return label_id in self.label_ids or label_id in self.changed_labels

    def resource(self) -> dict[str, Any]:
        short = {"id": self.message_id, "threadId": self.thread_id}
        message: dict[str, Any] = dict(short)
        if self.label_ids:
            message["labelIds"] = list(self.label_ids)
        change: dict[str, Any] = {"message": message}
        if self.changed_labels:
            change["labelIds"] = list(self.changed_labels)
        return {"id": str(self.id), "messages": [short], _KEYS[self.kind]: [change]}


class HistoryLog:
    """Number every change; history ids rise with gaps and never repeat."""

    def __init__(self, ids: IdGenerator) -> None:
        self._ids = ids
        self._records: deque[HistoryRecord] = deque(maxlen=MAX_RECORDS)
        self.current = ids.first_history_id()
        self._forgotten_until = self.current

    def advance(self) -> int:
        self.current += self._ids.history_step()
        return self.current

    def add(self, record: HistoryRecord) -> None:
        if len(self._records) == MAX_RECORDS:
            self._forgotten_until = self._records[0].id
        self._records.append(record)

    def forget(self) -> None:
        """Drop all records, so that every history id returned so far has expired."""
        self._records.clear()
        self._forgotten_until = self.advance()

    def since(self, start: int, kinds: Collection[str], label_id: str) -> Iterator[HistoryRecord]:
        """Yield the changes after `start`; an expired or unknown id is a 404."""
        if not self._forgotten_until <= start <= self.current:
            raise not_found()
        for record in self._records:
            is_wanted = not kinds or record.kind in kinds
            if record.id > start and is_wanted and (not label_id or record.concerns(label_id)):
                yield record
