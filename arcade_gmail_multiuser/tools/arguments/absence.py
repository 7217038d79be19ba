"""From the arguments of SetVacationResponder to the responder's new settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.timestamps import read_moment
from arcade_gmail_multiuser.gmail.vacation import Responder

__all__ = ["wanted"]

MAX_SUBJECT = 500


def wanted(
    *,
    enabled: bool,
    subject: str | None,
    body: str | None,
    content_type: Literal["plain", "html"],
    start: str | None,
    end: str | None,
    only_contacts: bool | None,
    only_domain: bool | None,
    zone: ZoneInfo,
) -> Callable[[Responder], Responder]:
    """Check the arguments; return what they make of the settings that are there.

    Raises:
        InvalidInput: a date that is none, or a subject of several lines.
    """
    changes: dict[str, Any] = {"enabled": enabled}
    if subject is not None:
        changes["subject"] = _one_line(subject)
    if body is not None:
        html = body if content_type == "html" else ""
        changes |= {"html": html, "plain": "" if html else body}
    for name, given in (("start", start), ("end", end)):
        if given is not None:
            moment = read_moment(name, given, zone, ends=name == "end") if given.strip() else None
            changes[name] = moment
    for name, choice in (("only_contacts", only_contacts), ("only_domain", only_domain)):
        if choice is not None:
            changes[name] = choice
    return lambda before: replace(before, **changes)


def _one_line(subject: str) -> str:
    subject = subject.strip()
    if not subject.isprintable() or len(subject) > MAX_SUBJECT:
        raise InvalidInput(f"subject must be one line of at most {MAX_SUBJECT} characters.")
    return subject
