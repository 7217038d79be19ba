"""Recognise mail that a machine sent, and leave it out of what was found."""

from __future__ import annotations

import re
from dataclasses import replace

from arcade_gmail_multiuser.gmail.messages.fetch import FoundMessages, FoundThreads
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage

__all__ = ["is_automated", "without_automated", "without_automated_threads"]

_NOBODY = re.compile(
    r"(?:^|[._+-])(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer-daemon|postmaster|bounces?|"
    r"notifications?|newsletter|automated|alerts?)(?:[._+-]|$)",
    re.IGNORECASE,
)
_MACHINE_MAIL = frozenset({"bulk", "list", "junk", "auto_reply"})


def is_automated(message: ReadMessage) -> bool:
    """Tell mail that a machine sent to many, or that answers by itself."""
    headers = message.headers
    if "list-id" in headers or "list-unsubscribe" in headers:
        return True
    if headers.get("auto-submitted", "no").strip().lower() != "no":
        return True
    if headers.get("precedence", "").strip().lower() in _MACHINE_MAIL:
        return True
    local = message.from_.email.partition("@")[0] if message.from_ else ""
    return bool(_NOBODY.search(local))


def without_automated(found: FoundMessages) -> FoundMessages:
    """Leave out automated mail, which Gmail's search finds in part only, and count it."""
    kept = tuple(message for message in found.messages if not _is_passed_over(message))
    return replace(found, messages=kept, automated=len(found.messages) - len(kept))


def without_automated_threads(found: FoundThreads) -> FoundThreads:
    """Leave out the conversations in which only machines wrote, and count them."""
    kept = tuple(
        thread
        for thread in found.threads
        if not thread.messages or not all(_is_passed_over(message) for message in thread.messages)
    )
    return replace(found, threads=kept, automated=len(found.threads) - len(kept))


def _is_passed_over(message: ReadMessage) -> bool:
    return not message.is_own and is_automated(message)
