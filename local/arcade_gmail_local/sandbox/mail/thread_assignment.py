"""Find the thread of a message by Gmail's rule: references and subject both match."""

from __future__ import annotations

import re
from collections.abc import Iterable

from arcade_gmail_local.sandbox.google_error import GoogleError, invalid, not_found
from arcade_gmail_local.sandbox.mail.ids import canonical_id
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, message_ids
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.search.words import fold

_PREFIX = re.compile(
    r"\s*(?:re|fwd?|aw|wg|sv|vs|tr|rv|回复|转发|返信)\s*(?:\[\d+\])?\s*[:：]", re.I
)
_BLANKS = re.compile(r"\s+")


def requested_thread(mailbox: Mailbox, mail: RawMail, given: str | None) -> str | None:
    """Return the thread that a sent, drafted or inserted message joins; None starts a new one.

    Gmail needs all three: the thread's id in the request, a reference to one of its messages in
    the headers, and its subject. An unknown thread is an error.
    """
    if not given:
        return None
    try:
        thread_id = canonical_id(given)
    except GoogleError:
        raise invalid("Invalid thread_id value") from None
    if not mailbox.has_thread(thread_id):
        raise not_found()
    candidates = (m for m in _referenced(mailbox, mail) if m.thread_id == thread_id)
    return _with_subject(candidates, mail)


def thread_of_received(mailbox: Mailbox, mail: RawMail) -> str | None:
    """Return the thread of arriving mail in this mailbox, or None."""
    return _with_subject(_referenced(mailbox, mail), mail)


def bare_subject(subject: str) -> str:
    """Remove every "Re:" and "Fwd:", and fold case and blanks."""
    while prefix := _PREFIX.match(subject):
        subject = subject[prefix.end() :]
    return fold(_BLANKS.sub(" ", subject).strip())


def _referenced(mailbox: Mailbox, mail: RawMail) -> Iterable[StoredMessage]:
    """Yield the messages that the mail refers to, the nearest one first."""
    direct = [i for value in mail.every("in-reply-to") for i in message_ids(value)]
    chain = [i for value in mail.every("references") for i in message_ids(value)]
    for header_id in dict.fromkeys([*direct, *reversed(chain)]):
        yield from mailbox.with_header_id(header_id)


def _with_subject(candidates: Iterable[StoredMessage], mail: RawMail) -> str | None:
    wanted = bare_subject(mail.first("subject"))
    for message in candidates:
        if bare_subject(message.subject) == wanted:
            return message.thread_id
    return None
