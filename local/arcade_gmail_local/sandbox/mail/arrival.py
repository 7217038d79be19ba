"""Receive mail: apply filters, find its thread, then forward it and send automatic replies.

Receiving takes two steps, because filters read bodies, which may take a thread: everything that
awaits (`prepare_arrival`), and then the change itself (`store_arrival`), which is atomic.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from arcade_gmail_local.sandbox.mail.filtering import FilterResult, apply_filters
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, addresses, date_header
from arcade_gmail_local.sandbox.mail.store import Outgoing, Store
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.mail.thread_assignment import thread_of_received
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

DELIVERED = ("INBOX", "UNREAD", "CATEGORY_PERSONAL")

# Written by the receiving server only; a sender's own are removed.
RECEIVERS_OWN = frozenset({"authentication-results", "delivered-to", "return-path", "received-spf"})
_NO_REPLY_IN = frozenset({"SPAM", "TRASH"})


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """Mail for a mailbox, filtered and not stored yet."""

    mailbox: Mailbox
    raw: bytes
    sender: str
    filtered: FilterResult


@dataclass(frozen=True, slots=True, repr=False)
class Arrived:
    """Mail that has been stored and may cause forwards and replies."""

    arrival: Arrival
    message: StoredMessage


async def prepare_arrival(
    store: Store, mailbox: Mailbox, mail: RawMail, *, sender: str, recipient: str
) -> Arrival:
    """Filter mail for a mailbox and add the headers that a receiving server writes.

    Args:
        sender: the envelope's sender.
        recipient: the envelope's recipient, which may be `alice+lists@` for alice's mailbox.
    """
    raw = mail.rebuilt(
        without={"bcc", *RECEIVERS_OWN},
        on_top=_received_headers(mail, sender, recipient, store.clock()),
    )
    return Arrival(
        mailbox, raw, sender, await apply_filters(mailbox, raw, DELIVERED, store.now_ms())
    )


def store_arrival(store: Store, arrival: Arrival) -> Arrived:
    thread_id = thread_of_received(arrival.mailbox, RawMail(arrival.raw))
    message = arrival.mailbox.add(
        arrival.raw, arrival.filtered.labels, store.now_ms(), thread_id=thread_id
    )
    return Arrived(arrival, message)


async def run_follow_ups(
    store: Store, arrived: Sequence[Arrived], *, forwards: bool = True
) -> None:
    """Forward mail as filters say and send vacation replies.

    This ends: forwarded mail is not forwarded again, and automatic replies are never answered.
    """
    for each in arrived:
        if forwards:
            await _forward(store, each)
        await _reply_if_away(store, each)


async def _forward(store: Store, arrived: Arrived) -> None:
    mailbox = arrived.arrival.mailbox
    for address in arrived.arrival.filtered.forward_to:
        recipient = store.mailbox_for_delivery(address)
        if recipient is None:
            store.outgoing.append(Outgoing(mailbox.email, address, arrived.message.id))
            continue
        on_top = [f"X-Forwarded-To: {address}", f"X-Forwarded-For: {mailbox.email} {address}"]
        mail = RawMail(arrived.message.mail.rebuilt(on_top=on_top))
        sender = arrived.arrival.sender
        coming = await prepare_arrival(store, recipient, mail, sender=sender, recipient=address)
        await run_follow_ups(store, [store_arrival(store, coming)], forwards=False)


async def _reply_if_away(store: Store, arrived: Arrived) -> None:
    mailbox, sender = arrived.arrival.mailbox, arrived.arrival.sender
    if arrived.message.labels & _NO_REPLY_IN:
        return
    primary = mailbox.settings.send_as.primary()
    raw = mailbox.settings.vacation.reply_to(
        arrived.message.mail,
        sender=sender,
        owner=(primary.name, mailbox.email),
        now_ms=store.now_ms(),
        knows=_is_contact(mailbox, sender),
    )
    if raw is None:
        return
    recipient = store.mailbox_for_delivery(sender)
    if recipient is None:
        store.outgoing.append(Outgoing(mailbox.email, sender, ""))
        return
    below = [f"Message-ID: {store.ids.header_message_id()}"]
    mail = RawMail(RawMail(raw).rebuilt(below=below))
    coming = await prepare_arrival(store, recipient, mail, sender=mailbox.email, recipient=sender)
    await run_follow_ups(store, [store_arrival(store, coming)], forwards=False)


def _is_contact(mailbox: Mailbox, address: str) -> bool:
    """Return whether an address is a contact; without an address book, that is any recipient."""
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
