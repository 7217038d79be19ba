"""Read and write the vacation responder, and tell whether it answers at the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.timestamps import of_milliseconds

__all__ = ["Responder", "State", "body_of", "read_responder", "state_of"]

State = Literal["off", "scheduled", "on", "ended"]

MAX_BODY = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Responder:
    """The responder's settings. `html` is used instead of `plain` where both are there."""

    enabled: bool = False
    subject: str = ""
    plain: str = ""
    html: str = ""
    start: datetime | None = None
    end: datetime | None = None
    only_contacts: bool = False
    only_domain: bool = False


def read_responder(resource: Mapping[str, Any]) -> Responder:
    """Read a VacationSettings resource; what is absent is off or empty."""
    return Responder(
        enabled=bool(resource.get("enableAutoReply")),
        subject=str(resource.get("responseSubject") or ""),
        plain=str(resource.get("responseBodyPlainText") or ""),
        html=str(resource.get("responseBodyHtml") or ""),
        start=of_milliseconds(resource.get("startTime")),
        end=of_milliseconds(resource.get("endTime")),
        only_contacts=bool(resource.get("restrictToContacts")),
        only_domain=bool(resource.get("restrictToDomain")),
    )


def state_of(responder: Responder, now: datetime) -> State:
    """Say whether mail that arrives now is answered."""
    if not responder.enabled:
        return "off"
    if responder.end is not None and responder.end <= now:
        return "ended"
    if responder.start is not None and responder.start > now:
        return "scheduled"
    return "on"


def body_of(responder: Responder, now: datetime) -> dict[str, Any]:
    """Write the whole resource: Gmail's update replaces everything.

    Raises:
        InvalidInput: it would be on with nothing to say, or at no time that is still to come.
    """
    _check(responder, now)
    body: dict[str, Any] = {
        "enableAutoReply": responder.enabled,
        "restrictToContacts": responder.only_contacts,
        "restrictToDomain": responder.only_domain,
        "responseSubject": responder.subject,
    }
    if responder.html:
        body["responseBodyHtml"] = responder.html
    else:
        body["responseBodyPlainText"] = responder.plain
    for name, moment in (("startTime", responder.start), ("endTime", responder.end)):
        if moment is not None:
            body[name] = str(round(moment.timestamp() * 1000))
    return body


def _check(responder: Responder, now: datetime) -> None:
    if len(responder.plain) + len(responder.html) > MAX_BODY:
        raise InvalidInput(f"The text is too long: at most {MAX_BODY:,} characters.")
    if responder.start and responder.end and responder.start >= responder.end:
        raise InvalidInput("start has to be before end.")
    if responder.enabled and not (responder.subject or responder.plain or responder.html):
        raise InvalidInput("Give a subject or a body: the responder has nothing to say.")
    if state_of(responder, now) == "ended":
        raise InvalidInput(
            'end lies in the past, so nobody would be answered. Give a later end, or end="" for '
            "none."
        )
