"""The scopes that may be asked for, and what the consent page says of each."""

from __future__ import annotations

from arcade_gmail_multiuser.gmail.scopes import (
    GMAIL_COMPOSE,
    GMAIL_INSERT,
    GMAIL_LABELS,
    GMAIL_METADATA,
    GMAIL_MODIFY,
    GMAIL_READONLY,
    GMAIL_SEND,
    GMAIL_SETTINGS_BASIC,
    GMAIL_SETTINGS_SHARING,
    MAIL_GOOGLE,
    USERINFO_EMAIL,
    USERINFO_PROFILE,
)

OPENID = "openid"

SIGN_IN: dict[str, str] = {
    OPENID: "Associate you with your personal info on Google",
    USERINFO_EMAIL: "See your primary Google Account email address",
    USERINFO_PROFILE: "See your personal info, including any you have made publicly available",
}
"""Granted as a whole with the sign-in itself: the consent page has no box to untick for them."""

_ADDONS = "https://www.googleapis.com/auth/gmail.addons.current."

GMAIL: dict[str, str] = {
    MAIL_GOOGLE: ("Read, compose, send, and permanently delete all your email from Gmail"),
    GMAIL_READONLY: "View your email messages and settings",
    GMAIL_SEND: "Send email on your behalf",
    GMAIL_COMPOSE: "Manage drafts and send emails",
    GMAIL_MODIFY: "Read, compose, and send emails from your Gmail account",
    GMAIL_INSERT: "Add emails into your Gmail mailbox",
    GMAIL_LABELS: "See and edit your email labels",
    GMAIL_METADATA: (
        "View your email message metadata such as labels and headers, but not the email body"
    ),
    GMAIL_SETTINGS_BASIC: ("See, edit, create, or change your email settings and filters in Gmail"),
    GMAIL_SETTINGS_SHARING: (
        "Manage your sensitive mail settings, including who can manage your mail"
    ),
    _ADDONS + "action.compose": ("Manage drafts and send emails when you interact with the add-on"),
    _ADDONS + "message.action": ("View your email messages when you interact with the add-on"),
    _ADDONS + "message.metadata": ("View your email message metadata when the add-on is running"),
    _ADDONS + "message.readonly": ("View your email messages when the add-on is running"),
}

_ALIASES = {"email": USERINFO_EMAIL, "profile": USERINFO_PROFILE}

_SHORT = {scope.rpartition("/auth/")[2]: scope for scope in GMAIL if "/auth/" in scope}
"""Names such as gmail.readonly, which people write and Google's own consent does not take."""


def read_scopes(given: str) -> tuple[str, ...]:
    """Split a scope parameter as Google does: aliases resolved, order kept, none twice.

    Google adds `openid` by itself wherever a userinfo scope is asked for, and so does this. A
    client that insists on getting exactly the scopes it named breaks there, as it would at Google.
    """
    scopes = list(dict.fromkeys(_ALIASES.get(scope, scope) for scope in given.split()))
    if OPENID not in scopes and any(scope in SIGN_IN for scope in scopes):
        scopes.append(OPENID)
    return tuple(scopes)


def full_scope(given: str) -> str | None:
    """Give the scope that a name such as "gmail.readonly" stands for; None if it stands for none.

    A url is a scope whoever it belongs to: Google knows more than this sandbox does.
    """
    scope = _ALIASES.get(given) or _SHORT.get(given, given)
    is_url = scope.startswith("https://") and scope.isprintable() and " " not in scope
    return scope if is_url or scope == OPENID else None


def unknown_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(scope for scope in scopes if scope not in SIGN_IN and scope not in GMAIL)


def write_scopes(scopes: frozenset[str]) -> str:
    """Join granted scopes in one steady order."""
    return " ".join(sorted(scopes))
