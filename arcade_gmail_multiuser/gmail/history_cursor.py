"""A place in one mailbox's history, as text that a caller keeps between two calls.

Nothing is stored here. The text holds the history id and a digest over it and the mailbox's
address, so one that was altered, or is another person's, is recognised. It protects no secret:
what a history id lets anybody read is decided by the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["read_cursor", "write_cursor"]

_DIGEST = 12
_HISTORY_ID = re.compile(rb"[0-9]{1,20}")
_PURPOSE = b"arcade_gmail_multiuser history cursor 1"


def write_cursor(history_id: str, address: str) -> str:
    """Write a cursor for this mailbox."""
    place = history_id.encode("ascii")
    return base64.urlsafe_b64encode(_digest(place, address) + place).decode().rstrip("=")


def read_cursor(cursor: str, address: str) -> str:
    """Return the history id.

    Raises:
        InvalidInput: it is no cursor, was altered, or belongs to another mailbox.
    """
    text = cursor.strip()
    try:
        packed = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        packed = b""
    digest, place = packed[:_DIGEST], packed[_DIGEST:]
    if not _HISTORY_ID.fullmatch(place) or not hmac.compare_digest(digest, _digest(place, address)):
        raise InvalidInput(
            "cursor is not one of this mailbox. Use it exactly as an earlier call for the same "
            "user returned it, or leave it out to begin now."
        )
    return place.decode("ascii")


def _digest(place: bytes, address: str) -> bytes:
    folded = address.strip().lower().encode("utf-8")
    return hashlib.sha256(_PURPOSE + b"\0" + folded + b"\0" + place).digest()[:_DIGEST]
