"""From mail that was read to the answer of a tool: bounded, and with nothing left out silently."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import (
    FoundMessages,
    Page,
    ReadThread,
)
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.gmail.messages.quote_folding import fold_quotes
from arcade_gmail_multiuser.gmail.messages.truncation import clip, fence
from arcade_gmail_multiuser.tools.answers.describing import (
    IN_A_LIST,
    READ_BY_ITSELF,
    described,
    short,
)
from arcade_gmail_multiuser.tools.answers.fitting import (
    FRAME,
    NAMES_SHARE,
    SEPARATOR,
    automated_note,
    cost,
    failed_within,
    fair_shares,
    named_within,
)
from arcade_gmail_multiuser.tools.answers.shapes import Email, EmailList, Thread
from arcade_gmail_multiuser.tools.answers.views import Start, View, cursor_for, link

__all__ = ["email_list", "emails_shown", "one_email", "thread"]

LEAST_BODY = 80
"""A share of fewer characters says nothing; the body is left out and named instead."""
ROUNDS = 8
NOTE = 200
"""Characters that say that messages were left out."""
BODY_FRAME = 370
"""Characters around the text of one message: its fence, its cursor, what was left out."""
BODY_SHARE = 300
"""Of a text that is longer there shall be room for so much; else another message is left out."""


@dataclass(frozen=True, slots=True, repr=False)
class _Text:
    """A body as it is to be shown, before it is cut."""

    text: str
    html: str
    folded: bool
    folded_chars: int = 0
    cursor: str | None = None


def email_list(found: FoundMessages, page: Page, view: View, *, bodies: bool) -> EmailList:
    """Shape a page of messages; those that do not fit are named by id, the oldest first."""
    failed, unsaid = failed_within(found.failed, view.max_chars)
    passed_over = automated_note(found.automated, "messages")
    used = cost(failed) + cost(passed_over)
    emails, left_out, named = _fitted(found.messages, found.labels, view, bodies=bodies, used=used)
    answer = EmailList(
        emails=emails,
        failed=failed,
        omitted=[*passed_over, *_about(left_out, named), *unsaid],
        omitted_ids=named,
    )
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


async def emails_shown(found: FoundMessages, page: Page, view: View, *, bodies: bool) -> EmailList:
    """Shape a page of messages; with bodies in a thread, so that nobody else's call waits."""
    if bodies:
        return await asyncio.to_thread(email_list, found, page, view, bodies=True)
    return email_list(found, page, view, bodies=False)


def one_email(message: ReadMessage, labels: LabelBook, view: View, start: Start) -> Email:
    """Shape one message in full, from `start` on."""
    room = view.max_chars - BODY_FRAME
    email = described(message, labels, view, READ_BY_ITSELF, attachments=True, room=room)
    [shown] = _cut([email], [_readable(message, view, start)], view)
    return shown


