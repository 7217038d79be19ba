"""What the pages say when something came to an end: what happened, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["REASONS", "PageText", "text_of"]


@dataclass(frozen=True, slots=True)
class PageText:
    title: str
    happened: str
    then: str


_AGAIN = "Go back to the application and connect once more."
_CLOSE = "You can close this page."

_TEXTS = {
    # Good ends
    "connected": PageText(
        "Gmail is connected",
        "The application can now work with the mail that you allowed it to.",
        f"{_CLOSE} You can disconnect at any time.",
    ),
    "partial_consent": PageText(
        "Gmail is connected in part",
        "You did not allow everything that was asked for, so only some things will work.",
        f"{_CLOSE} The application asks again when it needs the rest.",
    ),
    # The person said no
    "access_denied": PageText(
        "Nothing was connected",
        "You declined on Google's page. The application has no access to your mail.",
        f"{_CLOSE} If that was a mistake, go back to the application and connect once more.",
    ),
    "cancelled": PageText(
        "Nothing was connected",
        "You cancelled. The application has no access to your mail.",
        f"{_CLOSE} If that was a mistake, go back to the application and connect once more.",
    ),
    # The link, the browser, the time
    "link_unknown": PageText(
        "This link does not work",
        "There is nothing at this address. Part of it may be missing.",
        _AGAIN,
    ),
    "link_used": PageText(
        "This link was used already",
        "Somebody has followed it and agreed. Each link works once.",
        "If that was you, finish in the tab where you agreed. "
        "Otherwise go back to the application and connect once more.",
    ),
    "opened_too_often": PageText(
        "This link was opened too often",
        "It rests for ten minutes, so that nobody can wear it out.",
        "Wait ten minutes, or go back to the application and ask for a new link.",
    ),
    "guessed_too_often": PageText(
        "Too many links that do not exist",
        "From where you are, too many links were opened that lead nowhere.",
        "Wait a quarter of an hour, or use the link that the application gave you.",
    ),
    "expired": PageText(
        "This took too long",
        "For your safety a connection has to be finished in time. Nothing was connected.",
        _AGAIN,
    ),
    "other_browser": PageText(
        "Please use one browser from start to end",
        "This is not the browser in which the link was opened, or more than ten minutes have "
        "passed since. Nothing was connected here.",
        "Open the application's link once more, here, and stay in this browser.",
    ),
    "answer_used": PageText(
        "This page was open before",
        "Google's answer counts once and has been taken. Nothing was done again.",
        "If you did not see the end, go back to the application and connect once more.",
    ),
    "answer_unusable": PageText(
        "Google's answer cannot be used",
        "The address of this page is incomplete or was changed. Nothing was connected.",
        _AGAIN,
    ),
    "address_unusable": PageText(
        "This address cannot be used",
        "It is incomplete or was changed on its way. Nothing was done.",
        _AGAIN,
    ),
    "flow_not_found": PageText(
        "This link does not work",
        "The connection that it belongs to is not there any more.",
        _AGAIN,
    ),
    "not_ready": PageText(
        "Google has not answered yet",
        "Agree on Google's page first. Nothing was connected so far.",
        "Go back to the application and open its link once more.",
    ),
    "in_progress": PageText(
        "Just a moment",
        "The connection is being finished right now.",
        "Reload this page in a moment.",
    ),
    # What Google or the engine did
    "provider_refused": PageText(
        "Google did not allow this",
        "Google refused the connection. Nothing was connected.",
        "Go back to the application and connect once more. If it happens again, tell whoever runs "
        "the application.",
    ),
    "provider_unavailable": PageText(
        "Google cannot be reached right now",
        "The connection could not be finished. Nothing was connected.",
        "Wait a moment, then go back to the application and connect once more.",
    ),
    "engine_unavailable": PageText(
        "This does not work right now",
        "Something that is needed for it does not answer. Nothing was done.",
        "Wait a moment, then try again. If it goes on, tell whoever runs the application.",
    ),
    "storage_unavailable": PageText(
        "The connection could not be stored",
        "Google agreed, but the permission could not be kept. Nothing was connected.",
        "Wait a moment, then go back to the application and connect once more.",
    ),
    "misconfigured": PageText(
        "The application is not set up correctly",
        "Google does not recognise the application. Nothing was connected, and it is not your "
        "fault.",
        "Tell whoever runs the application.",
    ),
    "issuer_mismatch": PageText(
        "This answer did not come from Google",
        "Somebody else's answer was sent to this page, so the connection was stopped. Nothing was "
        "connected.",
        _AGAIN,
    ),
    # Who is who
    "account_mismatch": PageText(
        "Another Google account is connected",
        "You are connected with one Google account and have just chosen another. Nothing has "
        "changed: the first one is still connected.",
        "Connect once more and choose the first account, or disconnect it before you connect this "
        "one.",
    ),
    "user_mismatch": PageText(
        "This connection was started by somebody else",
        "Whoever started it is not the one who is signed in, so it was stopped. Nothing was "
        "connected.",
        "Sign in to the application as yourself and connect once more.",
    ),
    # Forms
    "form_unusable": PageText(
        "This form is out of date",
        "It does not belong to this browser any more. Nothing was done.",
        "Go back, reload the page and try once more.",
    ),
    "form_from_elsewhere": PageText(
        "This was not sent from our page",
        "Another site tried to answer for you. Nothing was done.",
        _AGAIN,
    ),
    # The page of connections
    "visit_over": PageText(
        "Please open this page anew",
        "To keep others out it locks itself after 15 minutes, and its link works once and for "
        "five minutes.",
        "Go back to the application and open your connections from there.",
    ),
    "visit_closed": PageText(
        "This page is locked",
        "Nobody can see your connections in this browser now. They go on working.",
        "To see them again, open them from the application.",
    ),
}
REASONS = frozenset(_TEXTS)
"""Every reason that has words of its own."""

_ENDED = PageText(
    "This could not be finished", "The connection ended early. Nothing was connected.", _AGAIN
)


def text_of(reason: str | None) -> PageText:
    """Give what to say for a reason; one without words of its own has a general text."""
    return _TEXTS.get(reason or "", _ENDED)
