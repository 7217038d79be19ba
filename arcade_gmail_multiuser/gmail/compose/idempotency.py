"""Mark a message to send, and find that mark again in Drafts and in Sent.

Gmail replaces the Message-ID of what is sent and does not search in other headers, so a message
is recognised by reading one header of the newest drafts and sent messages. How many are read is
bounded, and every bound is a constant here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arcade_gmail_multiuser.errors import ConfirmationRequired, GmailMultiuserError, NotFound
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.compose.mime import OutgoingMessage
from arcade_gmail_multiuser.gmail.queries import build_query

__all__ = ["HEADER", "Evidence", "Mark", "MarkedDraft", "MarkedMessage"]

HEADER = "X-GmailMultiuser-Key"

MAX_DRAFTS = 30
MAX_NEWEST_SENT = 10
"""Read without a search: a search index may not know yet what was sent a second ago."""
MAX_SEARCHED_SENT = 25
"""Read from a search for the same recipient and subject, `MAX_SEARCHED_DAYS` back."""
MAX_SENT_PAGES = 7
"""Of `MAX_SEARCHED_SENT` each, read where nothing may be missed; 20 quota units a message."""
MAX_SEARCHED_DAYS = 7
MAX_SUBJECT_WORDS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """Tell one message from all others: `key` says which call, `content` says what it sends.

    Both are digests. `content` is keyed with the caller's idempotency key, because those who
    receive the message could otherwise test guesses about its hidden recipients against it.
    """

    key: str
    content: str

    @classmethod
    def of(cls, user: str, key: str, message: OutgoingMessage) -> Mark:
        """Derive the mark of a message that may be sent again under the same idempotency key."""
        named = json.dumps([user, key]).encode()
        return cls(
            hashlib.sha256(named).hexdigest()[:32],
            hmac.new(key.encode(), _content(message), hashlib.sha256).hexdigest()[:32],
        )

    @classmethod
    def random(cls) -> Mark:
        """Make the mark of a message that no other call can mean."""
        return cls(secrets.token_hex(16), secrets.token_hex(16))

    def put_on(self, message: OutgoingMessage) -> OutgoingMessage:
        """Return the message with this mark in its header."""
        return replace(message, headers={**message.headers, HEADER: f"{self.key}.{self.content}"})

    @classmethod
    def read(cls, resource: Mapping[str, Any]) -> Mark | None:
        """Read the mark of a Message resource; None for the messages of everybody else."""
        for header in (resource.get("payload") or {}).get("headers") or ():
            if str(header.get("name", "")).lower() == HEADER.lower():
                key, _, content = str(header.get("value", "")).strip().partition(".")
                return cls(key, content)
        return None


def _content(message: OutgoingMessage) -> bytes:
    people = [[a.email for a in group] for group in (message.to, message.cc, message.bcc)]
    files = [
        [f.filename, f.mime_type, hashlib.sha256(f.content).hexdigest()]
        for f in message.attachments
    ]
    parts: list[Any] = [people, message.subject, message.content_type, message.body, files]
    if message.from_ is not None:
        parts.append(message.from_.email)
    return json.dumps(parts).encode()


@dataclass(frozen=True, slots=True)
class MarkedMessage:
    """A sent message that carries the key looked for."""

    id: str
    thread_id: str
    label_ids: tuple[str, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class MarkedDraft:
    """A draft that carries the key looked for. `history` orders drafts by when Gmail made them."""

    id: str
    mark: Mark
    history: int = 0
    message_id: str = ""
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()


class Evidence:
    """Look for one key in a mailbox. Each message is read once however often one looks."""

    def __init__(
        self,
        gmail: GmailClient,
        message: OutgoingMessage,
        mark: Mark,
        *,
        since: int | None = None,
    ) -> None:
        self._gmail = gmail
        self._mark = mark
        self._query = _search_for(message)
        self._sent_read: dict[str, MarkedMessage | None] = {}
        self._sent_at: dict[str, int] = {}  # seconds since 1970
        self._since = since

    async def sent(self) -> MarkedMessage | None:
        """Find the key among the newest sent messages and those to the same person.

        Thrown away or not: what is in Trash was sent all the same.

        Raises:
            GmailMultiuserError: some of them could not be read, so the answer is not known.
        """
        newest = await self._gmail.call(
            "users.messages.list",
            labelIds=["SENT"],
            maxResults=MAX_NEWEST_SENT,
            includeSpamTrash=True,
        )
        searched = await self._gmail.call(
            "users.messages.list",
            q=self._query,
            maxResults=MAX_SEARCHED_SENT,
            includeSpamTrash=True,
        )
        ids = [
            str(entry["id"])
            for answer in (newest, searched)
            for entry in answer.get("messages") or ()
        ]
        await self._read(ids)
        found = next((found for id_ in ids if (found := self._sent_read[id_])), None)
        if found is None and self._since is not None:
            return await self._sent_since(self._since, newest)
        return found

    async def _sent_since(self, since: int, page: Mapping[str, Any]) -> MarkedMessage | None:
        """Go on from the newest to the older ones, until they were sent before the key was made."""
        for _ in range(MAX_SENT_PAGES):
            ids = [str(entry["id"]) for entry in page.get("messages") or ()]
            await self._read(ids)
            for id_ in ids:
                if found := self._sent_read[id_]:
                    return found
            token = page.get("nextPageToken")
            if not token or any(self._sent_at.get(id_, since) < since for id_ in ids):
                return None
            page = await self._gmail.call(
                "users.messages.list",
                labelIds=["SENT"],
                maxResults=MAX_SEARCHED_SENT,
                includeSpamTrash=True,
                pageToken=token,
            )
        raise ConfirmationRequired(
            "So much was sent since this message was prepared that it cannot be told whether it "
            "was among it. Nothing was sent now. Prepare it again."
        )

    async def drafts(self) -> list[MarkedDraft]:
        """Find the drafts with this key among the newest ones, the one made first in front."""
        answer = await self._gmail.call("users.drafts.list", maxResults=MAX_DRAFTS)
        ids = [str(entry["id"]) for entry in answer.get("drafts") or ()]
        drafts = await _read_each(self._gmail, "users.drafts.get", ids, {"format": "metadata"})
        found = [
            _marked_draft(id_, draft["message"], mark)
            for id_, draft in drafts.items()
            if (mark := self._own(draft.get("message") or {}))
        ]
        return sorted(found, key=lambda draft: (draft.history, draft.id))

    async def _read(self, ids: Sequence[str]) -> None:
        unread = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._sent_read]
        shape = {"format": "metadata", "metadataHeaders": [HEADER]}
        found = await _read_each(self._gmail, "users.messages.get", unread, shape)
        for id_ in unread:
            resource = found.get(id_, {})
            if resource:  # one that vanished since it was listed says nothing of its neighbours
                self._sent_at[id_] = int(resource.get("internalDate") or 0) // 1000
            mark = self._own(resource)
            if mark is None:
                self._sent_read[id_] = None
                continue
            self._sent_read[id_] = MarkedMessage(
                id_, str(resource.get("threadId", "")), tuple(resource.get("labelIds") or ()), mark
            )

    def _own(self, resource: Mapping[str, Any]) -> Mark | None:
        mark = Mark.read(resource)
        return mark if mark and hmac.compare_digest(mark.key, self._mark.key) else None


def _marked_draft(id_: str, message: Mapping[str, Any], mark: Mark) -> MarkedDraft:
    return MarkedDraft(
        id_,
        mark,
        int(message.get("historyId") or 0),
        str(message.get("id", "")),
        str(message.get("threadId", "")),
        tuple(message.get("labelIds") or ()),
    )


async def _read_each(
    gmail: GmailClient, method: str, ids: Sequence[str], shape: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Read them all or raise; what vanished since it was listed is simply absent."""
    if not ids:
        return {}
    answers = await gmail.call_each(method, [{"id": id_, **shape} for id_ in ids])
    for answer in answers:
        if isinstance(answer, GmailMultiuserError) and not isinstance(answer, NotFound):
            raise answer
    return {id_: a for id_, a in zip(ids, answers, strict=True) if isinstance(a, dict)}


def _search_for(message: OutgoingMessage) -> str:
    words = message.subject.split()[:MAX_SUBJECT_WORDS]
    subject = " ".join(words)
    # Without a plain word, how Gmail cuts a subject into words is anyone's guess.
    plain = len(subject) <= 200 and any(word.isascii() and word.isalnum() for word in words)
    terms = build_query(
        recipient=[message.to[0].email] if message.to else [], subject=[subject] if plain else []
    )
    return f"in:sent newer_than:{MAX_SEARCHED_DAYS}d {terms}".strip()
