"""What the token manager asks of the provider that issues tokens."""

from __future__ import annotations

from typing import Protocol

from arcade_gmail_multiuser.security.masking import HiddenText

__all__ = ["RefreshAnswer", "TokenProvider"]


class RefreshAnswer(Protocol):
    """What a refresh gave."""

    @property
    def access_token(self) -> str: ...

    @property
    def refresh_token(self) -> str | None:
        """A new one, or None where the old one goes on."""
        ...

    @property
    def lifetime_s(self) -> float:
        """How long the access token works, as `lifetime_of` reads it."""
        ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the token may do; None where the provider did not say."""
        ...


class TokenProvider(Protocol):
    """Refresh tokens as one OAuth client."""

    @property
    def client_id(self) -> str:
        """Refresh tokens work for the client that got them, and for no other."""
        ...

    async def refresh(self, refresh_token: HiddenText) -> RefreshAnswer:
        """Get a new access token, or raise.

        Raises:
            TokenRejected: invalid_grant; the person has to connect again.
            ConfigurationError: it is our client that was refused; the grant may be fine.
            Unavailable, RateLimited, RequestRefused, ConnectionFailed, DeadlineExceeded:
                nothing is known of the grant.
        """
        ...
