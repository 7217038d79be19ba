"""Write mail for a test's mailbox."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from email.message import EmailMessage

__all__ = ["write_mail"]


def write_mail(
    subject: str = "Hello",
    body: str = "How are you?\n",
    *,
    sender: str = "Jane Doe <jane@example.org>",
    to: str = "someone@example.com",
    html: str | None = None,
    files: Iterable[tuple[str, bytes, str]] = (),
    **headers: str,
) -> bytes:
    """Write a mail; keyword headers have underscores for dashes, files are name, bytes and type."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{uuid.uuid4().hex}@example.org>"
    for header, value in headers.items():
        del message[header.replace("_", "-")]
        message[header.replace("_", "-")] = value
    message.set_content(body)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for filename, content, kind in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    return message.as_bytes()
