"""Who a call is for: the user's id, explicit and exactly as the application gave it."""

from __future__ import annotations

from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["check_user_id"]

LONGEST = 512


def check_user_id(value: object) -> str:
    """Give the id unchanged: no trimming, no case folding, no default.

    Raises:
        InvalidInput: it is missing or blank (nobody is "anonymous"), longer than 512 characters,
            or has characters that no engine can keep.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(
            "A user_id is required: the id of the signed-in user of your application."
        )
    if len(value) > LONGEST or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidInput(f"A user_id is a text of at most {LONGEST} ordinary characters.")
    return value
