"""Whether a sender is new to this mailbox: the one thing that only the other mail can tell.

It costs one search a sender (5 quota units, where reading a message costs 20), so it is asked
where mail is read in full and not where it is listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    GmailMultiuserError,
    InvalidQuery,
)
from arcade_gmail_multiuser.gmail.addresses import is_usable, mailbox_key
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.gmail.queries import build_query

__all__ = ["MAX_SENDERS", "noting_first_contacts"]

MAX_SENDERS = 10
"""Senders looked up for one answer, in the order of their messages."""

LOOKUP_S = 5.0
"""The mail does not wait longer than this for what it can do without."""


async def noting_first_contacts(
    mailbox: GmailClient, messages: Sequence[ReadMessage]
) -> tuple[ReadMessage, ...]:
    """Add a warning to each message whose sender has no other mail here, from or to them.

    What cannot be looked up is not warned of: the mail is the answer, this a courtesy.

    Raises:
        AuthorizationError: the person has to connect, or to grant more.
    """
    by_sender: dict[str, list[ReadMessage]] = {}
    for message in messages:
        if message.from_ and is_usable(message.from_) and not message.is_own:
            by_sender.setdefault(mailbox_key(message.from_.email), []).append(message)
    asked = {key: query for key in list(by_sender)[:MAX_SENDERS] if (query := _query(key))}
    searches = [{"q": query, "maxResults": len(by_sender[key]) + 1} for key, query in asked.items()]
    try:
        async with asyncio.timeout(LOOKUP_S):
            answers = await mailbox.call_each("users.messages.list", searches)
    except TimeoutError:
        return tuple(messages)
    new: set[str] = set()
    for key, answer in zip(asked, answers, strict=True):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            continue
        found = {str(entry.get("id")) for entry in answer.get("messages") or ()}
        if found <= {message.id for message in by_sender[key]}:
            new |= {message.id for message in by_sender[key]}
    return tuple(_warned(message) if message.id in new else message for message in messages)


def _query(email: str) -> str:
    try:
        return f"{{{build_query(sender=[email])} {build_query(recipient=[email])}}}"
    except InvalidQuery:
        return ""


def _warned(message: ReadMessage) -> ReadMessage:
    sender = message.from_.email if message.from_ else ""
    said = f"No other mail from or to {sender} is in this mailbox: the sender may be a stranger."
    return replace(message, warnings=(*message.warnings, said))
