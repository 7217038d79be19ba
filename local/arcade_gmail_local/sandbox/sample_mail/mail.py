"""The mailboxes that Alice and Bob find when they sign in to the sandbox.

Everything in them is made up. Each message of Alice's names "Project Heron" and each of Bob's
"Project Falcon", and neither ever names the other's, so that a message in the wrong hands shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from arcade_gmail_local.sandbox.oauth.identity import canonical_email
from arcade_gmail_local.sandbox.sample_mail.attachments import SeedFile, seed_file
from arcade_gmail_local.sandbox.sample_mail.headers import headers_of, unsubscribe_url
from arcade_gmail_local.sandbox.sample_mail.layouts import (
    bounce_part,
    hidden_part,
    newsletter_part,
    notice_part,
    picture_html,
    receipt_part,
    reply_part,
    with_quote,
)
from arcade_gmail_local.sandbox.sample_mail.letters import OWNERS, Letter, letters_of
from arcade_gmail_local.sandbox.sample_mail.mime import (
    Part,
    file_part,
    multipart,
    text_part,
    write_mail,
)

PROJECTS = {email: owner.project for email, owner in OWNERS.items()}
"""What every message of a mailbox names, and no message of another one does."""

_LABELS = ("Work/Q3", "Receipts", "旅行")


@dataclass(frozen=True, slots=True)
class SeedLabel:
    """A label of the user's own; `id` is what `SeedMessage.label_ids` refers to."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class SeedMessage:
    """A message to be put into a mailbox as it is."""

    raw: bytes
    label_ids: tuple[str, ...]
    internal_date_ms: int


def seeded_labels(email: str) -> tuple[SeedLabel, ...]:
    """Give the user labels of a seeded mailbox; none for any other."""
    if canonical_email(email) not in OWNERS:
        return ()
    return tuple(SeedLabel(f"Label_{n}", name) for n, name in enumerate(_LABELS, start=1))


def seeded_messages(email: str, *, now: float) -> Iterable[SeedMessage]:
    """Give the messages of a seeded mailbox, oldest first; none for any other address.

    They lie within the 60 days before `now` (epoch seconds), the newest minutes before it, and are
    the same bytes for the same `now`. Oldest first, so that an answer follows what it answers.
    """
    owner = OWNERS.get(canonical_email(email))
    if owner is None:
        return
    ids = {label.name: label.id for label in seeded_labels(email)}
    for letter in letters_of(owner, now):
        labels = tuple(ids.get(name, name) for name in _label_names(letter))
        raw = write_mail(headers_of(letter), _content(letter), name=letter.name)
        yield SeedMessage(raw, labels, int(letter.when.timestamp()) * 1000)


def _label_names(letter: Letter) -> tuple[str, ...]:
    if letter.text.draft:
        return ("DRAFT",)
    return ("SENT",) if letter.outgoing else letter.text.labels


def _content(letter: Letter) -> Part:
    text, chance = letter.text, letter.chance()
    if text.layout == "receipt":
        return receipt_part(text.body, letter.subject)
    if text.layout == "notice":
        return notice_part(text.body, letter.subject, unsubscribe_url(letter))
    if text.layout == "newsletter":
        # Every other letter has no plain alternative, as in life.
        with_plain = chance.random() < 0.5
        return newsletter_part(
            text.body, letter.subject, domain=letter.domain, chance=chance, with_plain=with_plain
        )
    if text.layout == "hidden":
        return hidden_part(text.body)
    if text.layout == "bounce":
        return bounce_part(text.body, sender=letter.owner.address, project=letter.owner.project)
    return _written(letter)


def _written(letter: Letter) -> Part:
    """Give what a person wrote, with what they attached."""
    text = letter.text
    # A shared letter names no project of its own; its copies do, by what each archive adds.
    footer = f"[Archived for {letter.owner.project}]" if text.shared else ""
    if text.list_name:
        footer = f"-- \n{text.list_name} mailing list, {text.list_name}@lists.example.org"
    plain = with_quote(text.body, letter.quoted) + (f"\n\n{footer}" if footer else "")
    if text.attach:
        return _with_file(letter, plain)
    if text.quote and not text.list_name and letter.chance().random() < 0.5:
        return reply_part(text.body, letter.quoted, footer)
    return text_part(plain, charset=text.encoding)


def _with_file(letter: Letter, plain: str) -> Part:
    kind = letter.text.attach
    made = seed_file(kind, project=letter.owner.project, chance=letter.chance(), when=letter.when)
    file = SeedFile(letter.text.filename or made.filename, made.mime_type, made.content)
    attached = file_part(file.content, file.mime_type, file.filename)
    if kind == "png":
        content_id = f"chart-{letter.chance().getrandbits(40):x}@{letter.domain}"
        html = text_part(picture_html(letter.text.body, content_id), "html")
        picture = file_part(file.content, file.mime_type, file.filename, content_id=content_id)
        return multipart("related", multipart("alternative", text_part(plain), html), picture)
    if kind == "ics":
        invitation = text_part(file.content.decode(), "calendar; method=REQUEST")
        return multipart("mixed", multipart("alternative", text_part(plain), invitation), attached)
    return multipart("mixed", text_part(plain, charset=letter.text.encoding), attached)
