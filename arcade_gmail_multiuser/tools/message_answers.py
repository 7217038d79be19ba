"""Build the answers that show messages, within their size and naming what is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import FoundMessages, Page
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.gmail.messages.quote_folding import fold_quotes
from arcade_gmail_multiuser.tools.answer_format import (
    FRAME,
    NAMES_SHARE,
    SEPARATOR,
    View,
    automated_note,
    clip,
    cost,
    fair_shares,
    fence,
    fit_failures,
    fit_ids,
    link,
    short,
    when,
)
from arcade_gmail_multiuser.tools.message_types import AttachmentInfo, Email, EmailList

__all__ = [
    "MAX_SNIPPET",
    "Start",
    "email_list",
    "fit_messages",
    "left_out_note",
    "one_email",
    "read_cursor",
]


MIN_BODY = 80
"""A share of fewer characters says nothing, so the body is left out and named instead."""
MAX_ROUNDS = 8
NOTE_CHARS = 200
"""Characters that say that messages were left out."""
BODY_FRAME = 370
"""Characters around the text of one message: its fence, its cursor, what was left out."""
BODY_SHARE = 300
"""A longer text gets room for at least this much, or another message is left out."""


MAX_SNIPPET = 200


_WHOLE: Literal["w."] = "w."
_FOLDED: Literal["f."] = "f."


@dataclass(frozen=True, slots=True)
class _Extent:
    """Bound what is said: characters of a header, snippet and warning, and numbers of items."""

    field: int
    snippet: int = MAX_SNIPPET
    attachments: int = 100
    labels: int = 200
    warnings: int = 40
    warning: int = MAX_SNIPPET


_READ_BY_ITSELF = _Extent(5_000, warning=5_000)
_IN_A_LIST = _Extent(500, warning=500)
_NARROWER = (
    _IN_A_LIST,
    _Extent(200, attachments=20, labels=30, warnings=15),
    _Extent(80, 80, attachments=5, labels=10, warnings=8),
    _Extent(16, 0, attachments=0, labels=0, warnings=1, warning=80),
)


@dataclass(frozen=True, slots=True, repr=False)
class Start:
    """Say where in a body to begin; a cursor counts in the text with or without its quotes."""

    folded: bool = False
    cursor: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Text:
    """A body as it is to be shown, before it is cut."""

    text: str
    html: str
    folded: bool
    folded_chars: int = 0
    cursor: str | None = None


async def email_list(found: FoundMessages, page: Page, view: View, *, bodies: bool) -> EmailList:
    """Build a page of messages; with bodies in a thread, so that no other call waits."""
    if bodies:
        return await asyncio.to_thread(_email_list, found, page, view, bodies=True)
    return _email_list(found, page, view, bodies=False)


def _email_list(found: FoundMessages, page: Page, view: View, *, bodies: bool) -> EmailList:
    """Build a page of messages; those that do not fit are named by id, the oldest first."""
    failed, unsaid = fit_failures(found.failed, view.max_chars)
    passed_over = automated_note(found.automated, "messages")
    used = cost(failed) + cost(passed_over)
    emails, left_out, named = fit_messages(
        found.messages, found.labels, view, bodies=bodies, used=used
    )
    answer = EmailList(
        emails=emails,
        failed=failed,
        omitted=[*passed_over, *left_out_note(left_out, named), *unsaid],
        omitted_ids=named,
    )
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


def one_email(message: ReadMessage, labels: LabelBook, view: View, start: Start) -> Email:
    """Build one message in full, from `start` on."""
    room = view.max_chars - BODY_FRAME
    email = _fit_email(message, labels, view, _READ_BY_ITSELF, attachments=True, room=room)
    [shown] = _cut([email], [_readable(message, view, start)], view)
    return shown


def read_cursor(given: str | None) -> Start:
    """Read a body_cursor; None begins with the whole text, nothing folded."""
    if given is None or not given.strip():
        return Start()
    prefix, inner = given.strip()[:2], given.strip()[2:]
    if prefix not in {_WHOLE, _FOLDED} or not inner:
        raise InvalidInput(
            "body_cursor is not one. Use it exactly as the truncated answer returned it, for the "
            "same message, or leave it out to read from the beginning."
        )
    return Start(prefix == _FOLDED, inner)


def fit_messages(
    messages: Sequence[ReadMessage], labels: LabelBook, view: View, *, bodies: bool, used: int
) -> tuple[list[Email], list[str], list[str]]:
    """Describe as many messages as the budget holds, then share what is left among the bodies.

    Return those messages, the ids of the others, and as many of these as there is room to name.
    Names, notes and fences cost too: where they no longer fit, another message is left out for
    them. The first message is always there, cut as short as necessary.

    Args:
        used: characters that the rest of the answer takes.
    """
    used += FRAME
    emails = _described(messages, labels, view, bodies=bodies, used=used)
    start = Start(folded=view.fold_quotes)
    texts = [_readable(m, view, start) for m in messages[: len(emails)]] if bodies else []
    while True:
        left_out = [message.id for message in messages[len(emails) :]]
        named = fit_ids(left_out, view.max_chars // NAMES_SHARE)
        room = view.max_chars - used - (cost(named) + NOTE_CHARS if left_out else 0)
        room -= SEPARATOR * len(emails)
        shown = _cut(emails, texts, replace(view, max_chars=room)) if bodies else emails
        over = sum(cost(email) for email in shown) - room
        if over <= 0 or len(emails) == 1:
            return shown, left_out, fit_ids(named, cost(named) - max(over, 0))
        del emails[-max(1, min(len(emails) - 1, over * len(emails) // view.max_chars)) :]
        del texts[len(emails) :]


def _described(
    messages: Sequence[ReadMessage], labels: LabelBook, view: View, *, bodies: bool, used: int
) -> list[Email]:
    """Describe the first messages, without their texts, as long as there is room for those too."""
    emails, frame, taken = list[Email](), BODY_FRAME if bodies else 0, used
    alone = view.max_chars - used - frame
    if len(messages) > 1:  # beside one there has to be room to name the others
        alone -= NOTE_CHARS + view.max_chars // NAMES_SHARE
    for message in messages:
        room = view.max_chars if emails else alone
        email = _fit_email(message, labels, view, _IN_A_LIST, attachments=bodies, room=room)
        taken += cost(email) + (frame + min(len(message.body), BODY_SHARE) if bodies else 0)
        if taken > view.max_chars and emails:
            break
        emails.append(email)
    return emails


def left_out_note(left_out: Sequence[str], named: Sequence[str]) -> list[str]:
    """Say how many messages did not fit, and which of them are named."""
    if not left_out:
        return []
    which = "them" if len(named) == len(left_out) else f"{len(named)} of them"
    return [
        f"{len(left_out)} messages did not fit into max_chars; omitted_ids names {which}. Ask for "
        "fewer at a time, allow more characters, or read them with GetEmail."
    ]


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
    for _ in range(MAX_ROUNDS):
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
    if characters < MIN_BODY and characters < len(text.text):
        shown["body"], shown["truncated"] = "", True
        omitted.append("the text, for lack of room; GetEmail shows it")
    else:
        cut = clip(text.text, max_chars=max(characters, MIN_BODY), cursor=text.cursor)
        shown["body"] = fence(cut.text, label="email body")
        shown["truncated"] = cut.truncated
        if cut.next_cursor is not None:
            shown["body_cursor"] = _cursor_for(cut.next_cursor, folded=text.folded)
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


def _cursor_for(inner: str, *, folded: bool) -> str:
    """Write a body_cursor for GetEmail."""
    return (_FOLDED if folded else _WHOLE) + inner


def _fit_email(
    message: ReadMessage,
    labels: LabelBook,
    view: View,
    extent: _Extent,
    *,
    attachments: bool,
    room: int,
) -> Email:
    """Describe a message in about `room` characters: what is long is cut shorter until it fits.

    Ids, date and url are never cut, so the least is some 600 characters. What was cut is in
    `omitted`.
    """
    email = _describe(message, labels, view, extent, attachments=attachments)
    for narrower in _NARROWER:
        if cost(email) <= room:
            break
        if narrower.field < extent.field:
            email = _describe(message, labels, view, narrower, attachments=attachments)
    return email


def _describe(
    message: ReadMessage, labels: LabelBook, view: View, extent: _Extent, *, attachments: bool
) -> Email:
    people = {
        "to": ", ".join(map(display, message.to)),
        "cc": ", ".join(map(display, message.cc)),
        "bcc": ", ".join(map(display, message.bcc)),
        "reply_to": ", ".join(map(display, message.reply_to)),
        "references": " ".join(message.references),
    }
    field = extent.field
    label_ids = list(message.label_ids[: extent.labels])
    # Gmail's own snippet holds hidden text too, so where there is a body it is made from that.
    snippet = " ".join(message.body[:MAX_SNIPPET].split()) or message.snippet
    email = Email(
        id=message.id,
        thread_id=message.thread_id,
        label_ids=label_ids,
        label_names=labels.names_of(label_ids),
        snippet=short(snippet, extent.snippet),
        from_=short(display(message.from_), field) if message.from_ else "",
        to=short(people["to"], field),
        cc=short(people["cc"], field),
        reply_to=short(people["reply_to"], field),
        subject=short(message.subject, field),
        date=when(message.date, view.zone),
        header_message_id=short(message.header_message_id, field),
        in_reply_to=short(message.in_reply_to, field),
        references=short(people["references"], field),
        url=link(message.thread_id, message),
        warnings=[
            short(warning, extent.warning) for warning in message.warnings[: extent.warnings]
        ],
    )
    if people["bcc"]:
        email["bcc"] = short(people["bcc"], field)
    omitted = _cut_short(message, people, extent)
    if attachments:
        email["attachments"] = _attachments(message, extent)
        more = len(message.attachments) - extent.attachments
        omitted += [f"{more} more attachments"] if more > 0 else []
    if omitted:
        email["omitted"] = omitted
    return email


def _cut_short(message: ReadMessage, people: dict[str, str], extent: _Extent) -> list[str]:
    shortened = [name for name, text in people.items() if len(text) > extent.field]
    omitted = []
    if shortened:
        where = "" if extent.field > _IN_A_LIST.field else "; GetEmail shows more"
        omitted.append(f"the end of {', '.join(shortened)}{where}")
    for what, items, maximum in (
        ("labels", message.label_ids, extent.labels),
        ("warnings", message.warnings, extent.warnings),
    ):
        if len(items) > maximum:
            omitted.append(f"{len(items) - maximum} more {what}")
    return omitted


def _attachments(message: ReadMessage, extent: _Extent) -> list[AttachmentInfo]:
    return [
        AttachmentInfo(
            part_id=attachment.part_id,
            filename=short(attachment.filename, min(extent.field, 255)),
            mime_type=short(attachment.mime_type, 100),
            size=attachment.size,
            inline=attachment.inline,
        )
        for attachment in message.attachments[: extent.attachments]
    ]
