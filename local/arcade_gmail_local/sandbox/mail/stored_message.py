"""Keep one message of a mailbox: its raw bytes, its labels, and what is derived from them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from arcade_gmail_local.sandbox.mail.payload import gmail_payload, snippet_of
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, message_ids
from arcade_gmail_local.sandbox.search.index import BodyIndex, HeaderIndex

MAX_CACHED_PAYLOAD_BYTES = 32 * 1024
"""Payloads of mail up to this size are cached; larger ones are parsed for each answer."""

OFF_LOOP_BYTES = 256 * 1024
"""Mail above this size is parsed in a thread, so that it does not block the event loop."""

T = TypeVar("T")


@dataclass(eq=False, repr=False)
class StoredMessage:
    """A stored message. Only its mailbox changes it.

    `order` breaks ties within a millisecond: the message stored later is newer.
    """

    id: str
    thread_id: str
    raw: bytes
    internal_date_ms: int
    labels: set[str] = field(default_factory=set)
    history_id: int = 0
    order: int = 0
    draft_id: str | None = None
    _payload: dict[str, Any] | None = None
    _snippet: str | None = None
    _body_index: BodyIndex | None = None

    @cached_property
    def mail(self) -> RawMail:
        return RawMail(self.raw)

    @cached_property
    def subject(self) -> str:
        return self.mail.first("subject")

    @cached_property
    def header_message_id(self) -> str:
        """The Message-ID without its brackets; "" when there is none."""
        value = self.mail.first("message-id")
        return next(iter(message_ids(value)), value)

    @cached_property
    def header_index(self) -> HeaderIndex:
        return HeaderIndex(self.mail)

    @property
    def age_key(self) -> tuple[int, int]:
        return (self.internal_date_ms, self.order)

    def label_ids(self) -> list[str]:
        """Return the labels in a stable order, system labels first."""
        return sorted(self.labels, key=lambda label: (label.startswith("Label_"), label))

    async def payload(self) -> dict[str, Any]:
        """Return the part tree. It is shared: do not change it."""
        if self._payload is not None:
            return self._payload
        payload = await self._off_loop(lambda: gmail_payload(self.raw, message_id=self.id))
        if len(self.raw) <= MAX_CACHED_PAYLOAD_BYTES:
            self._payload = payload
        return payload

    async def snippet(self) -> str:
        """Return the snippet, HTML-escaped."""
        if self._snippet is not None:
            return self._snippet
        snippet = await self._off_loop(lambda: snippet_of(self.raw))
        self._snippet = snippet
        return snippet

    async def body_index(self) -> BodyIndex:
        if self._body_index is not None:
            return self._body_index
        payload = await self.payload()
        index = await self._off_loop(lambda: BodyIndex(payload))
        self._body_index = index
        return index

    async def _off_loop(self, work: Callable[[], T]) -> T:
        if len(self.raw) > OFF_LOOP_BYTES:
            return await asyncio.to_thread(work)
        return work()
