"""Send a message at most once, or exactly once.

`messages.send` cannot be repeated: when its answer is lost, it is unknown whether the message went
out. `drafts.send` can: a draft is consumed by being sent, so of any number of attempts with one
draft id one succeeds and every later one answers 404. Sending through a draft turns the question
"was it sent?" into "is the draft still there?", and the sent message is found by its mark.

Why two replicas that run `send_exactly_once` with one key send one message:

1. Each looks in Sent for the key; the one that finds it returns what it found.
2. Each stores a draft that carries the key.
3. Each lists the drafts with that key, and after that looks in Sent once more.
4. Each sends the draft that Gmail made first (by history id, which Gmail counts up per mailbox),
   whichever replica stored it, and deletes the others.

Take the replica that lists last. Either it sees the first draft, so both send the same one and
only one succeeds; or that draft is gone, so it was sent before the listing, and the look in Sent,
which comes after the listing, finds it. A draft that was stored after a replica listed is never
first, because the lister's own draft existed before it.

This rests on Gmail showing a sent message in Sent no later than it stops showing the draft, and
on the bounds in `idempotency.py`: the newest 30 drafts, the newest 10 sent messages, and 25 found
by recipient and subject in the last 7 days. A repeat outside them is sent as a new message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arcade_gmail_multiuser.errors import (
    Conflict,
    GmailMultiuserError,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RequestRefused,
    Unavailable,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient, off_loop
from arcade_gmail_multiuser.gmail.compose.drafts import Draft, StoredDraft, draft_of
from arcade_gmail_multiuser.gmail.compose.idempotency import (
    Evidence,
    Mark,
    MarkedDraft,
    MarkedMessage,
)
from arcade_gmail_multiuser.gmail.compose.mime import Composed, OutgoingMessage, compose

__all__ = [
    "Sent",
    "composed",
    "create_draft",
    "send_draft",
    "send_exactly_once",
    "send_in_thread",
    "send_once",
]

PAUSES_S = (0.2, 0.8)
"""Between attempts, and between looks in Sent; short, because the call has a deadline."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Say what became of a message; `id` is "" only when `certain` is False."""

    id: str
    thread_id: str
    label_ids: tuple[str, ...]
    certain: bool = True
    repeated: bool = False
    warnings: tuple[str, ...] = ()


async def send_once(gmail: GmailClient, message: OutgoingMessage) -> Sent:
    """Send a message at most once, with no permission to read.

    Raises:
        OutcomeUnknown: the answer was lost; the message may have been sent.
    """
    written = await composed(message)
    try:
        return _sent(await gmail.upload("users.messages.send", written.mime))
    except OutcomeUnknown as lost:
        raise OutcomeUnknown(
            "The message may have been sent: Google's answer was lost. Look in Sent before sending "
            "it again. MultiUserGmailSend with an idempotency_key can be repeated safely.",
            developer_message=lost.developer_message,
        ) from None


async def send_in_thread(
    gmail: GmailClient,
    message: OutgoingMessage,
    *,
    thread_id: str,
    write: Callable[[OutgoingMessage], Composed] | None = None,
) -> Sent:
    """Send a message into a conversation at most once, and find it when the answer is lost.

    Args:
        write: composes it where `compose` cannot; it gets the message with its mark, and a thread.

    Raises:
        OutcomeUnknown: the answer was lost and Sent does not show the message (yet).
    """
    mark = Mark.random()
    marked = mark.put_on(message)
    written = await (composed(marked) if write is None else asyncio.to_thread(write, marked))
    try:
        answer = await gmail.upload("users.messages.send", written.mime, thread_id=thread_id)
    except OutcomeUnknown:
        found = await _look(Evidence(gmail, message, mark))
        if found is None:
            raise OutcomeUnknown(
                "The message may have been sent: Google's answer was lost and Sent does not show "
                "it yet. Look at the conversation again before sending it a second time."
            ) from None
        return _found(found)
    return _sent(answer)


async def create_draft(
    gmail: GmailClient, message: OutgoingMessage, *, thread_id: str = ""
) -> Draft:
    """Store a draft, in a conversation if one is given; a lost answer is looked up.

    Raises:
        OutcomeUnknown: two answers were lost; there may be a draft.
    """
    mark = Mark.random()
    written = await composed(mark.put_on(message))
    return await _create(gmail, written.mime, Evidence(gmail, message, mark), thread_id)


async def send_draft(gmail: GmailClient, draft: StoredDraft) -> Sent:
    """Send a stored draft.

    A lost answer is followed by another attempt. When that finds the draft gone, the first one
    took it; where it went cannot be read with the permission to compose, so `certain` is False.

    Raises:
        NotFound: the draft is gone.
        OutcomeUnknown: every answer was lost.
    """
    answer = await _attempt_draft(gmail, draft.id)
    if answer is not None:
        return _sent(answer)
    warning = "Google's answer was lost, but the draft is gone, so it was almost certainly sent."
    return Sent("", draft.message.thread_id, (), certain=False, warnings=(warning,))


