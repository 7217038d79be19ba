"""Read and change the header block of raw mail, and nothing else of it.

Mail is never re-serialised here: every byte that is not asked for stays as it came, because
signatures, boundaries and odd encodings have to survive delivery.
"""

from __future__ import annotations

import email.header
import email.utils
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FIELD_START = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True, repr=False)
class HeaderField:
    """One field as it stands: `name` as written, `line` with its folds and without its end."""

    name: str
    line: bytes

    @property
    def value(self) -> str:
        """Give the unfolded value with encoded words still encoded."""
        text = _as_text(self.line.partition(b":")[2])
        return _FOLD.sub("", text).strip()


class RawMail:
    """Raw mail split into header fields and the rest.

    A message that is only headers, or only a body, or nothing at all, is fine.
    """

    __slots__ = ("_newline", "_raw", "_rest_at", "fields")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        if raw.startswith((b"\r\n", b"\n")):
            # No header at all: the first line ends a block that never began.
            end, self._rest_at = 0, 0
        elif ends := _END_OF_HEADERS.search(raw):
            end, self._rest_at = ends.start(), raw.find(b"\n", ends.start()) + 1
        else:
            end = self._rest_at = len(raw)
        self._newline = b"\n" if b"\n" in raw[:2000] and b"\r\n" not in raw[:2000] else b"\r\n"
        self.fields: Sequence[HeaderField] = tuple(_split(raw[:end]))

    def first(self, name: str) -> str:
        """Give the first value under a name, decoded; "" when there is none."""
        wanted = name.lower()
        for field in self.fields:
            if field.name.lower() == wanted:
                return decode_words(field.value)
        return ""

    def every(self, name: str) -> list[str]:
        """Give all values under a name, encoded words left alone (addresses need that)."""
        wanted = name.lower()
        return [field.value for field in self.fields if field.name.lower() == wanted]

    def rebuilt(
        self,
        *,
        without: Collection[str] = (),
        on_top: Sequence[str] = (),
        below: Sequence[str] = (),
    ) -> bytes:
        """Give the mail with some fields gone and whole new lines above or below the others.

        Args:
            without: names in lower case.
            on_top, below: complete "Name: value" lines, without their end.
        """
        kept = [field.line for field in self.fields if field.name.lower() not in without]
        lines = [line.encode() for line in on_top] + kept + [line.encode() for line in below]
        lines.append(self._raw[self._rest_at :] or self._newline)
        return self._newline.join(lines)


def _split(head: bytes) -> list[HeaderField]:
    fields: list[HeaderField] = []
    for ended in head.split(b"\n"):
        line = ended.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t") and fields:
            last = fields[-1]
            fields[-1] = HeaderField(last.name, last.line + b"\r\n" + line)
        elif start := _FIELD_START.match(line):
            fields.append(HeaderField(start[1].decode("ascii"), line))
        # Anything else (an mbox "From " line, rubbish) is no field, and Gmail drops it too.
    return fields


def _as_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def decode_words(value: str) -> str:
    """Decode RFC 2047 words; what cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError, UnicodeError):
        return value


def message_ids(value: str) -> list[str]:
    """Give the ids of a References or In-Reply-To value, without brackets, in order."""
    return _MESSAGE_ID.findall(value)


def addresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """Give (name, address) of every address in header values, in order; empty groups vanish."""
    found = email.utils.getaddresses(list(values))
    return [(decode_words(name), address) for name, address in found if address or name]


def date_header(epoch_s: float) -> str:
    """Write an instant as a Date header's value, in UTC."""
    return email.utils.format_datetime(datetime.fromtimestamp(epoch_s, UTC))


def date_ms(value: str) -> int | None:
    """Give a Date header as epoch milliseconds; None when nobody can read it."""
    try:
        read = email.utils.parsedate_to_datetime(value)
        if read.tzinfo is None:
            read = read.replace(tzinfo=UTC)
        return int(read.timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
