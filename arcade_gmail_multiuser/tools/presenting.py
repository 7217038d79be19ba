"""From mail that was read to the answer of a tool: bounded, and with nothing left out silently."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.budget import clip, fence
from arcade_gmail_multiuser.gmail.fetching import (
    Failure,
    FoundMessages,
    FoundThreads,
    Page,
    ReadThread,
)
from arcade_gmail_multiuser.gmail.labels import LabelBook
from arcade_gmail_multiuser.gmail.quoting import fold_quotes
from arcade_gmail_multiuser.gmail.reading import ReadMessage
from arcade_gmail_multiuser.tools.fitting import cost, fair_shares
from arcade_gmail_multiuser.tools.shapes import (
    AttachmentInfo,
    Email,
    EmailList,
    FailedItem,
    Thread,
    ThreadList,
    ThreadSummary,
)
from arcade_gmail_multiuser.tools.views import Start, View, cursor_for, link, when

__all__ = ["email_list", "emails_shown", "failed_items", "one_email", "thread", "thread_list"]

LIST_FIELD = 500
"""Characters of one header in a list; a message read by itself has ten times that."""
SNIPPET = 200
MAX_ATTACHMENTS = 100
MAX_PARTICIPANTS = 10
LEAST_BODY = 80
"""A share of fewer characters says nothing; the body is left out and named instead."""
ROUNDS = 8
FRAME = 200
"""Characters of an answer around its messages: its keys, and a page token."""
NOTE = 200
"""Characters that say that messages were left out."""
BODY_FRAME = 370
"""Characters around the text of one message: its fence, its cursor, what was left out."""
BODY_SHARE = 300
"""Of a text that is longer there shall be room for so much; else another message is left out."""
SEPARATOR = 2


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
    emails, left_out = _fitted(found.messages, found.labels, view, bodies=bodies)
    answer = EmailList(
        emails=emails,
        failed=failed_items(found.failed),
        omitted=_about(left_out),
        omitted_ids=left_out,
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
    email = _described(message, labels, view, LIST_FIELD * 10)
    _add_attachments(email, message)
    [shown] = _cut([email], [_readable(message, view, start)], view)
    return shown


def thread(read: ReadThread, view: View) -> Thread:
    """Shape a conversation; the oldest messages after the first are left out when it is long."""
    labels = read.labels or LabelBook([])
    newest_first = tuple(reversed(read.messages))
    emails, left_out = _fitted(newest_first, labels, view, bodies=True)
    last = read.messages[-1] if read.messages else None
    return Thread(
        id=read.id,
        subject=_short(read.messages[0].subject, LIST_FIELD) if read.messages else "",
        message_count=len(read.messages) + len(read.failed),
        messages=emails[::-1],
        url=link(read.id, last),
        failed=failed_items(read.failed),
        omitted=_about(left_out),
        omitted_ids=left_out[::-1],
    )


def thread_list(found: FoundThreads, page: Page, view: View) -> ThreadList:
    """Shape a page of conversations."""
    answer = ThreadList(
        threads=[_summary(read, found.labels, view) for read in found.threads],
        failed=failed_items(found.failed),
        omitted=[],
    )
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


def failed_items(failures: Sequence[Failure]) -> list[FailedItem]:
    """Name what could not be read."""
    return [
        FailedItem(id=failure.id, code=failure.error.code, message=failure.error.message)
        for failure in failures
    ]


def _summary(read: ReadThread, labels: LabelBook, view: View) -> ThreadSummary:
    last = read.messages[-1] if read.messages else ReadMessage()
    first = read.messages[0] if read.messages else last
    writers = dict.fromkeys(display(m.from_) for m in read.messages if m.from_)
    participants = [_short(writer, 120) for writer in list(writers)[:MAX_PARTICIPANTS]]
    if len(writers) > MAX_PARTICIPANTS:
        participants.append(f"and {len(writers) - MAX_PARTICIPANTS} more")
    label_ids = list(dict.fromkeys(label for m in read.messages for label in m.label_ids))
    return ThreadSummary(
        id=read.id,
        subject=_short(first.subject, LIST_FIELD),
        participants=participants,
        message_count=len(read.messages),
        last_date=when(last.date, view.zone),
        last_message_id=last.id,
        snippet=_short(last.snippet, SNIPPET),
        label_ids=label_ids,
        label_names=labels.names_of(label_ids),
        url=link(read.id, last),
    )


def _described(message: ReadMessage, labels: LabelBook, view: View, field: int) -> Email:
    people = {
        "to": ", ".join(map(display, message.to)),
        "cc": ", ".join(map(display, message.cc)),
        "bcc": ", ".join(map(display, message.bcc)),
        "reply_to": ", ".join(map(display, message.reply_to)),
        "references": " ".join(message.references),
    }
    email = Email(
        id=message.id,
        thread_id=message.thread_id,
        label_ids=list(message.label_ids),
        label_names=labels.names_of(message.label_ids),
        # Gmail's own snippet holds hidden text too, so where there is a body it is made anew.
        snippet=_short(" ".join(message.body[:SNIPPET].split()) or message.snippet, SNIPPET),
        from_=_short(display(message.from_), field) if message.from_ else "",
        to=_short(people["to"], field),
        cc=_short(people["cc"], field),
        reply_to=_short(people["reply_to"], field),
        subject=_short(message.subject, field),
        date=when(message.date, view.zone),
        header_message_id=_short(message.header_message_id, field),
        in_reply_to=_short(message.in_reply_to, field),
        references=_short(people["references"], field),
        url=link(message.thread_id, message),
        warnings=[_short(warning, field) for warning in message.warnings],
    )
    if people["bcc"]:
        email["bcc"] = _short(people["bcc"], field)
    shortened = [name for name, text in people.items() if len(text) > field]
    if shortened:
        where = "" if field > LIST_FIELD else "; GetEmail shows more"
        email["omitted"] = [f"the end of {', '.join(shortened)}{where}"]
    return email


def _fitted(
    messages: Sequence[ReadMessage], labels: LabelBook, view: View, *, bodies: bool
) -> tuple[list[Email], list[str]]:
    """Describe as many messages as the budget holds, then share what is left among the bodies.

    What is left out is named by id, and names, notes and marks cost too: where they no longer
    fit, another message is left out for them.
    """
    emails, texts, used = list[Email](), list[_Text](), FRAME
    start = Start(folded=view.fold_quotes)
    for message in messages:
        email = _described(message, labels, view, LIST_FIELD)
        if bodies:
            _add_attachments(email, message)
            used += BODY_FRAME + min(len(message.body), BODY_SHARE)
        used += cost(email)
        if used > view.max_chars and emails:
            break
        emails.append(email)
        if bodies:
            texts.append(_readable(message, view, start))
    while True:
        left_out = [message.id for message in messages[len(emails) :]]
        room = view.max_chars - FRAME - (cost(left_out) + NOTE if left_out else 0)
        room -= SEPARATOR * len(emails)
        shown = _cut(emails, texts, replace(view, max_chars=room)) if bodies else emails
        over = sum(cost(email) for email in shown) - room
        if over <= 0 or len(emails) == 1:
            return shown, left_out
        del emails[-max(1, min(len(emails) - 1, over * len(emails) // view.max_chars)) :]
        del texts[len(emails) :]


def _add_attachments(email: Email, message: ReadMessage) -> None:
    email["attachments"] = [
        AttachmentInfo(
            part_id=attachment.part_id,
            filename=_short(attachment.filename, 255),
            mime_type=_short(attachment.mime_type, 100),
            size=attachment.size,
            inline=attachment.inline,
        )
        for attachment in message.attachments[:MAX_ATTACHMENTS]
    ]
    more = len(message.attachments) - MAX_ATTACHMENTS
    if more > 0:
        email.setdefault("omitted", []).append(f"{more} more attachments")


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


def _about(left_out: Sequence[str]) -> list[str]:
    if not left_out:
        return []
    return [
        f"{len(left_out)} messages did not fit into max_chars; omitted_ids names them. Ask for "
        "fewer at a time, allow more characters, or read them with GetEmail."
    ]


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
