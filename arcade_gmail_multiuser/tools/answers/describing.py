"""What an answer says of one message besides its text: who, what, when, and what is attached."""

from __future__ import annotations

from dataclasses import dataclass

from arcade_gmail_multiuser.gmail.addresses import display
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage
from arcade_gmail_multiuser.tools.answers.fitting import cost
from arcade_gmail_multiuser.tools.answers.shapes import AttachmentInfo, Email
from arcade_gmail_multiuser.tools.answers.views import View, link, when

__all__ = ["IN_A_LIST", "READ_BY_ITSELF", "SNIPPET", "Extent", "described", "short"]

SNIPPET = 200


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is said at most: characters of a header, of the snippet, of a warning; and items."""

    field: int
    snippet: int = SNIPPET
    attachments: int = 100
    labels: int = 200
    warnings: int = 40
    warning: int = SNIPPET


READ_BY_ITSELF = Extent(5_000, warning=5_000)
IN_A_LIST = Extent(500, warning=500)
_NARROWER = (
    IN_A_LIST,
    Extent(200, attachments=20, labels=30, warnings=15),
    Extent(80, 80, attachments=5, labels=10, warnings=8),
    Extent(16, 0, attachments=0, labels=0, warnings=1, warning=80),
)


def described(
    message: ReadMessage,
    labels: LabelBook,
    view: View,
    extent: Extent,
    *,
    attachments: bool,
    room: int,
) -> Email:
    """Describe a message in about `room` characters: what is long is cut shorter until it fits.

    Ids, date and url are never cut, so the least is some 600 characters. What was cut is in
    `omitted`.
    """
    email = _described(message, labels, view, extent, attachments=attachments)
    for narrower in _NARROWER:
        if cost(email) <= room:
            break
        if narrower.field < extent.field:
            email = _described(message, labels, view, narrower, attachments=attachments)
    return email


def _described(
    message: ReadMessage, labels: LabelBook, view: View, extent: Extent, *, attachments: bool
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
    # Gmail's own snippet holds hidden text too, so where there is a body it is made anew.
    snippet = " ".join(message.body[:SNIPPET].split()) or message.snippet
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


def _cut_short(message: ReadMessage, people: dict[str, str], extent: Extent) -> list[str]:
    shortened = [name for name, text in people.items() if len(text) > extent.field]
    omitted = []
    if shortened:
        where = "" if extent.field > IN_A_LIST.field else "; GetEmail shows more"
        omitted.append(f"the end of {', '.join(shortened)}{where}")
    for what, items, most in (
        ("labels", message.label_ids, extent.labels),
        ("warnings", message.warnings, extent.warnings),
    ):
        if len(items) > most:
            omitted.append(f"{len(items) - most} more {what}")
    return omitted


def _attachments(message: ReadMessage, extent: Extent) -> list[AttachmentInfo]:
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


def short(text: str, limit: int) -> str:
    """Cut a text, with an ellipsis where it goes on."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"
