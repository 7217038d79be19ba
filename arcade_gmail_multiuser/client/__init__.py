"""What an application imports: authorization and tools for each user, and web routes."""

from __future__ import annotations

from arcade_gmail_multiuser.lazy_imports import lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_gmail_multiuser.client.agent import MultiUserGmailAgent
    from arcade_gmail_multiuser.client.cache import (
        CacheStats,
        UserContextCache,
        WarmUp,
    )
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
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MultiUserGmailAgent": "agent",
            "CacheStats": "cache",
            "UserContextCache": "cache",
            "WarmUp": "cache",
            "MultiUserGmailManager": "manager",
            "Authenticated": "shapes",
            "AuthorizationRequired": "shapes",
            "Disconnected": "shapes",
            "EmailRequestResult": "shapes",
            "ErrorDetails": "shapes",
            "RequestFailed": "shapes",
            "RequestNeedsAuthorization": "shapes",
            "RequestSucceeded": "shapes",
            "UserTools": "shapes",
            "verifier_routes": "verifier",
        },
    )

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
