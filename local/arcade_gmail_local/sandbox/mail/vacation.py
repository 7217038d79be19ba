"""Reply for a person who is away, as their vacation responder is set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from arcade_gmail_local.sandbox.google_error import invalid
from arcade_gmail_local.sandbox.mail.markup import sanitized
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, addresses, date_header
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

_TEXTS = ("responseSubject", "responseBodyHtml", "responseBodyPlainText")
_SWITCHES = ("enableAutoReply", "restrictToContacts", "restrictToDomain")
_NO_REPLY_ADDRESS = re.compile(
    r"(?:.*[.+_-])?(?:no-?_?reply|do-?_?not-?_?reply|mailer-daemon|postmaster|bounces?)"
    r"(?:[.+_=-].*)?",
    re.IGNORECASE,
)
_AUTOMATED_HEADERS = (
    "List-Id",
    "List-Unsubscribe",
    "List-Post",
    "X-Auto-Response-Suppress",
    "X-Autoreply",
    "Feedback-Id",
)


class Vacation:
    """One mailbox's responder. After a change everybody may get a reply once more."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._replied_to: set[str] = set()

    def resource(self) -> dict[str, Any]:
        return {**dict.fromkeys(_SWITCHES, False), **self._fields}

    def update(self, fields: Mapping[str, Any]) -> None:
        """Replace the settings; absent fields are removed."""
        kept = {name: value for name, value in fields.items() if value not in ("", False)}
        if "responseBodyHtml" in kept:
            # Gmail uses the HTML where both are given.
            kept["responseBodyHtml"] = sanitized(kept["responseBodyHtml"])
            kept.pop("responseBodyPlainText", None)
        _check_period(kept)
        if kept.get("enableAutoReply") and not any(kept.get(name) for name in _TEXTS):
            raise invalid("Either the response subject or the response body must be nonempty")
        self._fields = kept
        self._replied_to.clear()

    def reply_to(
        self, mail: RawMail, *, sender: str, owner: tuple[str, str], now_ms: int, knows: bool
    ) -> bytes | None:
        """Return the reply to arrived mail, if any, and remember that its sender got one.

        Args:
            owner: (name, address) of the mailbox.
            knows: whether the sender is a contact.
        """
        sender = canonical_email(sender)
        if not self._is_on(now_ms) or sender in self._replied_to:
            return None
        if not self._may_reply_to(sender, owner[1], knows=knows):
            return None
        if is_automated(mail, sender) or not _is_addressed(mail, owner[1]):
            return None
        self._replied_to.add(sender)
        return self._written(mail, sender, owner, now_ms)

    def _is_on(self, now_ms: int) -> bool:
        end = int(self._fields.get("endTime", 0)) or now_ms + 1
        started = int(self._fields.get("startTime", 0)) <= now_ms
        return bool(self._fields.get("enableAutoReply")) and started and now_ms < end

    def _may_reply_to(self, sender: str, owner: str, *, knows: bool) -> bool:
        same_domain = sender.rpartition("@")[2] == owner.rpartition("@")[2]
        allowed = (not self._fields.get("restrictToDomain") or same_domain) and (
            not self._fields.get("restrictToContacts") or knows
        )
        return sender != owner and allowed

    def _written(self, mail: RawMail, sender: str, owner: tuple[str, str], now_ms: int) -> bytes:
        answer = EmailMessage()
        name, address = owner
        answer["From"] = f'"{name}" <{address}>' if name.isascii() and name else address
        answer["To"] = sender
        subject = " ".join(mail.first("subject").split())
        answered = subject if subject.lower().startswith("re:") else f"Re: {subject}"
        answer["Subject"] = f"{self._fields.get('responseSubject', '')} {answered}".strip()
        answer["Date"] = date_header(now_ms / 1000)
        answer["Auto-Submitted"] = "auto-replied"
        answer["X-Autoreply"] = "yes"
        answer["Precedence"] = "bulk"
        if referred := mail.first("message-id"):
            answer["In-Reply-To"] = answer["References"] = "".join(referred.split())
        if markup := self._fields.get("responseBodyHtml"):
            answer.set_content(re.sub(r"<[^>]*>", " ", markup))
            answer.add_alternative(markup, subtype="html")
        else:
            answer.set_content(self._fields.get("responseBodyPlainText", ""))
        return answer.as_bytes()


def _check_period(fields: Mapping[str, Any]) -> None:
    start, end = int(fields.get("startTime", 0)), int(fields.get("endTime", 0))
    if start < 0 or end < 0:
        raise invalid("Invalid startTime or endTime")
    if start and end and start >= end:
        raise invalid("startTime must precede endTime")


def is_automated(mail: RawMail, sender: str) -> bool:
    """Return whether mail comes from a list or a machine, to which no automatic reply may go."""
    if _NO_REPLY_ADDRESS.fullmatch(sender.rpartition("@")[0]):
        return True
    if mail.first("auto-submitted").strip().lower() not in ("", "no"):
        return True
    if mail.first("precedence").strip().lower() in ("bulk", "list", "junk"):
        return True
    return any(mail.first(name) for name in _AUTOMATED_HEADERS)


def _is_addressed(mail: RawMail, owner: str) -> bool:
    """Return whether To or Cc names the owner; a Bcc gets no automatic reply."""
    named = addresses([*mail.every("to"), *mail.every("cc")])
    return owner in {_plain(address) for _, address in named}


def _plain(address: str) -> str:
    local, _, domain = canonical_email(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
