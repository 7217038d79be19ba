"""Look at the vacation responder, and set it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired
from zoneinfo import ZoneInfo

from arcade_tdk import ToolContext
from typing_extensions import TypedDict

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail import vacation
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, GMAIL_SETTINGS_BASIC
from arcade_gmail_multiuser.gmail.timestamps import read_moment
from arcade_gmail_multiuser.gmail.vacation import Responder, state_of
from arcade_gmail_multiuser.tools import parameters
from arcade_gmail_multiuser.tools.answer_format import View, when
from arcade_gmail_multiuser.tools.behavior import READS, SETS
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["get_vacation_responder", "set_vacation_responder"]

MAX_SUBJECT = 500
MAX_BODY = 20_000


class VacationResponder(TypedDict):
    """The automatic reply for a time of absence."""

    state: Literal["off", "scheduled", "on", "ended"]
    """on: mail that arrives now is answered. scheduled, ended: switched on, but not for now."""
    enabled: bool
    """Whether it is switched on, whatever the dates."""
    subject: str
    """Put before the subject of what is answered; "" for none."""
    body: str
    """The reply as readable text."""
    html_body: NotRequired[str]
    """The reply's HTML, only when asked for and when it has one."""
    start: str
    """From when on it answers; ISO 8601 with offset, "" for at once."""
    end: str
    """Until when it answers, not included; ISO 8601 with offset, "" for no end."""
    only_contacts: bool
    """Only people in the user's contacts are answered."""
    only_domain: bool
    """Only people of the user's own organization are answered."""
    truncated: NotRequired[bool]
    """True when the text goes on beyond what is shown."""


class VacationChange(TypedDict):
    """What the responder is set to now, and what it was."""

    responder: VacationResponder
    """As Gmail has stored it."""
    previous: VacationResponder
    """As it was before."""


@tool(GMAIL_READONLY, does=READS)
async def get_vacation_responder(
    context: ToolContext,
    time_zone: parameters.TimeZone = "UTC",
    include_html: parameters.IncludeHtmlSource = False,
) -> Annotated[VacationResponder, "Whether mail is answered automatically now, and with what"]:
    """Tell whether the user's vacation responder is on, when, for whom and what it says.

    It answers automatically while the user is away. To change it use SetVacationResponder; to
    answer one message use ReplyToEmail. At most 20,000 characters of its text are returned.
    """
    zone = View.checked(time_zone).zone
    resource = await gmail_client(context).call("users.settings.getVacation")
    responder = vacation.read_responder(resource)
    now = datetime.now(UTC)
    return _responder(responder, zone, now, include_html=include_html)


@tool(GMAIL_SETTINGS_BASIC, does=SETS)
async def set_vacation_responder(
    context: ToolContext,
    enabled: Annotated[bool, "true switches it on, false off; its text and dates are kept."],
    body: Annotated[str | None, "The text of the reply. Default: as it was."] = None,
    subject: Annotated[
        str | None,
        'Put before the subject of what is answered; "" for nothing. Default: as it was.',
    ] = None,
    content_type: Annotated[
        Literal["plain", "html"], "What body is. Gmail cleans HTML. Default: plain."
    ] = "plain",
    start: Annotated[
        str | None,
        'The first day, such as "2026-12-24", or a moment, "2026-12-24T18:00", in time_zone; "" '
        "for at once. Default: as it was.",
    ] = None,
    end: Annotated[
        str | None,
        'The last day, included, or the moment when it ends, in time_zone; "" for no end. '
        "Default: as it was.",
    ] = None,
    only_contacts: Annotated[
        bool | None, "Answer only people in the user's contacts. Default: as it was."
    ] = None,
    only_domain: Annotated[
        bool | None, "Answer only people of the user's organization. Default: as it was."
    ] = None,
    time_zone: parameters.TimeZone = "UTC",
) -> Annotated[VacationChange, "What it is set to now, and what it was"]:
    """Switch the user's vacation responder on or off, or change what it says and when.

    While it is on, Gmail answers everybody who writes, once each, without asking. What is left
    out stays as it was; start must be before end, and end not in the past. To look only, use
    GetVacationResponder; to write to someone once, use SendEmail. Needs the scope
    gmail.settings.basic, which Arcade's default Google app does not have.
    """
    zone = View.checked(time_zone).zone
    change = _changes(
        enabled=enabled,
        subject=subject,
        body=body,
        content_type=content_type,
        start=start,
        end=end,
        only_contacts=only_contacts,
        only_domain=only_domain,
        zone=zone,
    )
    gmail = gmail_client(context)
    before = vacation.read_responder(await gmail.call("users.settings.getVacation"))
    now = datetime.now(UTC)
    body_now = vacation.body_of(change(before), now)
    after = vacation.read_responder(
        await gmail.call("users.settings.updateVacation", body=body_now)
    )
    return VacationChange(
        responder=_responder(after, zone, now, include_html=False),
        previous=_responder(before, zone, now, include_html=True),
    )


def _changes(
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
    """Check the arguments; return the change they make to the settings.

    Raises:
        InvalidInput: a date cannot be read, or the subject has several lines.
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


def _responder(
    responder: Responder, zone: ZoneInfo, now: datetime, *, include_html: bool
) -> VacationResponder:
    """Build the answer about a responder, its text cut to what fits."""
    text = html_to_text(responder.html).text if responder.html else responder.plain
    answer = VacationResponder(
        state=state_of(responder, now),
        enabled=responder.enabled,
        subject=responder.subject[:MAX_SUBJECT],
        body=text[:MAX_BODY],
        start=when(responder.start, zone),
        end=when(responder.end, zone),
        only_contacts=responder.only_contacts,
        only_domain=responder.only_domain,
    )
    html = responder.html if include_html else ""
    if html:
        answer["html_body"] = html[:MAX_BODY]
    if len(text) > MAX_BODY or len(html) > MAX_BODY:
        answer["truncated"] = True
    return answer
