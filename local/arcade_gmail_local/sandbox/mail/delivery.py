"""Send mail: check it, keep the sender's copy and deliver one to every recipient here.

In three steps: `check_recipients` refuses, `prepare_mail` does everything that awaits, and
`send_mail` changes the mailboxes at once.
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass

from arcade_gmail_local.sandbox.google_error import invalid
from arcade_gmail_local.sandbox.mail.arrival import (
    RECEIVERS_OWN,
    Arrival,
    Arrived,
    prepare_arrival,
    store_arrival,
)
from arcade_gmail_local.sandbox.mail.filtering import apply_filters
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, addresses, date_header
from arcade_gmail_local.sandbox.mail.store import Outgoing, Store
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

DEFAULT_MAX_RECIPIENTS = 500

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;.]+(?:\.[^\s@<>,;.]+)*")
_HEADERS = ("To", "Cc", "Bcc")
_TO_ONESELF = ("INBOX", "UNREAD")


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """Mail whose recipients are valid."""

    mail: RawMail
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class PreparedMail:
    """Mail ready to send: the sender's copy, the arrivals here, and recipients elsewhere."""

    kept: bytes
    labels: frozenset[str]
    arrivals: tuple[Arrival, ...]
    outside: tuple[str, ...]


def check_recipients(raw: bytes, *, max_recipients: int | None = DEFAULT_MAX_RECIPIENTS) -> Checked:
    """Refuse mail that cannot be delivered, before anything has changed."""
    mail = RawMail(raw)
    recipients: dict[str, None] = {}
    for header in _HEADERS:
        for _, address in addresses(mail.every(header)):
            if not _ADDRESS.fullmatch(address):
                raise invalid(f"Invalid {header} header")
            recipients[canonical_email(address)] = None
    if not recipients:
        raise invalid("Recipient address required")
    if max_recipients is not None and len(recipients) > max_recipients:
        raise invalid("Too many recipients")
    return Checked(mail, tuple(recipients))


async def prepare_mail(store: Store, sender: Mailbox, checked: Checked) -> PreparedMail:
    """Prepare the sender's copy and one for each recipient; nothing is sent yet.

    The sender's copy keeps Bcc, and is one message even where the sender is a recipient too. Its
    Message-ID is Gmail's, whatever the client wrote.
    """
    kept = _senders_copy(store, sender, checked.mail)
    mail = RawMail(kept)
    labels, outside = frozenset({"SENT"}), []
    arrivals: dict[str, Arrival] = {}
    for address in checked.recipients:
        recipient = store.mailbox_for_delivery(address)
        if recipient is None:
            outside.append(address)
        elif recipient is sender:
            labels = (await apply_filters(sender, kept, _TO_ONESELF, store.now_ms())).labels | {
                "SENT"
            }
        elif recipient.email not in arrivals:
            arrivals[recipient.email] = await prepare_arrival(
                store, recipient, mail, sender=sender.email, recipient=address
            )
    return PreparedMail(kept, labels, tuple(arrivals.values()), tuple(outside))


def send_mail(
    store: Store, sender: Mailbox, prepared: PreparedMail, *, thread_id: str | None
) -> tuple[StoredMessage, list[Arrived]]:
    """Send prepared mail; return the sender's copy and what arrived, for follow-ups."""
    sent = sender.add(prepared.kept, ("SENT",), store.now_ms(), thread_id=thread_id)
    sender.change_labels(sent, prepared.labels)
    store.outgoing.extend(Outgoing(sender.email, address, sent.id) for address in prepared.outside)
    return sent, [store_arrival(store, arrival) for arrival in prepared.arrivals]


def _senders_copy(store: Store, sender: Mailbox, mail: RawMail) -> bytes:
    now = store.clock()
    on_top = [
        "Received: from 100000000000 named unknown by gmailapi.google.com with HTTPREST; "
        + date_header(now)
    ]
    below = [f"Message-ID: {store.ids.header_message_id()}"]
    without = {"message-id", *RECEIVERS_OWN}
    if not mail.first("date"):
        without.add("date")
        below.append(f"Date: {date_header(now)}")
    if not _may_send_from(mail, sender):
        without.add("from")
        below.append(f"From: {_own_from(mail, sender)}")
    return mail.rebuilt(without=without, on_top=on_top, below=below)


def _may_send_from(mail: RawMail, sender: Mailbox) -> bool:
    """Return whether From is a single address that the person may send from."""
    given = [address for _, address in addresses(mail.every("from"))]
    return len(given) == 1 and sender.settings.send_as.accepted(given[0]) is not None


def _own_from(mail: RawMail, sender: Mailbox) -> str:
    """Rewrite a From that is not the sender's: the name stays, the address is the account's."""
    primary = sender.settings.send_as.primary()
    name = next((name for name, _ in addresses(mail.every("from"))), primary.name)
    # A decoded word may contain line breaks.
    return email.utils.formataddr((" ".join(name.split()), sender.email))
