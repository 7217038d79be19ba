"""Read whose mailbox this is: Gmail's profile and Google's user information."""

from __future__ import annotations

from typing import Any

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.api.client import GmailClient, together, unless_unavailable

__all__ = ["account"]


async def account(
    gmail: GmailClient,
) -> tuple[dict[str, Any], dict[str, Any] | GmailMultiuserError]:
    """Return the Gmail profile and the Google user information, or why the latter is missing.

    A refused token or scope is raised, because the person can mend that; an outage is not.
    """
    profile, person = await together(
        gmail.call("users.getProfile"), unless_unavailable(gmail.userinfo())
    )
    return profile, person
