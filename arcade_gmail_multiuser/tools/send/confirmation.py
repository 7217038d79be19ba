"""Require that a person has seen a message before it is sent, where the operator wants that.

Under GMAIL_MULTIUSER_REQUIRE_CONFIRMATION=1 a message is sent only with a token over exactly its
content. "Once" has to hold across replicas that share nothing, so it rests on Gmail: a draft is
consumed by being sent. Tools that cannot go through a draft (they lack gmail.compose) refuse then
and name one that can.

The settings are read at each call:

- GMAIL_MULTIUSER_REQUIRE_CONFIRMATION: 1 or 0; anything else is an error, never "off".
- GMAIL_MULTIUSER_CONFIRMATION_KEY: at least 32 bytes, the same for all replicas. Default: derived
  from ARCADE_WORKER_SECRET.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.errors import ConfigurationError, ConfirmationRequired, WrongUser
from arcade_gmail_multiuser.gmail.compose.mime import Composed
from arcade_gmail_multiuser.tools.checks import REQUIRE, confirmation_required
from arcade_gmail_multiuser.tools.send.confirmation_token import (
    MAX_CLOCK_DIFFERENCE_S,
    Signer,
    derived_key,
    made_at,
)
from arcade_gmail_multiuser.tools.send.inputs import Outgoing
from arcade_gmail_multiuser.tools.send.types import Preview

__all__ = [
    "Confirmed",
    "check_settings",
    "content_of_draft",
    "content_of_message",
    "offer",
    "offer_message",
    "require",
    "require_message",
]

KEY = "GMAIL_MULTIUSER_CONFIRMATION_KEY"
SECRET = "ARCADE_WORKER_SECRET"
MIN_KEY_BYTES = 32

now = time.time
"""The clock; tests replace it."""


@dataclass(frozen=True, slots=True, repr=False)
class Confirmed:
    """A checked confirmation: `key` names its one send, which was not before `since`."""

    key: str
    since: int


def check_settings() -> None:
    """Refuse settings that would only fail later, when a tool is to send.

    Raises:
        ConfigurationError: one is wrong; the error names it, without its value.
    """
    required = confirmation_required()
    if _signer() is None and required:
        raise ConfigurationError(
            f"{REQUIRE} needs a key: set {KEY} to a random value of at least {MIN_KEY_BYTES} bytes."
        )


async def content_of_message(composed: Composed) -> bytes:
    """Digest a composed message: the same message is always composed to the same bytes."""
    return await asyncio.to_thread(_digest, b"message", composed.mime)


def content_of_draft(draft_id: str, message_id: str) -> bytes:
    """Digest a stored draft: Gmail gives the message in it a new id whenever it is changed."""
    return _digest(b"draft", json.dumps([draft_id, message_id]).encode())


def offer(context: ToolContext, content: bytes, preview: Preview, *, needed: bool = False) -> None:
    """Put a confirmation token for this content into a preview, where a key is configured.

    Raises:
        ConfigurationError: there is no key, but one is needed.
        WrongUser: the call does not say who makes it.
    """
    signer = _signer()
    if signer is None:
        if needed or confirmation_required():
            raise _no_key()
        return
    if not (context.user_id or needed or confirmation_required()):
        return
    token, expires = signer.sign(user=_user(context), content=content, now=now())
    preview["confirmation_token"] = token
    preview["confirmation_expires_at"] = datetime.fromtimestamp(expires, UTC).isoformat()


async def offer_message(
    context: ToolContext, composed: Composed, preview: Preview, *, needed: bool = False
) -> None:
    """Put a confirmation token for a composed message into its preview; as `offer`."""
    offer(context, await content_of_message(composed), preview, needed=needed)


def require(context: ToolContext, token: str | None, content: bytes) -> Confirmed | None:
    """Check a confirmation; return the key under which its message must be sent at most once.

    None means that nothing was confirmed and nothing had to be. A given token is always checked.

    Raises:
        ConfirmationRequired: it is missing though required, or not for this person, this content
            and this time.
        ConfigurationError: there is no key to check it with.
        WrongUser: the call does not say who makes it.
    """
    required = confirmation_required()
    if token is None or not token.strip():
        if required:
            raise ConfirmationRequired(
                "The operator lets nothing be sent unconfirmed. Call with dry_run (or use "
                "PrepareEmail for a new message), show the user the preview, then repeat the call "
                "with its confirmation_token."
            )
        return None
    signer = _signer()
    if signer is None:
        raise _no_key()
    key = signer.check(token, user=_user(context), content=content, now=now())
    # Google's clock and this one differ; looking back a little further costs nothing.
    return Confirmed(key, made_at(token) - 2 * MAX_CLOCK_DIFFERENCE_S)


async def require_message(
    context: ToolContext, token: str | None, outgoing: Outgoing
) -> Confirmed | None:
    """Check a confirmation of this message; as `require`."""
    if not confirmation_required() and not (token and token.strip()):
        return None
    return require(context, token, await content_of_message(await outgoing.compose()))


def _digest(kind: bytes, content: bytes) -> bytes:
    digest = hashlib.sha256(kind + b"\0")
    digest.update(content)
    return digest.digest()


def _signer() -> Signer | None:
    for name in (KEY, SECRET):
        secret = os.environ.get(name, "").encode()
        if not secret:
            continue
        if len(secret) < MIN_KEY_BYTES:
            if name == SECRET:  # the worker itself refuses it, except for development
                return None
            raise ConfigurationError(f"{name} has fewer than {MIN_KEY_BYTES} bytes.")
        return Signer(derived_key(name.encode() + b"\0" + secret))
    return None


def _no_key() -> ConfigurationError:
    return ConfigurationError(
        "Messages cannot be confirmed here: the operator has to set a key.",
        developer_message=f"set {KEY} (at least {MIN_KEY_BYTES} bytes), the same for all replicas",
    )


def _user(context: ToolContext) -> str:
    if not context.user_id:
        raise WrongUser("This call does not say whom it is made for, so it cannot be confirmed.")
    return context.user_id
