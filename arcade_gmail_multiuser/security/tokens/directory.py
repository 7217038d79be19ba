"""Look through a project's connections, wherever the token store keeps them."""

from __future__ import annotations

from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.security.tokens.store import TokenStore

__all__ = ["TokenDirectory"]


class TokenDirectory:
    """Find and list the connections of one project. Another project's are not there."""

    def __init__(self, store: TokenStore, *, project: str) -> None:
        self._store = store
        self._project = project

    async def by_id(self, connection_id: str) -> TokenRecord | None:
        """Find a connection by the id it has outside."""
        return await self._store.find(self._project, connection_id)

    async def page(
        self, *, limit: int, offset: int, user_id: str | None = None, provider: str | None = None
    ) -> tuple[list[TokenRecord], int]:
        """Give one page, oldest first, and how many there are in all."""
        return await self._store.page(
            self._project, limit=limit, offset=offset, user_id=user_id, provider=provider
        )

    async def users_of_account(self, provider: str, subject: str) -> int:
        """Count the users of the project who are connected to an account.

        Google revokes an account's whole grant with any of its tokens, so while there are any
        nothing may be revoked.
        """
        return await self._store.users_of_account(self._project, provider, subject)
