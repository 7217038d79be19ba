"""Name the OAuth scopes that Gmail's methods and the user's profile ask for."""

from __future__ import annotations

__all__ = [
    "GMAIL_COMPOSE",
    "GMAIL_INSERT",
    "GMAIL_LABELS",
    "GMAIL_METADATA",
    "GMAIL_MODIFY",
    "GMAIL_READONLY",
    "GMAIL_SEND",
    "GMAIL_SETTINGS_BASIC",
    "GMAIL_SETTINGS_SHARING",
    "MAIL_GOOGLE",
    "USERINFO_EMAIL",
    "USERINFO_PROFILE",
]

GMAIL_READONLY = "https://www.googleapis.com/auth/gmail.readonly"
GMAIL_SEND = "https://www.googleapis.com/auth/gmail.send"
GMAIL_COMPOSE = "https://www.googleapis.com/auth/gmail.compose"
GMAIL_MODIFY = "https://www.googleapis.com/auth/gmail.modify"
GMAIL_LABELS = "https://www.googleapis.com/auth/gmail.labels"
GMAIL_SETTINGS_BASIC = "https://www.googleapis.com/auth/gmail.settings.basic"
GMAIL_SETTINGS_SHARING = "https://www.googleapis.com/auth/gmail.settings.sharing"
GMAIL_INSERT = "https://www.googleapis.com/auth/gmail.insert"

GMAIL_METADATA = "https://www.googleapis.com/auth/gmail.metadata"
"""Never ask for it beside another: while a token holds it, Gmail refuses `q` and full formats."""

MAIL_GOOGLE = "https://mail.google.com/"
"""Everything but the settings; the only one that deletes for good."""

USERINFO_EMAIL = "https://www.googleapis.com/auth/userinfo.email"
USERINFO_PROFILE = "https://www.googleapis.com/auth/userinfo.profile"
