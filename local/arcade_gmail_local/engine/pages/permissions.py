"""What each Google permission lets an application do, in words for the person who grants it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["in_words"]

_GMAIL = "https://www.googleapis.com/auth/gmail."
_PROFILE = "https://www.googleapis.com/auth/userinfo."
_ACCOUNT = "Know which Google account this is, and its email address"

# In the order in which a person should read them: what weighs most comes first.
_WORDS = {
    "https://mail.google.com/": "Do everything with your mail, even delete it for good",
    f"{_GMAIL}modify": (
        "Read, write and send your mail, and organise it: labels, archive and trash"
    ),
    f"{_GMAIL}readonly": "Read your mail and your Gmail settings",
    f"{_GMAIL}metadata": "See who wrote, when and about what, but not what the mail says",
    f"{_GMAIL}send": "Send mail in your name",
    f"{_GMAIL}compose": "Write drafts, and send mail in your name",
    f"{_GMAIL}insert": "Put mail into your mailbox",
    f"{_GMAIL}labels": "See your labels, and make, rename or delete them",
    f"{_GMAIL}settings.basic": "See and change your Gmail settings and filters",
    f"{_GMAIL}settings.sharing": (
        "Change sensitive settings: where mail is forwarded to, and who else may manage it"
    ),
    "openid": _ACCOUNT,
    f"{_PROFILE}email": _ACCOUNT,
    f"{_PROFILE}profile": "See your name and your picture",
}


def in_words(scopes: Iterable[str]) -> tuple[str, ...]:
    """Say what scopes permit, weightiest first and nothing twice.

    One that is not known here is named as it is: hiding it would be worse than an odd word.
    """
    asked = dict.fromkeys(scopes)
    known = [text for scope, text in _WORDS.items() if scope in asked]
    unknown = [f"Another permission of Google: {scope}" for scope in asked if scope not in _WORDS]
    return tuple(dict.fromkeys((*known, *unknown)))
