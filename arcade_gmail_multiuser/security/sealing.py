"""Seal values with AES-256-GCM, bound to whom and what they belong to.

A sealed value is `version(1) | length of key id(1) | key id | nonce(12) | ciphertext and tag(16)`.
Everything before the nonce and every field of `bound_to` is authenticated, so a value that was
moved to another row, another user or another column does not open.
"""

from __future__ import annotations

import re
import secrets
import struct
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from arcade_gmail_multiuser.errors import ConfigurationError, StorageError
from arcade_gmail_multiuser.security.keys import decode_key, derive_key_id

__all__ = ["Keyring"]

_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")
_CANNOT_OPEN = "A stored secret cannot be read."


class Keyring:
    """Seal with the newest key and open with any of several.

    Args:
        keys: what `new_key` returns: one key, or several with the **newest first**. The first one
            seals, all of them open.

    Nonces are random, which is safe for about 2^32 values a key; rotate long before.

    Raises:
        ConfigurationError: no key, a weak one, or the same one twice.
    """

    def __init__(self, keys: str | Iterable[str]) -> None:
        self._ciphers: dict[str, AESGCM] = {}
        for encoded in [keys] if isinstance(keys, str) else keys:
            material = decode_key(encoded)
            key_id = derive_key_id(material)
            if key_id in self._ciphers:
                raise ConfigurationError("The same encryption key is listed twice.")
            self._ciphers[key_id] = AESGCM(material)
        if not self._ciphers:
            raise ConfigurationError("At least one encryption key is needed.")
        self._newest = next(iter(self._ciphers))

    @property
    def newest_id(self) -> str:
        """The id of the key that seals."""
        return self._newest

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of all keys, including those that only open."""
        return frozenset(self._ciphers)

    def seal(self, plaintext: bytes, *, bound_to: tuple[str, ...]) -> bytes:
        """Encrypt; only the same `bound_to` opens it again."""
        header = _header(self._newest)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plaintext, _bind(header, bound_to))
        return header + nonce + sealed

    def open(self, sealed: bytes, *, bound_to: tuple[str, ...]) -> bytes:
        """Decrypt what `seal` made for the same `bound_to`.

        Raises:
            StorageError: one and the same error for a changed, cut or moved value and for an
                unknown key, so that no one learns which it was.
        """
        key_id = self.key_id_of(sealed)
        cipher = self._ciphers.get(key_id) if key_id else None
        if key_id is None or cipher is None:
            raise StorageError(_CANNOT_OPEN)
        header = _header(key_id)
        nonce, body = sealed[len(header) :][:_NONCE_BYTES], sealed[len(header) + _NONCE_BYTES :]
        if len(nonce) < _NONCE_BYTES or len(body) < _TAG_BYTES:
            raise StorageError(_CANNOT_OPEN)
        try:
            return cipher.decrypt(nonce, body, _bind(header, bound_to))
        except InvalidTag:
            raise StorageError(_CANNOT_OPEN) from None

    def key_id_of(self, sealed: bytes) -> str | None:
        """Return the id of the key a value claims to be sealed with; None if it is not sealed.

        Unauthenticated: good for finding values to reseal, never for trusting them.
        """
        if len(sealed) < 2 or sealed[0] != _VERSION:
            return None
        try:
            key_id = sealed[2 : 2 + sealed[1]].decode("ascii")
        except UnicodeDecodeError:
            return None
        return key_id if _KEY_ID.fullmatch(key_id) and len(key_id) == sealed[1] else None

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._ciphers)} keys>"


def _header(key_id: str) -> bytes:
    return bytes((_VERSION, len(key_id))) + key_id.encode("ascii")


def _bind(header: bytes, fields: tuple[str, ...]) -> bytes:
    # Each field has its length: ("ab", "c") and ("a", "bc") must never be the same bytes.
    parts = [struct.pack(">I", len(header)), header, struct.pack(">I", len(fields))]
    for field in fields:
        raw = field.encode("utf-8", errors="surrogatepass")
        parts += (struct.pack(">I", len(raw)), raw)
    return b"".join(parts)