def thread(read: ReadThread, view: View) -> Thread:
    """Shape a conversation; the oldest messages after the first are left out when it is long."""
    labels = read.labels or LabelBook([])
    newest_first = tuple(reversed(read.messages))
    failed, unsaid = failed_within(read.failed, view.max_chars)
    subject = short(read.messages[0].subject, IN_A_LIST.field) if read.messages else ""
    subject = short(subject, view.max_chars // 10)
    used = cost(failed) + cost(subject)
    emails, left_out, named = _fitted(newest_first, labels, view, bodies=True, used=used)
    last = read.messages[-1] if read.messages else None
    return Thread(
        id=read.id,
        subject=subject,
        message_count=len(read.messages) + len(read.failed),
        messages=emails[::-1],
        url=link(read.id, last),
        failed=failed,
        omitted=[*_about(left_out, named), *unsaid],
        omitted_ids=named[::-1],
    )


def _fitted(
    messages: Sequence[ReadMessage], labels: LabelBook, view: View, *, bodies: bool, used: int
) -> tuple[list[Email], list[str], list[str]]:
    """Describe as many messages as the budget holds, then share what is left among the bodies.

    Return those messages, the ids of the others, and as many of these as there is room to name.
    Names, notes and marks cost too: where they no longer fit, another message is left out for
    them. The first message is always there, cut as short as it takes.

    Args:
        used: characters that the rest of the answer takes.
    """
    emails, texts, used = list[Email](), list[_Text](), used + FRAME
    frame, taken = BODY_FRAME if bodies else 0, used
    alone = view.max_chars - used - frame
    if len(messages) > 1:  # beside one there has to be room to name the others
        alone -= NOTE + view.max_chars // NAMES_SHARE
    start = Start(folded=view.fold_quotes)
    for message in messages:
        room = view.max_chars if emails else alone
        email = described(message, labels, view, IN_A_LIST, attachments=bodies, room=room)
        taken += cost(email) + (frame + min(len(message.body), BODY_SHARE) if bodies else 0)
        if taken > view.max_chars and emails:
            break
        emails.append(email)
        if bodies:
            texts.append(_readable(message, view, start))
    while True:
        left_out = [message.id for message in messages[len(emails) :]]
        named = named_within(left_out, view.max_chars // NAMES_SHARE)
        room = view.max_chars - used - (cost(named) + NOTE if left_out else 0)
        room -= SEPARATOR * len(emails)
        shown = _cut(emails, texts, replace(view, max_chars=room)) if bodies else emails
        over = sum(cost(email) for email in shown) - room
        if over <= 0 or len(emails) == 1:
            return shown, left_out, named_within(named, cost(named) - max(over, 0))
        del emails[-max(1, min(len(emails) - 1, over * len(emails) // view.max_chars)) :]
        del texts[len(emails) :]


def _readable(message: ReadMessage, view: View, start: Start) -> _Text:
    html = message.html_body if view.include_html and start.cursor is None else ""
    if not start.folded:
        return _Text(message.body, html, folded=False, cursor=start.cursor)
    text, folded_chars = fold_quotes(message.body)
    return _Text(text, html, folded=True, folded_chars=folded_chars, cursor=start.cursor)


def _cut(emails: Sequence[Email], texts: Sequence[_Text], view: View) -> list[Email]:
    """Share the budget among the bodies.

    A fence and a cursor cost too, and so does escaping, so it takes a few rounds.
    """
    wanted = [cost(text.text) for text in texts] + [cost(text.html) for text in texts]
    left = view.max_chars - sum(cost(email) for email in emails)
    shown: list[Email] = []
    for _ in range(ROUNDS):
        shares = fair_shares(wanted, left)
        bodies, sources = shares[: len(texts)], shares[len(texts) :]
        shown = [
            _with_text(email, text, body, source)
            for email, text, body, source in zip(emails, texts, bodies, sources, strict=True)
        ]
        over = sum(cost(email) for email in shown) - view.max_chars
        if over <= 0 or left <= 0:
            break
        left = min(left, sum(wanted)) - over
    return shown


def _with_text(email: Email, text: _Text, share: int, html_share: int) -> Email:
    shown = email.copy()
    omitted = list(email.get("omitted", ()))
    shown["truncated"] = False
    characters = _characters(text.text, share)
    if characters < LEAST_BODY and characters < len(text.text):
        shown["body"], shown["truncated"] = "", True
        omitted.append("the text, for lack of room; GetEmail shows it")
    else:
        cut = clip(text.text, max_chars=max(characters, LEAST_BODY), cursor=text.cursor)
        shown["body"] = fence(cut.text, label="email body")
        shown["truncated"] = cut.truncated
        if cut.next_cursor is not None:
            shown["body_cursor"] = cursor_for(cut.next_cursor, folded=text.folded)
            omitted.append(f"{cut.omitted_chars:,} characters of text; go on with body_cursor")
    if text.folded_chars:
        omitted.append(f"{text.folded_chars:,} characters of quoted earlier mail; see GetEmail")
    if text.html:
        source = text.html[: _characters(text.html, html_share)]
        shown["html_body"] = fence(source, label="email html")
        if len(source) < len(text.html):
            omitted.append(f"{len(text.html) - len(source):,} characters of HTML")
    if omitted:
        shown["omitted"] = omitted
    return shown


def _characters(text: str, share: int) -> int:
    """Turn a share of JSON characters into one of the text's own."""
    full = cost(text)
    return len(text) if share >= full else len(text) * share // full


def _about(left_out: Sequence[str], named: Sequence[str]) -> list[str]:
    if not left_out:
        return []
    which = "them" if len(named) == len(left_out) else f"{len(named)} of them"
    return [
        f"{len(left_out)} messages did not fit into max_chars; omitted_ids names {which}. Ask for "
        "fewer at a time, allow more characters, or read them with GetEmail."
    ]
