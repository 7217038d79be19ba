"""Return a file as base64, one page at a time."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["BytePage", "byte_page"]

_FINGERPRINT, _OFFSET = 8, 6  # bytes


@dataclass(frozen=True, slots=True, repr=False)
class BytePage:
    """Hold one stretch of a file as base64. The stretches joined are the base64 of the file."""

    encoded: str
    offset: int
    next_cursor: str | None
    omitted_bytes: int


def byte_page(content: bytes, *, max_chars: int, cursor: str | None = None) -> BytePage:
    """Cut out as much as fits into `max_chars` characters of base64.

    A cursor belongs to the file it was made from; any other is refused with InvalidInput. Large
    files are hashed for that: call it off the event loop then.
    """
    fingerprint = hashlib.blake2b(content, digest_size=_FINGERPRINT).digest()
    start = 0 if cursor is None else _read_cursor(cursor, fingerprint, len(content))
    # Whole groups of three bytes, so that the pages can be joined before they are decoded.
    end = min(len(content), start + 3 * max(1, max_chars // 4))
    last = end == len(content)
    return BytePage(
        base64.b64encode(content[start:end]).decode("ascii"),
        start,
        None if last else _write_cursor(end, fingerprint),
        len(content) - end,
    )


def _write_cursor(offset: int, fingerprint: bytes) -> str:
    cursor = fingerprint + offset.to_bytes(_OFFSET, "big")
    return base64.urlsafe_b64encode(cursor).decode().rstrip("=")


def _read_cursor(cursor: str, fingerprint: bytes, length: int) -> int:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        data = b""
    offset = int.from_bytes(data[_FINGERPRINT:], "big")
    good = len(data) == _FINGERPRINT + _OFFSET and data[:_FINGERPRINT] == fingerprint
    if not good or not 0 < offset < length or offset % 3:
        raise InvalidInput(
            "This cursor belongs to another file or was not given out here. Leave it out to start "
            "anew."
        )
    return offset
