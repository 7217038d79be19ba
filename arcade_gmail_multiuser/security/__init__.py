"""Keys, tokens at rest, redaction: what keeps one person's mail one person's.

What an application imports is loaded when it is first asked for: a worker needs only the redaction,
and has neither YAML nor a database.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arcade_gmail_multiuser.security.audit.log import AuditLog, open_audit
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig
    from arcade_gmail_multiuser.security.keys import new_key
    from arcade_gmail_multiuser.security.sealing import Keyring
    from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
    from arcade_gmail_multiuser.security.tokens.provider import RefreshAnswer, TokenProvider
    from arcade_gmail_multiuser.security.tokens.record import TokenRecord, UserToken
    from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy
    from arcade_gmail_multiuser.security.tokens.store import open_token_store

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
    "AuditLog": "arcade_gmail_multiuser.security.audit.log",
    "Keyring": "arcade_gmail_multiuser.security.sealing",
    "RefreshAnswer": "arcade_gmail_multiuser.security.tokens.provider",
    "RefreshPolicy": "arcade_gmail_multiuser.security.tokens.refresh",
    "SecureTokenManager": "arcade_gmail_multiuser.security.tokens.manager",
    "SecurityConfig": "arcade_gmail_multiuser.security.config.security_config",
    "TokenProvider": "arcade_gmail_multiuser.security.tokens.provider",
    "TokenRecord": "arcade_gmail_multiuser.security.tokens.record",
    "UserToken": "arcade_gmail_multiuser.security.tokens.record",
    "new_key": "arcade_gmail_multiuser.security.keys",
    "open_audit": "arcade_gmail_multiuser.security.audit.log",
    "open_token_store": "arcade_gmail_multiuser.security.tokens.store",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
