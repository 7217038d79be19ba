"""Store the addresses a person may send from: the mailbox's own and verified aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from arcade_gmail_local.sandbox.google_error import (
    administrators_only,
    invalid,
    not_found,
)
from arcade_gmail_local.sandbox.mail.markup import sanitized
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

MAX_SIGNATURE = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class SendAs:
    email: str
    name: str = ""
    reply_to: str = ""
    signature: str = ""
    is_primary: bool = False
    is_default: bool = False
    status: str = "accepted"

    def resource(self) -> dict[str, Any]:
        """Return the resource; the primary lacks the fields that only aliases have."""
        given = {
            "sendAsEmail": self.email,
            "displayName": self.name,
            "replyToAddress": self.reply_to,
            "signature": self.signature,
        }
        if self.is_primary:
            return {**given, "isPrimary": True, "isDefault": self.is_default}
        default = {"isDefault": True} if self.is_default else {}
        return {**given, "treatAsAlias": True, "verificationStatus": self.status, **default}


class SendAsStore:
    def __init__(self, email: str, name: str) -> None:
        primary = SendAs(email, name, is_primary=True, is_default=True)
        self._aliases = {email: primary}
        self._primary = email

    def all(self) -> list[SendAs]:
        return list(self._aliases.values())

    def get(self, email: str) -> SendAs:
        found = self._aliases.get(canonical_email(email))
        if found is None:
            raise not_found()
        return found

    def primary(self) -> SendAs:
        return self._aliases[self._primary]

    def add(self, alias: SendAs) -> None:
        """Add an alias, which Gmail's API lets only administrators do: for the control API."""
        self._aliases[canonical_email(alias.email)] = replace(
            alias, email=canonical_email(alias.email), is_primary=False, is_default=False
        )

    def accepted(self, email: str) -> SendAs | None:
        """Return the alias of an address that mail may be sent from, or None."""
        found = self._aliases.get(canonical_email(email))
        return found if found is not None and found.status == "accepted" else None

    def patch(self, email: str, fields: Mapping[str, Any]) -> SendAs:
        """Change the fields that are present, of the primary address only."""
        before = self._changeable(email, fields)
        changed = replace(
            before,
            name=fields.get("displayName", before.name),
            reply_to=fields.get("replyToAddress", before.reply_to),
            signature=_signature(fields.get("signature", before.signature)),
        )
        return self._store(changed, fields)

    def update(self, email: str, fields: Mapping[str, Any]) -> SendAs:
        """Replace the primary address; absent fields are emptied."""
        before = self._changeable(email, fields)
        changed = replace(
            before,
            name=fields.get("displayName", ""),
            reply_to=fields.get("replyToAddress", ""),
            signature=_signature(fields.get("signature", "")),
        )
        return self._store(changed, fields)

    def _changeable(self, email: str, fields: Mapping[str, Any]) -> SendAs:
        found = self.get(email)
        if not found.is_primary:
            raise administrators_only()
        if canonical_email(fields.get("sendAsEmail", found.email)) != found.email:
            raise invalid("Invalid sendAsEmail")
        if fields.get("isDefault") is False:
            raise invalid("isDefault can only be set to true")
        if "smtpMsa" in fields:
            raise invalid("smtpMsa is not supported for the primary address")
        if (reply_to := fields.get("replyToAddress")) and "@" not in reply_to:
            raise invalid("Invalid replyToAddress")
        return found

    def _store(self, alias: SendAs, fields: Mapping[str, Any]) -> SendAs:
        if fields.get("isDefault"):
            others = {k: replace(a, is_default=False) for k, a in self._aliases.items()}
            self._aliases, alias = others, replace(alias, is_default=True)
        self._aliases[alias.email] = alias
        return alias


def _signature(markup: str) -> str:
    cleaned = sanitized(markup)
    if len(cleaned) > MAX_SIGNATURE:
        raise invalid("Signature is too long")
    return cleaned
