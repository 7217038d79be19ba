"""Read a mail that is attached to a mail like any other."""

from __future__ import annotations

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.attachments.formats.extract import MAX_CHARS, Extract
from arcade_gmail_multiuser.gmail.messages.raw_message import read_raw_message

__all__ = ["read_mail"]


def read_mail(content: bytes) -> Extract:
    """Read an RFC 822 message: who wrote to whom, when, and the text people see."""
    message = read_raw_message(content, into_attached_mail=True)
    head = {
        "From": display(message.from_) if message.from_ else "",
        "To": ", ".join(map(display, message.to)),
        "Cc": ", ".join(map(display, message.cc)),
        "Date": message.date.isoformat() if message.date else "",
        "Subject": message.subject,
        "Attachments": ", ".join(file.filename or file.mime_type for file in message.attachments),
    }
    lines = [f"{name}: {' '.join(value.split())}" for name, value in head.items() if value]
    text = "\n".join(lines) + f"\n\n{message.body}"
    return Extract(text[:MAX_CHARS], list(message.warnings), len(text) <= MAX_CHARS)
