"""Turn seeded texts into letters: who writes to whom, when, and in answer to what."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parseaddr

from arcade_gmail_local.sandbox.sample_mail.texts import (
    SeedText,
    automated_texts,
    private_texts,
    shared_texts,
)

OUTLOOK_LENGTH = 85
_OUTLOOK_HOST = "DB9PR08MB7654.eurprd08.prod.outlook.example.com"
_OUTLOOK_DOMAINS = frozenset({"example.org"})
_OFFSETS = {"example.net": 9, "example.org": 1, "example.com": 0}
_OLDEST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Owner:
    """A person whose mailbox is seeded, and the project that every message of it names."""

    email: str
    name: str
    project: str
    texts: str

    @property
    def address(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def first_name(self) -> str:
        return self.name.split(" ", 1)[0]


OWNERS = {
    owner.email: owner
    for owner in (
        Owner("alice@example.com", "Alice Anderson", "Project Heron", "alice"),
        Owner("bob@example.com", "Bob Baxter", "Project Falcon", "bob"),
    )
}


@dataclass(frozen=True, slots=True, repr=False)
class Quoted:
    """What a reply carries below its own text: `On … wrote:` and the text answered."""

    attribution: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A text with its time, its people and the letters it follows, oldest first."""

    text: SeedText
    owner: Owner
    name: str
    when: datetime
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    message_id: str
    references: tuple[str, ...] = ()
    quoted: Quoted | None = None

    @property
    def outgoing(self) -> bool:
        return parseaddr(self.sender)[1] == self.owner.email and not self.text.draft

    @property
    def domain(self) -> str:
        """Return the domain of the sender's address."""
        return parseaddr(self.sender)[1].rpartition("@")[2]

    def chance(self) -> random.Random:
        """Return a source of random numbers for this letter alone, the same in every run."""
        return random.Random(self.name)  # noqa: S311 - made-up figures, not secrets


def with_quote(body: str, quoted: Quoted | None) -> str:
    """Return a reply as plain text; each quoted line begins with `>`."""
    if quoted is None:
        return body
    lines = (f"> {line}" if line else ">" for line in quoted.text.split("\n"))
    return f"{body}\n\n{quoted.attribution}\n" + "\n".join(lines)


def letters_of(owner: Owner, now: float) -> list[Letter]:
    """Return all letters of a mailbox, oldest first."""
    letters: dict[str, Letter] = {}
    for text in (*shared_texts(), *private_texts(owner.texts), *automated_texts()):
        letters[text.key] = _letter(text, owner, now, letters)
    return sorted(letters.values(), key=lambda letter: letter.when)


def _letter(text: SeedText, owner: Owner, now: float, before: dict[str, Letter]) -> Letter:
    name = f"shared/{text.key}" if text.shared else f"{owner.email}/{text.key}"
    sender = owner.address if text.outgoing or text.draft else text.sender
    parent = before[text.parent] if text.parent else None
    when = _when(text, name, sender, now)
    filled = text if text.shared else _filled(text, owner, name, when)
    letter = Letter(
        text=filled,
        owner=owner,
        name=name,
        when=when,
        sender=sender,
        to=_to(filled, owner, parent),
        cc=filled.cc,
        subject=filled.subject,
        message_id=_message_id(name, sender, owner),
    )
    return _in_answer_to(parent, letter) if parent else letter


def _to(text: SeedText, owner: Owner, parent: Letter | None) -> tuple[str, ...]:
    if text.to or text.draft:
        return text.to
    if text.list_name:
        return (f"{text.list_name}@lists.example.org",)
    if text.outgoing and parent is not None:
        return (parent.sender,)
    return (owner.address,)


def _in_answer_to(parent: Letter, letter: Letter) -> Letter:
    people = dict.fromkeys((parent.sender, *parent.to, *parent.cc))
    others = tuple(person for person in people if person not in {letter.sender, parent.sender})
    subject = parent.subject if parent.subject.startswith("Re: ") else f"Re: {parent.subject}"
    quoted = _quote(parent) if letter.text.quote else None
    return replace(
        letter,
        subject=subject,
        to=(parent.sender,) if letter.text.shared else letter.to,
        cc=others if letter.text.shared else letter.cc,
        references=(*parent.references, parent.message_id),
        quoted=quoted,
    )


def _quote(parent: Letter) -> Quoted:
    who = parent.sender.replace('"', "")
    text = with_quote(parent.text.body, parent.quoted)
    # Three levels and no further, or the thirteenth answer would hold the first twelve.
    kept = [line for line in text.split("\n") if not line.startswith("> >")]
    return Quoted(f"On {parent.when:%a, %d %b %Y at %H:%M}, {who} wrote:", "\n".join(kept))


def _when(text: SeedText, name: str, sender: str, now: float) -> datetime:
    # Two mailboxes get no receipt at the same second.
    late = random.Random(name).random() * 0.02 if text.automated else 0.0  # noqa: S311 - no secret
    days = min(text.days * (1 + late), _OLDEST_DAYS)
    domain = parseaddr(sender)[1].rpartition("@")[2]
    zone = timezone(timedelta(hours=_OFFSETS.get(domain, 0)))
    return datetime.fromtimestamp(int(now - days * 86_400), tz=zone)


def _filled(text: SeedText, owner: Owner, name: str, when: datetime) -> SeedText:
    chance = random.Random(name)  # noqa: S311 - made-up figures, not secrets
    values = {
        "{project}": owner.project,
        "{first}": owner.first_name,
        "{me}": owner.name,
        "{date}": f"{when.day} {when:%B}",
        "{amount}": f"{chance.randrange(9, 480)}.{chance.randrange(100):02d}",
        "{number}": str(chance.randrange(10_000, 990_000)),
    }
    subject, body = text.subject, text.body
    for placeholder, value in values.items():
        subject = subject.replace(placeholder, value)
        body = body.replace(placeholder, value)
    return replace(text, subject=subject, body=body)


def _message_id(name: str, sender: str, owner: Owner) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    domain = parseaddr(sender)[1].rpartition("@")[2]
    if parseaddr(sender)[1] in OWNERS or domain == owner.email.rpartition("@")[2]:
        return f"<CA+{digest[:50]}@mail.example.com>"
    if domain in _OUTLOOK_DOMAINS:
        # Long enough to break careless folding.
        room = OUTLOOK_LENGTH - len(f"<@{_OUTLOOK_HOST}>") - len("DB9PR08MB")
        return f"<DB9PR08MB{digest[:room].upper()}@{_OUTLOOK_HOST}>"
    return f"<{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:28]}@{domain}>"
