"""Read how a mail says its list can be left (RFC 2369, RFC 8058), and whether to believe it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from arcade_gmail_multiuser.errors import InvalidAddress
from arcade_gmail_multiuser.gmail.addresses import Address, parse_addresses, read_addresses
from arcade_gmail_multiuser.gmail.characters import decode_words

__all__ = ["HEADERS", "LeaveMail", "MailingList", "read_list"]

HEADERS = (
    "From",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Authentication-Results",
    "DKIM-Signature",
)
MAX_HEADER = 8_000
MAX_SUBJECT, MAX_BODY = 200, 2_000
MAX_WAYS = 5

_LIST_HEADERS = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
_WAY = re.compile(r"<([^<>]{1,2000})>")
_LIST_ID = re.compile(r"<([A-Za-z0-9._-]{1,255})>")
_COMMENT = re.compile(r"\([^()]*\)")
_PASSED = re.compile(r"\bdkim\s*=\s*pass\b([^;]*)", re.IGNORECASE)
_SIGNER = re.compile(r"\bheader\.(?:i|d)\s*=\s*\"?[^\s;@\"]*@?([A-Za-z0-9.-]+)", re.IGNORECASE)
_OWN_SERVER = re.compile(r"\s*(?:i\s*=\s*\d+\s*;\s*)?mx\.google\.com\s*;", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, repr=False)
class LeaveMail:
    """The mail that leaves the list."""

    to: Address
    subject: str
    body: str


@dataclass(frozen=True, slots=True, repr=False)
class MailingList:
    """Who sends it, and the ways to leave. `one_click` is believed only with a DKIM signature."""

    sender: str
    list_id: str
    one_click: tuple[str, ...] = ()
    mail: LeaveMail | None = None
    pages: tuple[str, ...] = ()
    """Web pages, for a person to open and no program."""
    signed: bool = False


def read_list(resource: Mapping[str, Any]) -> MailingList:
    """Read it from a Message resource that has `HEADERS`. Never raises."""
    headers = [
        (str(h.get("name", "")).lower(), str(h.get("value", ""))[:MAX_HEADER])
        for h in (resource.get("payload") or {}).get("headers") or ()
    ]
    senders = read_addresses(_first(headers, "from"))
    list_id = _LIST_ID.search(_first(headers, "list-id"))
    ways = _ways(_first(headers, "list-unsubscribe"))
    web = tuple(way for way in ways if way.lower().startswith(("https://", "http://")))
    signed = _is_signed(headers)
    return MailingList(
        sender=senders[0].email if senders else "",
        list_id=list_id.group(1) if list_id else "",
        one_click=_one_click(headers, web) if signed else (),
        mail=next((mail for way in ways if (mail := _leave_mail(way))), None),
        pages=web,
        signed=signed,
    )


def _one_click(headers: Iterable[tuple[str, str]], web: Iterable[str]) -> tuple[str, ...]:
    post = _first(headers, "list-unsubscribe-post").replace(" ", "").lower()
    if post != "list-unsubscribe=one-click":
        return ()
    return tuple(way for way in web if way.lower().startswith("https://"))


def _ways(header: str) -> list[str]:
    ways = [_CONTROL.sub("", way) for way in _WAY.findall(header)]
    return [way.replace(" ", "") for way in ways][:MAX_WAYS]


def _is_signed(headers: Iterable[tuple[str, str]]) -> bool:
    """Tell whether Gmail found a signature good that covers both headers, as RFC 8058 asks.

    Only the topmost result counts: Gmail wrote it, and what is below came with the mail.
    """
    headers = list(headers)
    verdict = decode_words(_first(headers, "authentication-results"))
    if not _OWN_SERVER.match(verdict):
        return False
    passed = {
        signer.lower()
        for result in _PASSED.findall(_COMMENT.sub(" ", verdict))
        for signer in _SIGNER.findall(result)
    }
    for name, value in headers:
        if name != "dkim-signature":
            continue
        tags = _tags(value)
        covered = {given.strip().lower() for given in tags.get("h", "").split(":")}
        if tags.get("d", "").lower() in passed and covered >= _LIST_HEADERS:
            return True
    return False


def _tags(signature: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for given in signature.split(";"):
        name, _, value = given.partition("=")
        tags.setdefault(name.strip().lower(), "".join(value.split()))
    return tags


def _leave_mail(way: str) -> LeaveMail | None:
    """Read a mailto address; of its fields only subject and body, and one recipient, count."""
    scheme, _, rest = way.partition(":")
    if scheme.lower() != "mailto":
        return None
    to, _, query = rest.partition("?")
    try:
        recipients = parse_addresses(unquote(to, errors="replace"))
    except InvalidAddress:
        return None
    if len(recipients) != 1:
        return None
    # "+" is a plus in a mailto address, not a blank.
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, max_num_fields=20)
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name.lower(), value)
    subject = " ".join(_CONTROL.sub(" ", fields.get("subject", "")).split())[:MAX_SUBJECT]
    lines = fields.get("body", "").replace("\r\n", "\n").split("\n")
    body = "\n".join(_CONTROL.sub(" ", line) for line in lines)[:MAX_BODY]
    return LeaveMail(Address("", recipients[0].email), subject or "unsubscribe", body)


def _first(headers: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for given, value in headers if given == name), "")
