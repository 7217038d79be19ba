"""List the scopes that may be asked for and what the consent page says of each."""

from __future__ import annotations

from arcade_gmail_local.sandbox.discovery import load_document

OPENID = "openid"
USERINFO_EMAIL = "https://www.googleapis.com/auth/userinfo.email"
USERINFO_PROFILE = "https://www.googleapis.com/auth/userinfo.profile"

SIGN_IN: dict[str, str] = {
    OPENID: "Associate you with your personal info on Google",
    USERINFO_EMAIL: "See your primary Google Account email address",
    USERINFO_PROFILE: "See your personal info, including any you have made publicly available",
}
"""Granted as a whole with the sign-in itself: the consent page has no box to untick for them."""

GMAIL: dict[str, str] = {
    scope: about["description"]
    for scope, about in load_document()["auth"]["oauth2"]["scopes"].items()
}

_ALIASES = {"email": USERINFO_EMAIL, "profile": USERINFO_PROFILE}

_SHORT = {scope.rpartition("/auth/")[2]: scope for scope in GMAIL if "/auth/" in scope}
"""Names such as gmail.readonly, which people write and Google's own consent does not take."""


def read_scopes(given: str) -> tuple[str, ...]:
    """Split a scope parameter as Google does: aliases resolved, order kept, duplicates dropped.

    Google adds `openid` wherever a userinfo scope is asked for, and so does this. A client that
    insists on getting exactly the scopes it named fails here, as it would at Google.
    """
    scopes = list(dict.fromkeys(_ALIASES.get(scope, scope) for scope in given.split()))
    if OPENID not in scopes and any(scope in SIGN_IN for scope in scopes):
        scopes.append(OPENID)
    return tuple(scopes)


def full_scope(given: str) -> str | None:
    """Return the scope that a name such as "gmail.readonly" stands for, or None.

    Any url counts as a scope: Google has more of them than this sandbox knows.
    """
    scope = _ALIASES.get(given) or _SHORT.get(given, given)
    is_url = scope.startswith("https://") and scope.isprintable() and " " not in scope
    return scope if is_url or scope == OPENID else None


def unknown_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(scope for scope in scopes if scope not in SIGN_IN and scope not in GMAIL)


def write_scopes(scopes: frozenset[str]) -> str:
    """Join granted scopes in a stable order."""
    return " ".join(sorted(scopes))
