"""Look up the addresses a person sends from, and the signature that goes with one.

Gmail sends mail from an address that is not the person's own as if from the main one, without a
word. So an address that is asked for is looked up first.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from arcade_gmail_multiuser.errors import GmailMultiuserError, InvalidAddress, InvalidInput
from arcade_gmail_multiuser.gmail.addresses import (
    Address,
    mailbox_key,
    parse_addresses,
    read_addresses,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient, together, unless_unavailable
from arcade_gmail_multiuser.gmail.compose.mime import OutgoingMessage, resolve_content_type
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text

__all__ = ["Sender", "own_addresses", "sender_of", "signed"]

MAX_SIGNATURE = 20_000
"""Gmail keeps 10,000 characters; their HTML may be a little longer."""

_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Sender:
    """An address that the person may send from. `address` is None for the main one: Gmail's own
    From is the best, as it has the name of the account."""

    address: Address | None = None
    reply_to: tuple[Address, ...] = ()
    signature: str = ""

    def put_on(self, message: OutgoingMessage) -> OutgoingMessage:
        """Return the message with From and Reply-To of this sender."""
        if self.address is None:
            return message
        return replace(message, from_=self.address, reply_to=self.reply_to)


async def sender_of(gmail: GmailClient, from_address: str | None, *, sign: bool) -> Sender:
    """Look up who a message shall be from; asks Google only if an address or signature is wanted.

    Raises:
        InvalidAddress: it is no single address.
        InvalidInput: the person cannot send from it.
    """
    wanted = _address(from_address)
    if wanted is None and not sign:
        return Sender()
    answer = await gmail.call("users.settings.sendAs.list")
    found = _chosen(answer.get("sendAs") or (), wanted)
    signature = str(found.get("signature") or "")[:MAX_SIGNATURE] if sign else ""
    if wanted is None or found.get("isPrimary"):
        return Sender(signature=signature)
    name = str(found.get("displayName") or "")
    reply_to = tuple(read_addresses(str(found.get("replyToAddress") or "")))
    return Sender(Address(name, str(found["sendAsEmail"])), reply_to, signature)


def signed(
    body: str, content_type: Literal["plain", "html", "auto"], sender: Sender
) -> tuple[str, Literal["plain", "html", "auto"]]:
    """Put the signature below a body, in the body's own kind; settles "auto" where it does."""
    if not sender.signature:
        return body, content_type
    kind = resolve_content_type(body, content_type)
    if kind == "plain":
        text = html_to_text(sender.signature).text
        return (f"{body.rstrip()}\n\n-- \n{text}\n" if text else body), kind
    end = _END.search(body)
    at = end.start() if end else len(body)
    block = f'<br><div class="gmail_signature">-- <br>{sender.signature}</div>'
    return f"{body[:at]}{block}{body[at:]}", kind


def _address(given: str | None) -> Address | None:
    if given is None or not given.strip():
        return None
    found = parse_addresses(given)
    if len(found) != 1:
        raise InvalidAddress("from_address has to be one address.")
    return found[0]


def _chosen(aliases: Sequence[Mapping[str, Any]], wanted: Address | None) -> Mapping[str, Any]:
    if wanted is None:
        # What the tools send without a From goes out from the main address, default or not.
        return next((alias for alias in aliases if alias.get("isPrimary")), {})
    key = mailbox_key(wanted.email)
    for alias in aliases:
        if mailbox_key(str(alias.get("sendAsEmail") or "")) != key:
            continue
        if alias.get("isPrimary") or alias.get("verificationStatus") == "accepted":
            return alias
        raise InvalidInput(
            "from_address is not verified yet: the user has to confirm it in Gmail's settings "
            "before anything can be sent from it."
        )
    raise InvalidInput(
        "from_address is none of the addresses that the user can send from. ListSendAsAliases "
        "lists them."
    )


MAX_SEND_AS_S = 5.0
"""A reply does not wait longer than this for a list it can do without."""


async def own_addresses(gmail: GmailClient) -> frozenset[str]:
    """Return every address that is the user's own, as far as they can be known."""
    profile, aliases = await together(gmail.call("users.getProfile"), _alias_emails(gmail))
    return _mine(profile, aliases)


def _mine(profile: Mapping[str, Any], aliases: Sequence[str]) -> frozenset[str]:
    return frozenset({str(profile.get("emailAddress", "")), *aliases} - {""})


async def _alias_emails(gmail: GmailClient) -> list[str]:
    try:
        async with asyncio.timeout(MAX_SEND_AS_S):
            answer = await unless_unavailable(gmail.call("users.settings.sendAs.list"))
    except TimeoutError:
        return []
    if isinstance(answer, GmailMultiuserError):
        return []
    return [str(entry.get("sendAsEmail", "")) for entry in answer.get("sendAs") or ()]
