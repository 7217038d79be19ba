"""Sign and check a token: this person was shown this content, and may send it once until then.

Nothing is stored. The token holds its expiry, a nonce and a digest of the content, under a MAC
that also covers the person; any process with the same key can check it. It proves that the
content was shown, not that the person agreed: whatever holds a token may send, so an application
hands it out only when the person has said yes.

    version 1 | expires 8 | nonce 16 | content 32 | MAC 32      (bytes, then base64url)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import ConfirmationRequired

__all__ = ["LIFETIME_S", "MAX_CLOCK_DIFFERENCE_S", "Signer", "derived_key", "made_at"]

LIFETIME_S = 600
MAX_CLOCK_DIFFERENCE_S = 60
"""How far the clocks of two replicas may be apart before a token counts as forged."""

_VERSION = b"\x01"
_EXPIRES, _NONCE, _DIGEST = 8, 16, 32
_LENGTH = 1 + _EXPIRES + _NONCE + 2 * _DIGEST
_MAX_TOKEN = 400


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Signs and checks tokens with one key of at least 32 bytes."""

    key: bytes

    def sign(self, *, user: str, content: bytes, now: float) -> tuple[str, int]:
        """Return a token for one person's content, and the second since 1970 when it expires."""
        expires = int(now) + LIFETIME_S
        nonce = secrets.token_bytes(_NONCE)
        signed = _VERSION + expires.to_bytes(_EXPIRES, "big") + nonce + self._of(content)
        token = signed + self._mac(user, signed)
        return base64.urlsafe_b64encode(token).decode().rstrip("="), expires

    def check(self, token: str, *, user: str, content: bytes, now: float) -> str:
        """Return the token's nonce if it is this person's, for this content, and not expired.

        Raises:
            ConfirmationRequired: it is not; the error says why.
        """
        data = _decoded(token)
        signed, mac = data[:-_DIGEST], data[-_DIGEST:]
        genuine = hmac.compare_digest(mac, self._mac(user, signed))
        if len(data) != _LENGTH or data[:1] != _VERSION or not genuine:
            raise ConfirmationRequired(
                "This confirmation_token was not made here, or is another user's. Ask for a new "
                "one with PrepareEmail or dry_run, and use it exactly as returned."
            )
        expires = int.from_bytes(signed[1 : 1 + _EXPIRES], "big")
        if not now <= expires <= now + LIFETIME_S + MAX_CLOCK_DIFFERENCE_S:
            raise ConfirmationRequired(
                "This confirmation_token has expired: it holds for ten minutes. Prepare the "
                "message again and ask the user again."
            )
        if not hmac.compare_digest(signed[-_DIGEST:], self._of(content)):
            raise ConfirmationRequired(
                "The message differs from the one that was confirmed. Send exactly what was "
                "prepared, or prepare this one and ask the user again."
            )
        return signed[1 + _EXPIRES : -_DIGEST].hex()

    def _of(self, content: bytes) -> bytes:
        # Keyed, so that a token does not let its reader test guesses about what it is for.
        return hmac.new(self.key, b"content\0" + content, hashlib.sha256).digest()

    def _mac(self, user: str, signed: bytes) -> bytes:
        bound = json.dumps(["confirmation", user, signed.hex()]).encode()
        return hmac.new(self.key, bound, hashlib.sha256).digest()


def made_at(token: str) -> int:
    """Return the second since 1970 when a token that was checked had been made."""
    return int.from_bytes(_decoded(token)[1 : 1 + _EXPIRES], "big") - LIFETIME_S


def derived_key(secret: bytes) -> bytes:
    """Derive the signing key from a secret that has another use (HKDF-SHA256, RFC 5869)."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    info = b"arcade_gmail_multiuser confirmation v1"
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def _decoded(token: str) -> bytes:
    compact = token.strip()
    if len(compact) > _MAX_TOKEN:
        return b""
    try:
        padded = compact + "=" * (-len(compact) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
