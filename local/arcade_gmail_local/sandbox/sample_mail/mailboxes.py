"""Build the mailboxes that Alice and Bob find when they sign in to the sandbox.

Everything in them is made up. Each message of Alice's names "Project Heron" and each of Bob's
"Project Falcon", and neither ever names the other's, so that a message in the wrong hands shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage

from arcade_gmail_local.sandbox.oauth.identity import canonical_email
from arcade_gmail_local.sandbox.sample_mail.bodies import POLICY, write_body
from arcade_gmail_local.sandbox.sample_mail.headers import write_headers
from arcade_gmail_local.sandbox.sample_mail.letters import OWNERS, Letter, letters_of

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
    """Return the user labels of a seeded mailbox; none for any other."""
    if canonical_email(email) not in OWNERS:
        return ()
    return tuple(SeedLabel(f"Label_{n}", name) for n, name in enumerate(_LABELS, start=1))


def seeded_messages(email: str, *, now: float) -> Iterable[SeedMessage]:
    """Yield the messages of a seeded mailbox, oldest first; none for any other address.

    They lie within the 60 days before `now` (epoch seconds), the newest minutes before it, and are
    the same bytes for the same `now`. Oldest first, so that an answer follows what it answers.
    """
    owner = OWNERS.get(canonical_email(email))
    if owner is None:
        return
    ids = {label.name: label.id for label in seeded_labels(email)}
    for letter in letters_of(owner, now):
        labels = tuple(ids.get(name, name) for name in _label_names(letter))
        yield SeedMessage(_raw(letter), labels, int(letter.when.timestamp()) * 1000)


def _label_names(letter: Letter) -> tuple[str, ...]:
    if letter.text.draft:
        return ("DRAFT",)
    return ("SENT",) if letter.outgoing else letter.text.labels


def _raw(letter: Letter) -> bytes:
    message = EmailMessage(policy=POLICY)
    write_headers(message, letter)
    write_body(message, letter)
    for number, part in enumerate(message.walk()):
        if part.get_content_maintype() == "multipart":
            # Left alone, the standard library draws boundaries at random.
            digest = hashlib.sha256(f"{letter.name}/{number}".encode()).hexdigest()
            part.set_boundary(f"=_{digest[:28]}")
    # Wide enough to keep the longest message id on the line of its header's name.
    return message.as_bytes(policy=POLICY.clone(max_line_length=100))
