"""Seal and open the tokens of a record, each bound to its user and its kind."""

from __future__ import annotations

from dataclasses import replace

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.masking import HiddenText
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord

__all__ = ["TokenSealer", "unreadable"]

_LAYOUT = "1"
"""Part of what a token is bound to; increased when the meaning of a field changes."""


def unreadable() -> StorageError:
    """Make the one error for a stored secret that is wrong, missing, moved or cut."""
    return StorageError("A stored secret cannot be read.")


class TokenSealer:
    """Seal tokens with the newest key; open them with any key of the ring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    @property
    def key_id(self) -> str:
        """The key that seals."""
        return self._keyring.newest_id

    def access(self, key: TokenKey, token: str) -> bytes:
        return self._seal(key, "access_token", token)

    def refresh(self, key: TokenKey, token: str) -> bytes:
        return self._seal(key, "refresh_token", token)

    def open_access(self, record: TokenRecord) -> HiddenText:
        """Open the access token.

        Raises:
            StorageError: always the same, whatever is wrong with it.
        """
        return self._open(record.key, "access_token", record.sealed_access)

    def open_refresh(self, record: TokenRecord) -> HiddenText | None:
        if record.sealed_refresh is None:
            return None
        return self._open(record.key, "refresh_token", record.sealed_refresh)

    def reseal(self, record: TokenRecord) -> TokenRecord:
        """Return the record with both tokens under the newest key, and nothing else changed."""
        refresh = self.open_refresh(record)
        return replace(
            record,
            key_id=self.key_id,
            sealed_access=self.access(record.key, self.open_access(record)),
            sealed_refresh=None if refresh is None else self.refresh(record.key, refresh),
        )

    def _seal(self, key: TokenKey, field: str, token: str) -> bytes:
        return self._keyring.seal(token.encode(), bound_to=_binding(key, field))

    def _open(self, key: TokenKey, field: str, sealed: bytes) -> HiddenText:
        try:
            return HiddenText(self._keyring.open(sealed, bound_to=_binding(key, field)).decode())
        except (StorageError, UnicodeDecodeError):
            raise unreadable() from None

    def __repr__(self) -> str:
        return f"<TokenSealer with key {self.key_id}>"


def _binding(key: TokenKey, field: str) -> tuple[str, ...]:
    return (key.project, key.user_id, key.provider, field, _LAYOUT)