async def send_exactly_once(
    gmail: GmailClient,
    message: OutgoingMessage,
    *,
    user: str,
    key: str | None,
    since: int | None = None,
) -> Sent:
    """Send through a draft, so that what is lost on the way can be repeated.

    With a `key` the whole call can be repeated, also by another process and at the same time; see
    the top of this file. Without one, only the attempts inside this call are protected.

    Args:
        since: the second since 1970 before which the key cannot have been used. Whatever was sent
            since then is looked at, so that "once" does not rest on a search.

    Raises:
        ConfirmationRequired: too much was sent since then to tell; nothing was sent now.
        Conflict: the key was used for a message with other content.
        OutcomeUnknown: the draft is gone and Sent does not show the message (yet).
        Unavailable: the draft could not be stored; nothing was sent.
    """
    mark = Mark.of(user, key, message) if key else Mark.random()
    written = await composed(mark.put_on(message))
    evidence = Evidence(gmail, message, mark, since=since)
    if key and (earlier := await evidence.sent()):
        return _repeated(earlier, mark)
    try:
        own = await _create(gmail, written.mime, evidence)
    except OutcomeUnknown:
        raise Unavailable(
            "The message could not be stored for sending, so it was not sent. Try again."
        ) from None
    if not key:
        return await _send_stored(gmail, own.id, evidence, delete_after=(GmailMultiuserError,))
    return await _send_first(gmail, own.id, mark, evidence)


async def _send_first(gmail: GmailClient, own_id: str, mark: Mark, evidence: Evidence) -> Sent:
    """Do steps 3 and 4: agree on one draft, send that, remove the others."""
    drafts = await evidence.drafts() or [MarkedDraft(own_id, mark)]
    earlier = await evidence.sent()
    if earlier is not None:
        kept = await _delete(gmail, [draft.id for draft in drafts])
        return _with_leftovers(_repeated(earlier, mark), kept)
    first, *others = drafts
    if first.mark.content != mark.content:
        await _delete(gmail, [own_id])
        raise _conflict()
    # After any other error the drafts stay: a repeat with the same key finds and sends the first.
    sent = await _send_stored(
        gmail, first.id, evidence, delete_after=(InvalidInput, RequestRefused)
    )
    return _with_leftovers(sent, await _delete(gmail, [draft.id for draft in others]))


async def _send_stored(
    gmail: GmailClient,
    draft_id: str,
    evidence: Evidence,
    *,
    delete_after: tuple[type[GmailMultiuserError], ...],
) -> Sent:
    try:
        answer = await _attempt_draft(gmail, draft_id, evidence=evidence)
    except delete_after:
        await _delete(gmail, [draft_id])
        raise
    if answer is not None:
        return _sent(answer)
    found = await _look(evidence)
    if found is None:
        raise OutcomeUnknown(
            "The message was handed to Gmail but Sent does not show it yet, so it may have been "
            "sent. Look in Sent before sending again; repeating the call with the same "
            "idempotency_key is safe."
        )
    return _found(found)


async def _attempt_draft(
    gmail: GmailClient, draft_id: str, *, evidence: Evidence | None = None
) -> dict[str, Any] | None:
    """Send one draft, again after a lost answer; None when it is gone, so that one was taken.

    Without evidence to look at, a draft that is gone at the first attempt never existed for us,
    and NotFound is raised.
    """
    lost = False
    for pause in (*PAUSES_S, None):
        try:
            return await gmail.call("users.drafts.send", body={"id": draft_id})
        except OutcomeUnknown:
            lost = True
        except NotFound:
            if lost or evidence is not None:
                return None
            raise
        except GmailMultiuserError:
            if not lost:
                raise
        if pause is not None:
            await asyncio.sleep(pause)
    if evidence is not None:
        return None
    raise OutcomeUnknown(
        "The draft may have been sent: Google's answers were lost. Calling again with the same "
        "draft is safe: it cannot be sent twice."
    )


async def _create(
    gmail: GmailClient, mime: bytes, evidence: Evidence, thread_id: str = ""
) -> Draft:
    for _ in range(2):
        try:
            return draft_of(await gmail.upload("users.drafts.create", mime, thread_id=thread_id))
        except OutcomeUnknown:
            found = await evidence.drafts()
        if found:
            first = found[0]
            return Draft(first.id, first.message_id, first.thread_id, first.label_ids)
    raise OutcomeUnknown(
        "The draft may have been saved: Google's answer was lost. Look in Drafts before writing "
        "it again."
    )


async def _look(evidence: Evidence) -> MarkedMessage | None:
    """Look in Sent more than once, because it may show a message a moment late."""
    for pause in (*PAUSES_S, None):
        try:
            found = await evidence.sent()
        except GmailMultiuserError:
            found = None
        if found is not None or pause is None:
            return found
        await asyncio.sleep(pause)
    return None


async def _delete(gmail: GmailClient, ids: Sequence[str]) -> int:
    """Delete drafts that must not be sent any more; return how many stayed."""
    kept = 0
    for id_ in ids:
        try:
            await gmail.call("users.drafts.delete", id=id_)
        except NotFound:
            continue
        except GmailMultiuserError:
            kept += 1
    return kept


def _with_leftovers(sent: Sent, kept: int) -> Sent:
    if not kept:
        return sent
    warning = f"{kept} unsent copy of this message is left in Drafts and can be deleted."
    return replace(sent, warnings=(*sent.warnings, warning))


def _repeated(earlier: MarkedMessage, mark: Mark) -> Sent:
    if earlier.mark.content != mark.content:
        raise _conflict()
    return replace(_found(earlier), repeated=True)


def _conflict() -> Conflict:
    return Conflict(
        "This idempotency_key was already used for a message with other content. Use a new key "
        "for a new message."
    )


def _found(message: MarkedMessage) -> Sent:
    return Sent(message.id, message.thread_id, message.label_ids)


def _sent(answer: dict[str, Any]) -> Sent:
    return Sent(
        str(answer.get("id", "")),
        str(answer.get("threadId", "")),
        tuple(answer.get("labelIds") or ()),
    )


async def composed(message: OutgoingMessage) -> Composed:
    """Compose a message, off the event loop where it is large; raises as `compose` does."""
    size = len(message.body) + sum(len(file.content) for file in message.attachments)
    return await off_loop(size, lambda: compose(message))
