"""Read and edit the headers of raw mail, leaving every other byte as it came.

Mail is never re-serialised: signatures, boundaries and odd encodings have to survive delivery.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from arcade_gmail_local.sandbox.mail.charsets import decode_words

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FIELD_START = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True, repr=False)
class HeaderField:
    """One header field: `name` as written, `line` with its folds and without its line end."""

    name: str
    line: bytes

    @property
    def value(self) -> str:
        """Return the unfolded value, its encoded words still encoded."""
        text = _as_text(self.line.partition(b":")[2])
        return _FOLD.sub("", text).strip()


class RawMail:
    """Split raw mail into header fields and the rest; either may be empty."""

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
        """Return the first value of a header, decoded, or ""."""
        wanted = name.lower()
        for field in self.fields:
            if field.name.lower() == wanted:
                return decode_words(field.value)
        return ""

    def every(self, name: str) -> list[str]:
        """Return all values of a header; encoded words stay, because addresses need them."""
        wanted = name.lower()
        return [field.value for field in self.fields if field.name.lower() == wanted]

    def rebuilt(
        self,
        *,
        without: Collection[str] = (),
        on_top: Sequence[str] = (),
        below: Sequence[str] = (),
    ) -> bytes:
        """Return the mail without some fields and with new ones above or below the others.

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


def message_ids(value: str) -> list[str]:
    """Return the ids of a References or In-Reply-To value in order, without brackets."""
    return _MESSAGE_ID.findall(value)


def addresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name, address) for every address in header values; empty groups are dropped."""
    found = email.utils.getaddresses(list(values))
    return [(decode_words(name), address) for name, address in found if address or name]


def date_header(epoch_s: float) -> str:
    """Format an instant as the value of a Date header, in UTC."""
    return email.utils.format_datetime(datetime.fromtimestamp(epoch_s, UTC))


def date_ms(value: str) -> int | None:
    """Return a Date header in epoch milliseconds, or None when it is unreadable."""
    try:
        read = email.utils.parsedate_to_datetime(value)
        if read.tzinfo is None:
            read = read.replace(tzinfo=UTC)
        return int(read.timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
