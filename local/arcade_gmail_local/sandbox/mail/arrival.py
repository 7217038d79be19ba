"""Mail comes into a mailbox: through its filters, into a thread, and on to forwards and replies.

Filters look at bodies, which may take a thread of its own, so arriving has two steps: everything
that waits (`arrival_of`), and then the change itself (`take_in`), which is atomic.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from arcade_gmail_local.sandbox.mail.filtering import Verdict, judged
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, addresses, date_header
from arcade_gmail_local.sandbox.mail.store import Outgoing, Store
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.mail.thread_assignment import thread_of_received
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

DELIVERED = ("INBOX", "UNREAD", "CATEGORY_PERSONAL")

# Written by the receiving side only; what a sender claims in them is thrown away.
RECEIVERS_OWN = frozenset({"authentication-results", "delivered-to", "return-path", "received-spf"})
_NOT_ANSWERED = frozenset({"SPAM", "TRASH"})


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """Mail at a mailbox's door, judged by its filters and not stored yet."""

    mailbox: Mailbox
    raw: bytes
    sender: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, repr=False)
class Arrived:
    """Mail that is in, and what it may set off."""

    arrival: Arrival
    message: StoredMessage


async def arrival_of(
    store: Store, mailbox: Mailbox, mail: RawMail, *, sender: str, recipient: str
) -> Arrival:
    """Bring mail to a mailbox's door, with the headers that a receiving server writes.

    Args:
        sender: the address in the envelope.
        recipient: the address it came for, which may be `alice+lists@` of alice's mailbox.
    """
    raw = mail.rebuilt(
        without={"bcc", *RECEIVERS_OWN},
        on_top=_received_headers(mail, sender, recipient, store.clock()),
    )
    return Arrival(mailbox, raw, sender, await judged(mailbox, raw, DELIVERED, store.now_ms()))


def take_in(store: Store, arrival: Arrival) -> Arrived:
    thread_id = thread_of_received(arrival.mailbox, RawMail(arrival.raw))
    message = arrival.mailbox.add(
        arrival.raw, arrival.verdict.labels, store.now_ms(), thread_id=thread_id
    )
    return Arrived(arrival, message)


async def follow_up(store: Store, arrived: Sequence[Arrived], *, forwards: bool = True) -> None:
    """Forward what filters say and answer for who is away.

    What was forwarded is not forwarded again, and automatic answers are never answered, so this
    ends.
    """
    for each in arrived:
        if forwards:
            await _forward(store, each)
        await _answer(store, each)


async def _forward(store: Store, arrived: Arrived) -> None:
    mailbox = arrived.arrival.mailbox
    for address in arrived.arrival.verdict.forward_to:
        recipient = store.mailbox_for_delivery(address)
        if recipient is None:
            store.outgoing.append(Outgoing(mailbox.email, address, arrived.message.id))
            continue
        on_top = [f"X-Forwarded-To: {address}", f"X-Forwarded-For: {mailbox.email} {address}"]
        mail = RawMail(arrived.message.mail.rebuilt(on_top=on_top))
        sender = arrived.arrival.sender
        coming = await arrival_of(store, recipient, mail, sender=sender, recipient=address)
        await follow_up(store, [take_in(store, coming)], forwards=False)


async def _answer(store: Store, arrived: Arrived) -> None:
    mailbox, sender = arrived.arrival.mailbox, arrived.arrival.sender
    if arrived.message.labels & _NOT_ANSWERED:
        return
    primary = mailbox.settings.send_as.primary()
    raw = mailbox.settings.vacation.reply_to(
        arrived.message.mail,
        sender=sender,
        owner=(primary.name, mailbox.email),
        now_ms=store.now_ms(),
        knows=_has_written_to(mailbox, sender),
    )
    if raw is None:
        return
    recipient = store.mailbox_for_delivery(sender)
    if recipient is None:
        store.outgoing.append(Outgoing(mailbox.email, sender, ""))
        return
    below = [f"Message-ID: {store.ids.header_message_id()}"]
    mail = RawMail(RawMail(raw).rebuilt(below=below))
    coming = await arrival_of(store, recipient, mail, sender=mailbox.email, recipient=sender)
    await follow_up(store, [take_in(store, coming)], forwards=False)


def _has_written_to(mailbox: Mailbox, address: str) -> bool:
    """Say who is a contact: there is no address book here, so whoever was written to is one."""
    wanted = canonical_email(address)
    return any(
        canonical_email(found) == wanted
        for message in mailbox.newest_first()
        if "SENT" in message.labels
        for name in ("to", "cc", "bcc")
        for _, found in addresses(message.mail.every(name))
    )


def _received_headers(mail: RawMail, sender: str, recipient: str, now_s: float) -> list[str]:
    when = date_header(now_s)
    written_by = next((address for _, address in addresses(mail.every("from"))), sender)
    domain = canonical_email(written_by).rpartition("@")[2]
    mark = secrets.token_urlsafe(6)
    return [
        f"Delivered-To: {recipient}",
        f"Received: by 2002:a05:6000:1000:: with SMTP id {mark}; {when}",
        f"Return-Path: <{sender}>",
        "Received: from mail-sor-f41.google.com (mail-sor-f41.google.com. [209.85.220.41])"
        f" by mx.google.com with SMTPS for <{recipient}>; {when}",
        f"Received-SPF: pass (google.com: domain of {sender} designates 209.85.220.41 as "
        "permitted sender) client-ip=209.85.220.41;",
        f"Authentication-Results: mx.google.com; dkim=pass header.i=@{domain} "
        f"header.s=20230601 header.b={mark}; spf=pass (google.com: domain of {sender} designates "
        f"209.85.220.41 as permitted sender) smtp.mailfrom={sender}; "
        f"dmarc=pass (p=NONE sp=NONE dis=NONE) header.from={domain}",
    ]
