"""What an application imports: authorization and tools for each user, and web routes."""

from __future__ import annotations

from arcade_gmail_multiuser.client.agent import MultiUserGmailAgent
from arcade_gmail_multiuser.client.cache import CacheStats, UserContextCache, WarmUp
from arcade_gmail_multiuser.client.manager import MultiUserGmailManager
from arcade_gmail_multiuser.client.shapes import (
    Authenticated,
    AuthorizationRequired,
    Disconnected,
    EmailRequestResult,
    ErrorDetails,
    RequestFailed,
    RequestNeedsAuthorization,
    RequestSucceeded,
    UserTools,
)
from arcade_gmail_multiuser.client.verifier import verifier_routes

__all__ = [
    "Authenticated",
    "AuthorizationRequired",
    "CacheStats",
    "Disconnected",
    "EmailRequestResult",
    "ErrorDetails",
    "MultiUserGmailAgent",
    "MultiUserGmailManager",
    "RequestFailed",
    "RequestNeedsAuthorization",
    "RequestSucceeded",
    "UserContextCache",
    "UserTools",
    "WarmUp",
    "verifier_routes",
]
