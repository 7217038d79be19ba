"""Read from a call's context who makes it, and open this person's Gmail."""

from __future__ import annotations

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.errors import MissingToken, TokenWithheld, WrongUser
from arcade_gmail_multiuser.gmail.api.client import GmailClient

__all__ = ["CALL_DEADLINE_S", "caller_of", "gmail_client"]

CALL_DEADLINE_S = 50.0
"""Shorter than the 60 s after which arcadepy gives up, so that the caller sees our error."""


def gmail_client(context: ToolContext) -> GmailClient:
    """Open the caller's Gmail for this one call.

    Raises:
        MissingToken: the call came without a token; nothing is asked of Google.
        TokenWithheld: the call came without a token although this person is connected.
    """
    authorization = context.authorization
    token = (authorization.token if authorization else None) or ""
    if not token.strip():
        # An engine names the connected account even where it keeps the token to itself.
        if authorization is not None and authorization.user_info:
            raise TokenWithheld(
                "This person has connected Gmail, but the API key of this server is not allowed "
                "to read tokens. Asking the person again will not help: tell the operator.",
                developer_message=(
                    "Name the API key in the engine's token_readers (--token-reader NAME) with "
                    "token_exposure `granted`, or call the tool through the engine instead."
                ),
            )
        raise MissingToken(
            "This person has not connected Gmail yet. Ask for authorization, then call again."
        )
    return GmailClient(token, context.user_id or "", deadline_s=CALL_DEADLINE_S)


def caller_of(context: ToolContext, claimed: str) -> str:
    """Return the caller's user id if `claimed` is exactly that, compared as it is written.

    Raises:
        WrongUser: another user is named, or the call does not say who makes it.
    """
    if not context.user_id or claimed != context.user_id:
        raise WrongUser(
            "user_id must be the user this call is made for; nobody can send as someone else. "
            "Use the caller's own user id."
        )
    return context.user_id
