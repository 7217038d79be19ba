"""Reading a message as the bytes it came in."""

from __future__ import annotations

from arcade_gmail_multiuser.errors import MessageTooLarge, Unavailable
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.charsets import decode_base64
from arcade_gmail_multiuser.gmail.compose.mime import MAX_MESSAGE_BYTES

__all__ = ["read_raw"]


async def read_raw(mailbox: GmailClient, id_: str, *, expected: int) -> bytes:
    """Return the whole message.

    Args:
        expected: its size as Gmail said it; one that could not be sent is not fetched at all.

    Raises:
        MessageTooLarge: it is larger than what may be sent.
    """
    if expected > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(
            "This message is larger than what Gmail sends. Forward a link to it instead."
        )
    resource = await mailbox.call("users.messages.get", id=id_, format="raw")
    raw, good = decode_base64(str(resource.get("raw") or ""))
    if not good or not raw:
        raise Unavailable("Gmail's copy of this message could not be read. Try again later.")
    return raw
