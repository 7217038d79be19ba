"""Protect people's tokens: encryption keys, token stores, audit log, rate limits, redaction.

Public names load when they are first used: a worker needs only the redaction, and has neither YAML
nor a database.
"""

from __future__ import annotations

from arcade_gmail_multiuser.lazy_imports import lazy_exports

TYPE_CHECKING = False  # what type checkers take for true; importing typing takes 5 ms
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
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AuditLog": "audit.log",
            "Keyring": "sealing",
            "RefreshAnswer": "tokens.provider",
            "RefreshPolicy": "tokens.refresh",
            "SecureTokenManager": "tokens.manager",
            "SecurityConfig": "config.security_config",
            "TokenProvider": "tokens.provider",
            "TokenRecord": "tokens.record",
            "UserToken": "tokens.record",
            "new_key": "keys",
            "open_audit": "audit.log",
            "open_token_store": "tokens.store",
        },
    )

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
