"""Make the people of a soak, and the words that show whose mail is whose.

A canary is in one person's own mail and in no one else's. A letter's tag may be seen by the one
who wrote it and the one it was written to. Both are random, so neither is met by chance.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

__all__ = ["Letter", "Outcome", "People", "Person", "seed_mail", "words_in"]

WORD = re.compile(r"\b(?:canary|letter)[0-9a-f]{16}\b")
TOKEN = re.compile(r"ya29\.|1//0|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.")
"""How Google's access and refresh tokens begin, and what a JWT looks like."""

Outcome = str
"""Of a letter: "sent" promises one copy, "unknown" at most one, "not sent" none."""


@dataclass(slots=True)
class Letter:
    """One message that was to be sent once."""

    tag: str
    sender: str
    recipient: str
    way: str
    outcome: Outcome = "unknown"


@dataclass(slots=True)
class Person:
    """Someone whose id at the application is not their address."""

    user_id: str
    email: str
    canary: str
    own_ids: list[str] = field(default_factory=list)
    """Of the mail that was there at the start."""
    replies_to: list[str] = field(default_factory=list)
    """Ids of letters that arrived, seen in an answer."""
    at_the_browser: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the person connects or ends the connection: they have two hands."""


class People:
    """All people, the letters between them, and what went wrong."""

    def __init__(self, count: int, chance: random.Random) -> None:
        self.everyone = [
            Person(f"person-{n}", f"u{n}@soak.example", f"canary{chance.getrandbits(64):016x}")
            for n in range(count)
        ]
        self.by_email = {person.email: person for person in self.everyone}
        self.letters: dict[str, Letter] = {}
        self.crossed: list[str] = []
        self.leaked: list[str] = []
        self._chance = chance
        self._owner = {person.canary: person.email for person in self.everyone}

    def letter(self, sender: Person, recipient: str, way: str) -> Letter:
        tag = f"letter{self._chance.getrandbits(64):016x}"
        letter = Letter(tag, sender.email, recipient, way)
        self.letters[tag] = letter
        return letter

    def look(self, reader: Person, answer: Any, doing: str) -> set[str]:
        """Search an answer for what is another's, and for tokens; give the words in it."""
        text = json.dumps(answer, ensure_ascii=False)
        if TOKEN.search(text):
            self.leaked.append(f"{doing}: a token in an answer")
        found = words_in(text)
        for word in found:
            if not self.may_see(reader.email, word):
                self.crossed.append(f"{doing}: {reader.email} was shown {word}")
        return found

    def may_see(self, email: str, word: str) -> bool:
        letter = self.letters.get(word)
        if letter is not None:
            return email in (letter.sender, letter.recipient)
        return self._owner.get(word) == email

    def another(self, person: Person) -> Person:
        while (other := self._chance.choice(self.everyone)) is person:
            continue
        return other


def words_in(text: str) -> set[str]:
    return set(WORD.findall(text))


def seed_mail(person: Person) -> Iterable[str]:
    """Return the mail a person starts with, in the sandbox's form."""
    for subject in (f"Plans for {person.canary}", f"Re: the bill of {person.canary}"):
        mail = EmailMessage()
        mail["From"] = "Desk <desk@elsewhere.example>"
        mail["To"] = person.email
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{subject.split()[0].strip(':')}.{person.canary}@elsewhere.example>"
        mail.set_content(f"Only {person.canary} reads this.\n" + "Ordinary words follow. " * 20)
        yield base64.b64encode(mail.as_bytes()).decode("ascii")
