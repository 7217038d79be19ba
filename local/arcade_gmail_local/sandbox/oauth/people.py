"""Keep the people who have a Google account in the sandbox."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from arcade_gmail_local.sandbox.errors import InvalidInput
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

MAX_PEOPLE = 100_000


@dataclass(frozen=True, slots=True)
class Person:
    """A Google account. `sub` is its permanent id of 21 digits, the same in every run."""

    email: str
    name: str
    sub: str

    @property
    def given_name(self) -> str:
        return self.name.split(" ", 1)[0]

    @property
    def family_name(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


class People:
    """Keep the accounts that may sign in, in the order they were added."""

    def __init__(self) -> None:
        self._by_email: dict[str, Person] = {}

    def add(self, email: str, name: str = "") -> Person:
        """Add an account, or return the existing one unchanged.

        Raises:
            InvalidInput: this cannot be an address, or there are too many accounts.
        """
        email = canonical_email(email)
        local, at, domain = email.rpartition("@")
        if not at or not local or not domain or not email.isprintable() or " " in email:
            raise InvalidInput("An account needs an e-mail address such as carol@example.com.")
        known = self._by_email.get(email)
        if known is not None:
            return known
        if len(self._by_email) >= MAX_PEOPLE:
            raise InvalidInput(f"The sandbox holds at most {MAX_PEOPLE} accounts.")
        person = Person(email, name.strip() or _name_from(local), _sub_of(email))
        self._by_email[email] = person
        return person

    def get(self, hint: str) -> Person | None:
        """Find an account by address or `sub`; a login_hint may be either."""
        by_email = self._by_email.get(canonical_email(hint))
        if by_email is not None or not hint.isdecimal():
            return by_email
        return next((person for person in self if person.sub == hint), None)

    def __iter__(self) -> Iterator[Person]:
        return iter(tuple(self._by_email.values()))

    def __len__(self) -> int:
        return len(self._by_email)


def seeded_people() -> People:
    """Return Alice and Bob, whose mailboxes are seeded."""
    people = People()
    people.add("alice@example.com", "Alice Anderson")
    people.add("bob@example.com", "Bob Baxter")
    return people


def _name_from(local: str) -> str:
    words = local.replace(".", " ").replace("_", " ").replace("-", " ").split()
    return " ".join(word.capitalize() for word in words) or local


def _sub_of(email: str) -> str:
    number = int.from_bytes(hashlib.sha256(email.encode()).digest()[:16], "big")
    return "1" + str(number % 10**20).zfill(20)
