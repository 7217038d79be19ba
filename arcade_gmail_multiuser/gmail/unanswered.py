"""Find the conversations that wait for an answer, and say whose turn it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from arcade_gmail_multiuser.gmail.addresses import Address, mailbox_key
from arcade_gmail_multiuser.gmail.messages.automated import is_automated
from arcade_gmail_multiuser.gmail.messages.fetch import ReadThread
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.gmail.queries import AUTOMATED_MAIL

__all__ = ["Direction", "Findings", "Waiting", "find_waiting", "query_for"]

Direction = Literal["i_owe", "owed_to_me"]

_AWAY = frozenset({"TRASH", "SPAM", "DRAFT", "CHAT"})


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """A conversation in which somebody waits since the newest message."""

    thread_id: str
    subject: str
    last: ReadMessage
    people: tuple[Address, ...]
    """Whom the user owes an answer, or who owes one to the user."""
    message_count: int
    has_draft: bool
    asks: bool
    """The beginning of the newest message holds a question mark; no more is known of its text."""
    only_in_copy: bool


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """Who waits, the longest first, and how much automated mail was passed over."""

    waiting: tuple[Waiting, ...]
    automated: int


def query_for(direction: Direction, *, days: int, include_archived: bool) -> str:
    """Return the search whose conversations come into question."""
    if direction == "owed_to_me":
        return f"from:me in:sent newer_than:{days}d"
    place = "" if include_archived else "in:inbox "
    return f"{place}-from:me newer_than:{days}d {AUTOMATED_MAIL}"


def find_waiting(
    threads: Iterable[ReadThread],
    *,
    mine: Collection[str],
    direction: Direction,
    before: datetime,
) -> Findings:
    """Find the conversations whose newest message waits for the other side.

    Args:
        mine: the user's own addresses.
        before: only messages that have waited since then or longer.
    """
    own = {mailbox_key(address) for address in mine}
    waiting: list[Waiting] = []
    automated = 0
    for thread in threads:
        messages = [m for m in thread.messages if not _AWAY & set(m.label_ids)]
        if not messages or not _is_their_turn(messages[-1], own, direction, before):
            continue
        if _is_automated_thread(messages, own, direction):
            automated += 1
            continue
        found = _waiting(thread, messages, own, direction)
        if found is not None:
            waiting.append(found)
    waiting.sort(key=lambda found: found.last.date or before)
    return Findings(tuple(waiting), automated)


def _is_their_turn(
    last: ReadMessage, own: Collection[str], direction: Direction, before: datetime
) -> bool:
    if last.date is None or last.date > before:
        return False
    return _is_mine(last, own) == (direction == "owed_to_me")


def _is_automated_thread(
    messages: list[ReadMessage], own: Collection[str], direction: Direction
) -> bool:
    if _has_no_person(messages[-1]):
        return True
    return direction == "owed_to_me" and _answers_automated(messages, own)


def _has_no_person(message: ReadMessage) -> bool:
    local = message.from_.email.partition("@")[0] if message.from_ else ""
    return not local or is_automated(message)


def _answers_automated(messages: list[ReadMessage], own: Collection[str]) -> bool:
    others = [m for m in messages if not _is_mine(m, own)]
    return bool(others) and _has_no_person(others[-1])


def _waiting(
    thread: ReadThread, messages: list[ReadMessage], own: Collection[str], direction: Direction
) -> Waiting | None:
    last = messages[-1]
    if direction == "owed_to_me":
        people = _others(last.to, own) or _others((*last.cc, *last.bcc), own)
        in_copy = False
    else:
        people = _others(last.reply_to or ((last.from_,) if last.from_ else ()), own)
        in_copy = not any(mailbox_key(a.email) in own for a in last.to)
    if not people:
        return None
    return Waiting(
        thread_id=thread.id,
        subject=messages[0].subject,
        last=last,
        people=people,
        message_count=len(messages),
        has_draft=any("DRAFT" in m.label_ids for m in thread.messages),
        asks="?" in last.snippet or "？" in last.snippet,
        only_in_copy=in_copy,
    )


def _is_mine(message: ReadMessage, own: Collection[str]) -> bool:
    sender = mailbox_key(message.from_.email) if message.from_ else ""
    return "SENT" in message.label_ids or sender in own


def _others(addresses: Iterable[Address], own: Collection[str]) -> tuple[Address, ...]:
    return tuple(a for a in addresses if a.email and mailbox_key(a.email) not in own)
