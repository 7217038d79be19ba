"""What must not be found, in every form it could be written in, and the search for it."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.header import Header
from urllib.parse import quote, quote_plus

FRAGMENT = 12
"""So many bytes in a row count as found: an abbreviated secret is one, too."""
_RUN = re.compile(rb"\S{%d,}" % FRAGMENT)


def planted(kind: str) -> str:
    """Make a word that occurs nowhere else, with signs that JSON and URLs escape."""
    signs = "".join(chr(0x4E00 + secrets.randbelow(20_000)) for _ in range(12))
    return f"{kind}{signs}{secrets.token_hex(16)}"


def forms(value: str | bytes) -> Iterator[bytes]:
    """Write a value in the ways in which logs, headers, URLs, databases and mail write one."""
    plain = value.encode() if isinstance(value, str) else value
    yield plain
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield quote(plain, safe="").encode()
    yield quote_plus(plain).encode()
    yield repr(plain)[2:-1].encode()
    yield plain[::-1]
    yield from _base64(plain)
    if isinstance(value, str):
        yield json.dumps(value)[1:-1].encode()
        yield value.encode("utf-16-le")
        yield value.encode("utf-16-be")
        yield from _base64(json.dumps(value)[1:-1].encode())
        yield Header(value, "utf-8").encode().encode()


def _base64(plain: bytes) -> Iterator[bytes]:
    # In the middle of something longer it looks different at each of three positions.
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain)[(0, 2, 3)[before] :].rstrip(b"=")[:-1]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    at: str
    """A few bytes around it, without it."""


@dataclass
class Canaries:
    """Everything that is looked for, by kind."""

    values: dict[str | bytes, str] = field(default_factory=dict)
    _fragments: dict[bytes, str] | None = field(default=None, repr=False)

    def add(self, kind: str, *values: str | bytes) -> None:
        for value in values:
            assert len(value) >= FRAGMENT, f"a {kind} of {len(value)} cannot be told from chance"
            self.values[value] = kind
        self._fragments = None

    def of(self, *kinds: str) -> Canaries:
        return Canaries({value: kind for value, kind in self.values.items() if kind in kinds})

    def count(self, kind: str) -> int:
        return sum(found == kind for found in self.values.values())

    @property
    def kinds(self) -> set[str]:
        return set(self.values.values())

    def fragments(self) -> dict[bytes, str]:
        if self._fragments is None:
            self._fragments = {
                written[start : start + FRAGMENT]: kind
                for value, kind in self.values.items()
                for written in forms(value)
                for start in range(max(len(written) - FRAGMENT + 1, 0))
            }
        return self._fragments

    def search(self, data: bytes) -> list[Hit]:
        """Find every place of `data` that holds a fragment; one hit for each run and kind."""
        wanted = self.fragments()
        return [
            Hit(kind, repr(run[max(start - 48, 0) : start]))
            for run in dict.fromkeys(_RUN.findall(data))
            for kind, start in _kinds_in(run, wanted).items()
        ]


def _kinds_in(run: bytes, wanted: dict[bytes, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(len(run) - FRAGMENT + 1):
        kind = wanted.get(run[start : start + FRAGMENT])
        if kind is not None:
            found.setdefault(kind, start)
    return found


def kinds(hits: Iterable[Hit]) -> set[str]:
    return {hit.kind for hit in hits}
