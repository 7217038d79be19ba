"""Generate ids and opaque tokens that look like Gmail's.

Message and thread ids are 16 lower-case hexadecimal digits below 2^63, with their creation time in
the upper digits, as Gmail's are.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re

from cryptography.fernet import Fernet, InvalidToken

from arcade_gmail_local.sandbox.google_error import invalid, invalid_id

_HEX = re.compile(r"[0-9a-fA-F]+")
_DRAFT = re.compile(r"r-?[0-9]{1,19}")
_TOP = 1 << 63
_PADDED = 64  # attachment ids are long, as Gmail's are


class IdGenerator:
    """Generate ids that are unique in one sandbox, across its mailboxes."""

    def __init__(self) -> None:
        # Not for secrets: with a fixed seed, two runs under one clock are alike.
        self._random = random.Random(20261123)  # noqa: S311
        self._given: set[int] = set()
        self._drafts: set[int] = set()

    def message_id(self, epoch_ms: int) -> str:
        """Return an id with that time in its upper digits."""
        stamp = (epoch_ms & ((1 << 43) - 1)) << 20
        while True:
            number = stamp | self._random.getrandbits(20)
            if number not in self._given:
                self._given.add(number)
                return f"{number:016x}"

    def draft_id(self) -> str:
        while (number := self._random.randrange(-_TOP, _TOP)) in self._drafts:
            pass
        self._drafts.add(number)
        return f"r{number}"

    def filter_id(self) -> str:
        packed = base64.urlsafe_b64encode(self._random.getrandbits(36 * 8).to_bytes(36, "big"))
        return f"ANe1Bm{packed.decode()}"

    def history_step(self) -> int:
        """Return the distance to the next history id."""
        return self._random.randint(1, 9)

    def first_history_id(self) -> int:
        return self._random.randrange(100_000, 9_000_000)

    def header_message_id(self) -> str:
        """Return a Message-ID such as Gmail writes, angle brackets included."""
        number = self._random.getrandbits(44 * 6)
        packed = base64.urlsafe_b64encode(number.to_bytes(33, "big")).decode()
        return f"<CA{packed}@mail.gmail.com>"


def canonical_id(given: str) -> str:
    """Normalise a message or thread id.

    Upper case and leading zeros resolve, as in Gmail; what cannot be an id is a 400, not a 404.
    """
    if not _HEX.fullmatch(given) or (number := int(given, 16)) >= _TOP:
        raise invalid_id()
    return f"{number:016x}"


def check_draft_id(given: str) -> str:
    """Refuse what cannot name a draft; a message's id passes and is a 404 later."""
    if _DRAFT.fullmatch(given) or _HEX.fullmatch(given):
        return given
    raise invalid_id()


class TokenSealer:
    """Seal attachment ids and page tokens, which are opaque and cannot be forged."""

    def __init__(self) -> None:
        self._fernet = Fernet(Fernet.generate_key())

    def attachment_id(self, message_id: str, part_id: str) -> str:
        """Return an id for a part of a message, a different one at every call, as in Gmail."""
        return self._seal("attachment", f"{message_id}/{part_id}".ljust(_PADDED))

    def read_attachment_id(self, token: str) -> tuple[str, str]:
        """Return (message id, part id); an unknown token is a 400, as in Gmail, never a 404."""
        opened = self._open("attachment", token)
        if opened is None:
            raise invalid("Invalid attachment token")
        message_id, _, part_id = opened.strip().partition("/")
        return message_id, part_id

    def page_token(self, position: str, query: str) -> str:
        """Return a token for where a page ended, valid for the same query only."""
        return self._seal(_fingerprint(query), position)

    def read_page_token(self, token: str, query: str) -> str:
        opened = self._open(_fingerprint(query), token)
        if opened is None:
            raise invalid("Invalid pageToken")
        return opened

    def _seal(self, purpose: str, text: str) -> str:
        return self._fernet.encrypt(f"{purpose}:{text}".encode()).decode().rstrip("=")

    def _open(self, purpose: str, token: str) -> str | None:
        try:
            opened = self._fernet.decrypt(token + "=" * (-len(token) % 4)).decode()
        except (InvalidToken, ValueError):
            return None
        given, _, text = opened.partition(":")
        return text if given == purpose else None


def _fingerprint(query: str) -> str:
    return hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16]
