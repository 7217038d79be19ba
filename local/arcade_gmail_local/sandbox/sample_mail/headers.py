"""Write the header fields of a seeded letter as they look in its owner's mailbox."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr

from arcade_gmail_local.sandbox.sample_mail.bodies import unsubscribe_url
from arcade_gmail_local.sandbox.sample_mail.letters import Letter

Fields = Iterator[tuple[str, str | Header]]


def write_headers(message: EmailMessage, letter: Letter) -> None:
    """Write the fields in order: the trace of delivery first, unless the letter was sent."""
    if not (letter.outgoing or letter.text.draft):
        for name, value in _trace(letter):
            message[name] = value
    for name, value in (*_written(letter), *_bulk(letter)):
        message[name] = value


def _written(letter: Letter) -> Fields:
    charset = letter.text.encoding
    people = {
        "From": (letter.sender,),
        "To": letter.to,
        "Cc": letter.cc,
        "Bcc": letter.text.bcc,
        "Reply-To": (letter.text.reply_to,) if letter.text.reply_to else (),
    }
    for name, addresses in people.items():
        if addresses:
            yield name, ", ".join(formataddr(parseaddr(one), charset) for one in addresses)
    subject = letter.subject
    yield "Subject", subject if subject.isascii() else Header(subject, charset)
    yield "Date", format_datetime(letter.when)
    yield "Message-ID", letter.message_id
    if letter.references:
        yield "In-Reply-To", letter.references[-1]
        yield "References", " ".join(letter.references)


def _trace(letter: Letter) -> Fields:
    returns_to = parseaddr(letter.sender)[1]
    if letter.text.list_name:
        returns_to = f"{letter.text.list_name}-bounces@lists.example.org"
    if letter.text.layout == "bounce":
        returns_to = ""
    mailer = returns_to.rpartition("@")[2] or letter.domain
    address = f"192.0.2.{hashlib.sha256(mailer.encode()).digest()[0] % 250 + 2}"
    # Delivery is each mailbox's own, also where the letter is shared.
    queue_id = hashlib.sha256(f"{letter.owner.email}/{letter.name}".encode()).hexdigest()[:24]
    yield "Delivered-To", letter.owner.email
    yield (
        "Received",
        f"from mail.{mailer} (mail.{mailer}. [{address}]) by mx.example.com with ESMTPS "
        f"id {queue_id} for <{letter.owner.email}>; {format_datetime(letter.when)}",
    )
    yield "Return-Path", f"<{returns_to}>"
    # Gmail's own name stands here and nowhere else: readers trust this header only when the
    # server they know has written it.
    if letter.text.dmarc == "fail":
        filtered = (
            f"spf=softfail (transitioning domain of {returns_to} does not designate 198.51.100.7 "
            f"as permitted sender) smtp.mailfrom={returns_to}; "
            f"dmarc=fail (p=NONE sp=NONE dis=NONE) header.from={letter.domain}"
        )
    else:
        filtered = (
            f"dkim=pass header.i=@{letter.domain} header.s=s1 header.b=Ab12Cd34; "
            f"spf=pass (domain of {returns_to or mailer} designates {address} as permitted "
            f"sender) smtp.mailfrom={returns_to}; "
            f"dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from={letter.domain}"
        )
    yield "Authentication-Results", f"mx.google.com; {filtered}"


def _bulk(letter: Letter) -> Fields:
    if letter.text.layout == "bounce":
        yield "Auto-Submitted", "auto-replied"
        yield "X-Failed-Recipients", "nobody@gone.example"
    elif name := letter.text.list_name:
        yield "Sender", f"{name}-bounces@lists.example.org"
        yield "Precedence", "list"
        yield "List-Id", f"Measuring from afar <{name}.lists.example.org>"
        yield "List-Post", f"<mailto:{name}@lists.example.org>"
        yield "List-Help", f"<mailto:{name}-request@lists.example.org?subject=help>"
        yield "List-Unsubscribe", f"<mailto:{name}-request@lists.example.org?subject=leave>"
    elif letter.text.automated:
        yield "List-Unsubscribe", f"<{unsubscribe_url(letter)}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Auto-Submitted", "auto-generated"
        yield "Precedence", "bulk"
