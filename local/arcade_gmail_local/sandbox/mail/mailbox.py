"""Keep one person's messages, threads, drafts and labels consistent.

Every method is synchronous and leaves the mailbox consistent, so on one event loop it is atomic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from arcade_gmail_local.sandbox.google_error import not_found
from arcade_gmail_local.sandbox.mail.history_log import HistoryLog, HistoryRecord
from arcade_gmail_local.sandbox.mail.ids import IdGenerator, canonical_id, check_draft_id
from arcade_gmail_local.sandbox.mail.label_store import LabelStore
from arcade_gmail_local.sandbox.mail.mailbox_settings import Settings
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage

_ELSEWHERE = {"TRASH": {"INBOX", "SPAM"}, "SPAM": {"INBOX", "TRASH"}}
"""The labels that a message loses when it goes to the trash or to spam."""


class Mailbox:
    def __init__(self, email: str, ids: IdGenerator, *, owner: str = "") -> None:
        self.email = email
        self.owner = owner
        self.labels = LabelStore()
        self.history = HistoryLog(ids)
        self.settings = Settings(email, owner, ids)
        self._ids = ids
        self._messages: dict[str, StoredMessage] = {}
        self._threads: dict[str, list[StoredMessage]] = {}
        self._drafts: dict[str, StoredMessage] = {}
        self._by_header_id: dict[str, list[StoredMessage]] = {}
        self._newest_first: list[StoredMessage] | None = None
        self._stored = 0

    def __repr__(self) -> str:
        return f"<Mailbox of {len(self._messages)} messages>"

    # Reading

    @property
    def message_count(self) -> int:
        return len(self._messages)

    @property
    def thread_count(self) -> int:
        return len(self._threads)

    def newest_first(self) -> list[StoredMessage]:
        """Return all messages, newest first. The list is shared: do not change it."""
        if self._newest_first is None:
            self._newest_first = sorted(
                self._messages.values(), key=lambda m: m.age_key, reverse=True
            )
        return self._newest_first

    def message(self, given_id: str) -> StoredMessage:
        """Find a message; an impossible id is a 400, an unknown one a 404."""
        found = self._messages.get(canonical_id(given_id))
        if found is None:
            raise not_found()
        return found

    def find(self, message_id: str) -> StoredMessage | None:
        return self._messages.get(message_id)

    def thread(self, given_id: str) -> list[StoredMessage]:
        """Return a thread's messages, oldest first; only the id of the thread finds it."""
        found = self.messages_of(canonical_id(given_id))
        if not found:
            raise not_found()
        return found

    def messages_of(self, thread_id: str) -> list[StoredMessage]:
        """Return a thread's messages, oldest first; an unknown thread has none."""
        return sorted(self._threads.get(thread_id, ()), key=lambda m: m.age_key)

    def threads(self) -> Iterable[list[StoredMessage]]:
        return self._threads.values()

    def has_thread(self, thread_id: str) -> bool:
        return thread_id in self._threads

    def with_header_id(self, header_message_id: str) -> list[StoredMessage]:
        return self._by_header_id.get(header_message_id, [])

    def draft(self, draft_id: str) -> StoredMessage:
        found = self._drafts.get(check_draft_id(draft_id))
        if found is None:
            raise not_found()
        return found

    def new_draft_id(self) -> str:
        return self._ids.draft_id()

    # Changing

    def add(
        self,
        raw: bytes,
        labels: Collection[str],
        internal_date_ms: int,
        *,
        thread_id: str | None = None,
        draft_id: str | None = None,
    ) -> StoredMessage:
        """Store a message; without a thread it starts one."""
        message_id = self._ids.message_id(internal_date_ms)
        self._stored += 1
        message = StoredMessage(
            id=message_id,
            thread_id=thread_id or message_id,
            raw=raw,
            internal_date_ms=internal_date_ms,
            labels=set(labels),
            order=self._stored,
            draft_id=draft_id,
        )
        self._messages[message_id] = message
        self._threads.setdefault(message.thread_id, []).append(message)
        if message.header_message_id:
            self._by_header_id.setdefault(message.header_message_id, []).append(message)
        if draft_id is not None:
            self._drafts[draft_id] = message
        self._newest_first = None
        self._record("messageAdded", message)
        return message

    def remove(self, message: StoredMessage) -> None:
        """Delete a message permanently, and its thread with the last message."""
        if self._messages.pop(message.id, None) is None:
            return
        thread = self._threads[message.thread_id]
        thread.remove(message)
        if not thread:
            del self._threads[message.thread_id]
        twins = self._by_header_id.get(message.header_message_id, [])
        if message in twins:
            twins.remove(message)
        if not twins:
            self._by_header_id.pop(message.header_message_id, None)
        if message.draft_id is not None and self._drafts.get(message.draft_id) is message:
            del self._drafts[message.draft_id]
        self._newest_first = None
        self._record("messageDeleted", message)

    def change_labels(
        self, message: StoredMessage, add: Collection[str], remove: Collection[str] = ()
    ) -> None:
        """Add and remove labels; what changes nothing leaves no history."""
        leaving = set(remove)
        for place in ("SPAM", "TRASH"):
            if place in add:
                leaving |= _ELSEWHERE[place] - set(add)
        added, removed = set(add) - message.labels, leaving & message.labels
        if added:
            message.labels |= added
            self._record("labelAdded", message, added)
        if removed:
            message.labels -= removed
            self._record("labelRemoved", message, removed)

    def remove_label_from_all(self, label_id: str) -> None:
        for message in self._messages.values():
            if label_id in message.labels:
                self.change_labels(message, (), (label_id,))

    def _record(self, kind: str, message: StoredMessage, changed: Collection[str] = ()) -> None:
        message.history_id = self.history.advance()
        record = HistoryRecord(
            id=message.history_id,
            kind=kind,
            message_id=message.id,
            thread_id=message.thread_id,
            label_ids=tuple(message.label_ids()),
        )
        self.history.add(replace(record, changed_labels=tuple(sorted(changed))))
