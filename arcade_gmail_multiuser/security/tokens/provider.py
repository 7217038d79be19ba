"""Define what the token manager needs from the provider that issues tokens."""

from __future__ import annotations

from typing import Protocol

from arcade_gmail_multiuser.security.masking import HiddenText

__all__ = ["RefreshAnswer", "TokenProvider"]


class RefreshAnswer(Protocol):
    """The result of a refresh."""

    @property
    def access_token(self) -> str: ...

    @property
    def refresh_token(self) -> str | None:
        """A new one, or None if the old one stays valid."""
        ...

    @property
    def lifetime_s(self) -> float:
        """How long the access token works, as `lifetime_of` reads it."""
        ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the token may do; None if the provider did not say."""
        ...


class TokenProvider(Protocol):
    """Refresh tokens as one OAuth client."""

    @property
    def client_id(self) -> str:
        """Refresh tokens work only for the client that got them."""
        ...

    async def refresh(self, refresh_token: HiddenText) -> RefreshAnswer:
        """Get a new access token, or raise.

        Raises:
            TokenRejected: invalid_grant; the person has to connect again.
            ConfigurationError: our client was refused; the grant may be fine.
            Unavailable, RateLimited, RequestRefused, ConnectionFailed, DeadlineExceeded:
                the state of the grant is unknown.
        """
        ...
