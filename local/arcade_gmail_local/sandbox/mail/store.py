"""Hold all mailboxes, and a record of mail to addresses outside the sandbox."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from arcade_gmail_local.sandbox.mail.ids import IdGenerator, TokenSealer
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, date_ms
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.mail.thread_assignment import thread_of_received
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

MAX_OUTGOING = 10_000
ARRIVED = ("INBOX", "UNREAD")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message accepted for an address that has no mailbox here."""

    sender: str
    recipient: str
    message_id: str


class Store:
    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.ids = IdGenerator()
        self.sealer = TokenSealer()
        self.outgoing: deque[Outgoing] = deque(maxlen=MAX_OUTGOING)
        self._mailboxes: dict[str, Mailbox] = {}

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def emails(self) -> list[str]:
        return list(self._mailboxes)

    def mailbox(self, email: str) -> Mailbox | None:
        return self._mailboxes.get(canonical_email(email))

    def open_mailbox(self, email: str, owner: str = "") -> Mailbox:
        """Return the mailbox of an address, creating it if there is none."""
        email = canonical_email(email)
        if email not in self._mailboxes:
            self._mailboxes[email] = Mailbox(email, self.ids, owner=owner)
        return self._mailboxes[email]

    def mailbox_for_delivery(self, address: str) -> Mailbox | None:
        """Find the mailbox that receives mail for an address; `alice+lists@` is alice's."""
        local, _, domain = canonical_email(address).rpartition("@")
        return self.mailbox(address) or self.mailbox(f"{local.partition('+')[0]}@{domain}")

    def put(
        self,
        mailbox: Mailbox,
        raw: bytes,
        *,
        labels: Collection[str] = ARRIVED,
        internal_date_ms: int | None = None,
    ) -> StoredMessage:
        """Store a message as if it had arrived: threaded, and dated by its Date header.

        Labels that the mailbox lacks are created.
        """
        mail = RawMail(raw)
        when = internal_date_ms
        if when is None:
            when = date_ms(mail.first("date"))
        known = [self._label_id(mailbox, label) for label in labels]
        return mailbox.add(
            raw,
            known,
            self.now_ms() if when is None else when,
            thread_id=thread_of_received(mailbox, mail),
            draft_id=mailbox.new_draft_id() if "DRAFT" in known else None,
        )

    @staticmethod
    def _label_id(mailbox: Mailbox, label: str) -> str:
        if label in mailbox.labels:
            return label
        for known in mailbox.labels.all():
            if known.name.casefold() == label.casefold():
                return known.id
        return mailbox.labels.create({"name": label}).id
