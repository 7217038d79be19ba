"""Type the dictionaries an application gets, so that a misspelt key fails in mypy.

They are final, so that `if "url" in answer` and `if answer["success"]` narrow a union.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, final

from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition

__all__ = [
    "Authenticated",
    "AuthorizationRequired",
    "Disconnected",
    "EmailRequestResult",
    "ErrorDetails",
    "RequestFailed",
    "RequestNeedsAuthorization",
    "RequestSucceeded",
    "UserTools",
]


@final
class Authenticated(TypedDict):
    """The user may use the tools asked for."""

    authenticated: Literal[True]


@final
class AuthorizationRequired(TypedDict):
    """The user has to grant access first, at `url`."""

    authorization_required: Literal[True]
    url: str
    message: str


@final
class Disconnected(TypedDict):
    """The user's connections are gone from the engine; `connections` says how many there were."""

    disconnected: Literal[True]
    connections: int


@final
class UserTools(TypedDict):
    """One user's tools, and the client to call them with."""

    tools: list[ToolDefinition]
    client: AsyncArcade
    user_id: str


@final
class ErrorDetails(TypedDict):
    """Why a request failed: what GmailMultiuserError carries, as plain data."""

    code: str
    message: str
    can_retry: bool
    retry_after_ms: NotRequired[int]
    kind: NotRequired[str]
    hint: NotRequired[str]
    closest: NotRequired[list[str]]


@final
class RequestSucceeded(TypedDict):
    """The tool ran; `data` is what it returned."""

    success: Literal[True]
    data: Any


@final
class RequestNeedsAuthorization(TypedDict):
    """The user has to grant access first, at `authUrl`. Nothing was done."""

    success: Literal[False]
    authRequired: Literal[True]
    authUrl: str


@final
class RequestFailed(TypedDict):
    """The request failed, or was refused before anything was sent."""

    success: Literal[False]
    error: ErrorDetails


EmailRequestResult: TypeAlias = RequestSucceeded | RequestNeedsAuthorization | RequestFailed
