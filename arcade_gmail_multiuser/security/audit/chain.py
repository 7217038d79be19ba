"""Chain audit records by their hashes, and sign each record and the head.

A record's digest covers its text, and its text contains the digest before it, so the head's
signature covers everything. Each record is signed too, which shows exactly which one was edited;
but the head alone suffices, so a log stays verifiable after an old key is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.keys import decode_key, derive_key_id

__all__ = ["AuditKeys", "Break", "ChainReader", "Head", "Signed", "canonical", "link", "new_head"]

VERSION = 1


def canonical(value: dict[str, Any]) -> str:
    """Serialize a value in the one form that is hashed: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


class AuditKeys:
    """Sign with the newest key and check with any of several.

    Args:
        keys: what `new_key` returns: one key, or several with the newest first. Signing keys are
            derived from them, so that an encryption key can serve both purposes.

    Raises:
        ConfigurationError: no key, a weak one, or the same one twice.
    """

    def __init__(self, keys: str | Iterable[str]) -> None:
        self._signing: dict[str, bytes] = {}
        self._naming: dict[str, bytes] = {}
        for encoded in [keys] if isinstance(keys, str) else keys:
            material = decode_key(encoded)
            signing = hmac.digest(material, b"arcade_gmail_multiuser audit signing", "sha256")
            key_id = derive_key_id(signing)
            if key_id in self._signing:
                raise ConfigurationError("The same audit key is listed twice.")
            self._signing[key_id] = signing
            self._naming[key_id] = hmac.digest(
                material, b"arcade_gmail_multiuser audit naming", "sha256"
            )
        if not self._signing:
            raise ConfigurationError("At least one audit key is needed.")
        self.newest_id = next(iter(self._signing))

    def sign(self, purpose: str, content: str) -> str:
        return self._mac(self._signing[self.newest_id], purpose, content)

    def check(self, key_id: str, purpose: str, content: str, mac: str) -> bool | None:
        """Say whether a signature is right; None if the key is unknown here."""
        key = self._signing.get(key_id)
        if key is None:
            return None
        return hmac.compare_digest(self._mac(key, purpose, content).encode(), mac.encode())

    def name_user(self, project: str, user_id: str) -> str:
        """Return the keyed hash that stands for a user in records made with the newest key."""
        return self.names_of_user(project, user_id)[0]

    def names_of_user(self, project: str, user_id: str) -> list[str]:
        """Return a user's hash under every key, newest first, to search records for."""
        content = b""
        for part in (project, user_id):
            raw = part.encode("utf-8", errors="surrogatepass")
            content += struct.pack(">I", len(raw)) + raw
        return [hmac.new(key, content, "sha256").hexdigest()[:32] for key in self._naming.values()]

    @staticmethod
    def _mac(key: bytes, purpose: str, content: str) -> str:
        return hmac.new(key, f"{purpose}\n{content}".encode(), "sha256").hexdigest()

    def __repr__(self) -> str:
        return f"<AuditKeys of {len(self._signing)} keys>"


@dataclass(frozen=True, slots=True)
class Signed:
    """One record as it is stored."""

    text: str
    mac: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends: how many records, and the digest of the last. Kept apart from them."""

    log: str
    """A random name, so that one log's head is not valid for another."""
    count: int
    digest: str
    size: int = 0
    """How many bytes the records take, if the store counts them."""
    key: str = ""
    mac: str = ""

    def signed(self, keys: AuditKeys) -> Head:
        unsigned = replace(self, key=keys.newest_id, mac="")
        return replace(unsigned, mac=keys.sign("head", unsigned.content()))

    def is_genuine(self, keys: AuditKeys) -> bool:
        return keys.check(self.key, "head", self.content(), self.mac) is True

    def content(self) -> str:
        """Return what is signed."""
        return canonical({**asdict(self), "mac": ""})


def new_head(keys: AuditKeys) -> Head:
    """Start a log."""
    log = secrets.token_hex(16)
    return Head(log, 0, _first_digest(log)).signed(keys)


def _first_digest(log: str) -> str:
    return hashlib.sha256(f"arcade_gmail_multiuser audit {log}".encode()).hexdigest()


def link(
    head: Head, contents: Sequence[dict[str, Any]], keys: AuditKeys
) -> tuple[list[Signed], Head]:
    """Append records to a head; store the new head with them."""
    count, digest = head.count, head.digest
    signed = []
    for content in contents:
        count += 1
        links = {"v": VERSION, "n": count, "prev": digest, "key": keys.newest_id}
        text = canonical({**content, **links})
        digest = hashlib.sha256(text.encode()).hexdigest()
        signed.append(Signed(text, keys.sign("record", digest)))
    return signed, Head(head.log, count, digest).signed(keys)


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a log is not what was written. Position 0 is the head."""

    position: int
    why: str


class ChainReader:
    """Follow records from a head on, and find the first that does not fit."""

    def __init__(self, keys: AuditKeys, *, log: str, start: Head | None = None) -> None:
        self._keys = keys
        self.count = start.count if start else 0
        self.digest = start.digest if start else _first_digest(log)

    def feed(self, record: Signed) -> Break | None:
        expected = self.count + 1
        found = _parsed(record.text)
        if found is None:
            return Break(expected, "The record is not in the form it was written in: edited.")
        digest = hashlib.sha256(record.text.encode()).hexdigest()
        if self._keys.check(str(found.get("key")), "record", digest, record.mac) is False:
            return Break(expected, "The record was edited, or inserted by someone without the key.")
        number = found.get("n")
        if number != expected:
            missing = isinstance(number, int) and number > expected
            moved = "One or more records before it are missing, or it was moved forward."
            again = "The record belongs to an earlier place: moved or repeated."
            return Break(expected, moved if missing else again)
        if found.get("prev") != self.digest:
            return Break(expected, "It does not continue the record before, which was replaced.")
        self.count, self.digest = expected, digest
        return None


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
        # Several texts can mean the same; only the one that was hashed is the record.
        same = isinstance(found, dict) and canonical(found) == text
    except (ValueError, RecursionError):
        return None
    return found if same else None
