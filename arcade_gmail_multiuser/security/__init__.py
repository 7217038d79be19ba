"""Keys, tokens at rest, redaction: what keeps one person's mail one person's.

What an application imports is loaded when it is first asked for: a worker needs only the redaction,
and has neither YAML nor a database.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arcade_gmail_multiuser.security.audit import AuditLog
    from arcade_gmail_multiuser.security.audit_opening import open_audit
    from arcade_gmail_multiuser.security.config import SecurityConfig
    from arcade_gmail_multiuser.security.keys import new_key
    from arcade_gmail_multiuser.security.sealing import Keyring
    from arcade_gmail_multiuser.security.token_manager import SecureTokenManager
    from arcade_gmail_multiuser.security.token_opening import open_token_store
    from arcade_gmail_multiuser.security.token_provider import RefreshAnswer, TokenProvider
    from arcade_gmail_multiuser.security.token_record import TokenRecord, UserToken
    from arcade_gmail_multiuser.security.token_refresh import RefreshPolicy

__all__ = [
    "AuditLog",
    "Keyring",
    "RefreshAnswer",
    "RefreshPolicy",
    "SecureTokenManager",
    "SecurityConfig",
    "TokenProvider",
    "TokenRecord",
    "UserToken",
    "new_key",
    "open_audit",
    "open_token_store",
]

_HOMES = {
    "AuditLog": "arcade_gmail_multiuser.security.audit",
    "Keyring": "arcade_gmail_multiuser.security.sealing",
    "RefreshAnswer": "arcade_gmail_multiuser.security.token_provider",
    "RefreshPolicy": "arcade_gmail_multiuser.security.token_refresh",
    "SecureTokenManager": "arcade_gmail_multiuser.security.token_manager",
    "SecurityConfig": "arcade_gmail_multiuser.security.config",
    "TokenProvider": "arcade_gmail_multiuser.security.token_provider",
    "TokenRecord": "arcade_gmail_multiuser.security.token_record",
    "UserToken": "arcade_gmail_multiuser.security.token_record",
    "new_key": "arcade_gmail_multiuser.security.keys",
    "open_audit": "arcade_gmail_multiuser.security.audit_opening",
    "open_token_store": "arcade_gmail_multiuser.security.token_opening",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
