"""The header fields of a seeded letter, as they look in the mailbox of the one who holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from email.utils import format_datetime, parseaddr

from arcade_gmail_local.sandbox.sample_mail.letters import Letter
from arcade_gmail_local.sandbox.sample_mail.mime import (
    encoded_address,
    encoded_addresses,
    encoded_text,
    folded_ids,
)

Fields = list[tuple[str, str]]


def headers_of(letter: Letter) -> Fields:
    """Give the fields in order, values encoded: the trace of delivery first, unless it was sent."""
    charset = letter.text.encoding
    fields = [] if letter.outgoing or letter.text.draft else _trace(letter)
    fields.append(("From", encoded_address(letter.sender, charset)))
    people: tuple[tuple[str, Sequence[str]], ...] = (
        ("To", letter.to),
        ("Cc", letter.cc),
        ("Bcc", letter.text.bcc),
    )
    fields += [(name, encoded_addresses(who, charset)) for name, who in people if who]
    if letter.text.reply_to:
        fields.append(("Reply-To", encoded_address(letter.text.reply_to, charset)))
    fields += [
        ("Subject", encoded_text(letter.subject, charset)),
        ("Date", format_datetime(letter.when)),
        ("Message-ID", letter.message_id),
    ]
    if letter.references:
        fields.append(("In-Reply-To", letter.references[-1]))
        fields.append(("References", folded_ids(letter.references)))
    return [*fields, *_bulk(letter)]


def unsubscribe_url(letter: Letter) -> str:
    token = hashlib.sha256(f"stop/{letter.name}".encode()).hexdigest()
    return f"https://{letter.domain}/unsubscribe/{token}"


def _trace(letter: Letter) -> Fields:
    email = parseaddr(letter.sender)[1]
    returns_to = email
    if letter.text.list_name:
        returns_to = f"{letter.text.list_name}-bounces@lists.example.org"
    if letter.text.layout == "bounce":
        returns_to = ""
    mailer = returns_to.rpartition("@")[2] or letter.domain
    arrived = format_datetime(letter.when)
    return [
        ("Delivered-To", letter.owner.email),
        (
            "Received",
            f"from mail.{mailer} (mail.{mailer}. [192.0.2.{_octet(mailer)}])\r\n"
            f"        by mx.example.com with ESMTPS id {_queue_id(letter)}\r\n"
            f"        for <{letter.owner.email}>;\r\n        {arrived}",
        ),
        ("Return-Path", f"<{returns_to}>"),
        ("Authentication-Results", _authentication(letter, mailer, returns_to)),
    ]


def _authentication(letter: Letter, mailer: str, returns_to: str) -> str:
    # Gmail's own name stands here, though nobody else's does: readers trust this header only
    # when the server they know has written it.
    server = "mx.google.com"
    if letter.text.dmarc == "fail":
        return (
            f"{server};\r\n       spf=softfail (transitioning domain of {returns_to} does not\r\n"
            f"       designate 198.51.100.7 as permitted sender) smtp.mailfrom={returns_to};\r\n"
            f"       dmarc=fail (p=NONE sp=NONE dis=NONE) header.from={letter.domain}"
        )
    return (
        f"{server};\r\n"
        f"       dkim=pass header.i=@{letter.domain} header.s=s1 header.b=Ab12Cd34;\r\n"
        f"       spf=pass (domain of {returns_to or mailer} designates\r\n"
        f"       192.0.2.{_octet(mailer)} as permitted sender) smtp.mailfrom={returns_to};\r\n"
        f"       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from={letter.domain}"
    )


def _bulk(letter: Letter) -> Fields:
    if letter.text.layout == "bounce":
        return [("Auto-Submitted", "auto-replied"), ("X-Failed-Recipients", "nobody@gone.example")]
    if letter.text.list_name:
        name = letter.text.list_name
        return [
            ("Sender", f"{name}-bounces@lists.example.org"),
            ("Precedence", "list"),
            ("List-Id", f"Measuring from afar <{name}.lists.example.org>"),
            ("List-Post", f"<mailto:{name}@lists.example.org>"),
            ("List-Help", f"<mailto:{name}-request@lists.example.org?subject=help>"),
            ("List-Unsubscribe", f"<mailto:{name}-request@lists.example.org?subject=leave>"),
        ]
    if not letter.text.automated:
        return []
    return [
        ("List-Unsubscribe", f"<{unsubscribe_url(letter)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
    ]


def _octet(host: str) -> int:
    return hashlib.sha256(host.encode()).digest()[0] % 250 + 2


def _queue_id(letter: Letter) -> str:
    # Delivery is each mailbox's own, also where the letter is shared.
    return hashlib.sha256(f"{letter.owner.email}/{letter.name}".encode()).hexdigest()[:24]
