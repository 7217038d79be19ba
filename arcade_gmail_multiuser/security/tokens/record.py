"""Define what is stored for one user's connection."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.security.masking import HiddenText

__all__ = [
    "DEFAULT_LIFETIME_S",
    "Status",
    "TokenKey",
    "TokenRecord",
    "UserToken",
    "first_generation",
    "join_scopes",
    "lifetime_of",
    "new_connection_id",
    "split_scopes",
]

Status = Literal["active", "reauthorize"]

DEFAULT_LIFETIME_S = 3500.0
"""A little less than the usual hour, for a provider that does not say."""

_MAX_LIFETIME_S = 86_400.0
_MAX_CHARS = {"project": 64, "user_id": 512, "provider": 64}
"""Together they always fit into one key of a PostgreSQL index."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenKey:
    """Whose connection it is: three fields, compared byte by byte and never joined.

    Raises:
        InvalidInput: a field is empty, too long (user_id 512 characters, the others 64), or text
            that not every store can keep.
    """

    project: str
    user_id: str
    provider: str

    def __post_init__(self) -> None:
        for name, limit in _MAX_CHARS.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not value or len(value) > limit:
                raise InvalidInput(f"{name} must be a text of 1 to {limit} characters.")
            # PostgreSQL has no NUL, and a lone surrogate cannot be encoded. Every lookup makes a
            # key, and nearly all are ASCII.
            if "\0" in value or (
                not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value)
            ):
                raise InvalidInput(f"{name} has characters that cannot be stored.")


@dataclass(frozen=True, slots=True, repr=False)
class TokenRecord:
    """One connection as it is stored: its tokens are sealed, the rest is plain.

    `generation` changes with every write of tokens, grant or status, and starts at random, so a
    writer that saw an erased connection never matches a later one. Resealing under another key
    changes only the sealed bytes.
    """

    key: TokenKey
    id: str
    generation: int
    status: Status
    client_id: str
    subject: str
    email: str
    scopes: frozenset[str]
    key_id: str
    """Which encryption key both tokens are sealed with."""
    sealed_access: bytes
    sealed_refresh: bytes | None
    issued_at: float
    expires_at: float
    created_at: float
    updated_at: float
    last_used_at: float | None = None

    @property
    def user_id(self) -> str:
        return self.key.user_id

    @property
    def provider(self) -> str:
        return self.key.provider

    @property
    def usable(self) -> bool:
        """False if the person has to connect again."""
        return self.status == "active"

    def covers(self, scopes: Collection[str]) -> bool:
        return self.usable and self.scopes.issuperset(scopes)

    def __repr__(self) -> str:
        return f"<TokenRecord {self.status} generation {self.generation}>"


@dataclass(frozen=True, slots=True, repr=False)
class UserToken:
    """An access token with the connection it was opened from."""

    access_token: HiddenText
    record: TokenRecord

    def __repr__(self) -> str:
        return f"<UserToken of {self.record!r}>"


def lifetime_of(value: Any) -> float:
    """Read `expires_in`: seconds as a number or text; anything unusable errs on the safe side.

    Missing or unreadable is a little less than the usual hour, negative is 0 (refresh before the
    next use), and nothing is valid for longer than a day.
    """
    try:
        seconds = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFETIME_S
    if not math.isfinite(seconds):
        return DEFAULT_LIFETIME_S
    return min(max(seconds, 0.0), _MAX_LIFETIME_S)


def first_generation() -> int:
    """Draw a connection's first generation; it stays below 2^53, exact in any language."""
    return 1 + secrets.randbelow(1 << 52)


def new_connection_id() -> str:
    return f"uc_{secrets.token_urlsafe(24)}"


def join_scopes(scopes: Iterable[str]) -> str:
    return " ".join(sorted(scopes))


def split_scopes(text: str) -> frozenset[str]:
    return frozenset(text.split())
