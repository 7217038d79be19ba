"""Type what SecureTokenManager.get_user_context returns, so that a misspelt key fails in mypy."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict, final

__all__ = ["HasToken", "NeedsRefresh", "NotAuthenticated", "UserContext"]


@final
class NotAuthenticated(TypedDict):
    """The user has to connect, or to grant more."""

    authenticated: Literal[False]


@final
class NeedsRefresh(TypedDict):
    """The token is too old to use, and can be refreshed."""

    needs_refresh: Literal[True]


@final
class HasToken(TypedDict):
    """The user is connected; the token's repr is a mask."""

    authenticated: Literal[True]
    token: str


UserContext: TypeAlias = NotAuthenticated | NeedsRefresh | HasToken
