"""Tools for the user's own settings: the vacation responder, and the addresses to send from."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail import vacation
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, GMAIL_SETTINGS_BASIC
from arcade_gmail_multiuser.tools.answers import setting_views, views
from arcade_gmail_multiuser.tools.answers.setting_shapes import (
    AliasList,
    VacationChange,
    VacationResponder,
)
from arcade_gmail_multiuser.tools.arguments import absence, parameters
from arcade_gmail_multiuser.tools.behavior import READS, SETS
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["get_vacation_responder", "list_send_as_aliases", "set_vacation_responder"]

IncludeHtml = Annotated[bool, "Also return the HTML source. Default: false."]


@tool(GMAIL_READONLY, does=READS)
async def get_vacation_responder(
    context: ToolContext,
    time_zone: parameters.TimeZone = "UTC",
    include_html: IncludeHtml = False,
) -> Annotated[VacationResponder, "Whether mail is answered automatically now, and with what"]:
    """Tell whether the user's vacation responder is on, when, for whom and what it says.

    It answers automatically while the user is away. To change it use SetVacationResponder; to
    answer one message use ReplyToEmail. At most 20,000 characters of its text are returned.
    """
    zone = views.view(time_zone).zone
    resource = await mailbox_of(context).call("users.settings.getVacation")
    responder = vacation.read_responder(resource)
    now = datetime.now(UTC)
    return setting_views.vacation_responder(responder, zone, now, include_html=include_html)


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
    zone = views.view(time_zone).zone
    wanted = absence.wanted(
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
    mailbox = mailbox_of(context)
    before = vacation.read_responder(await mailbox.call("users.settings.getVacation"))
    now = datetime.now(UTC)
    body_now = vacation.body_of(wanted(before), now)
    after = vacation.read_responder(
        await mailbox.call("users.settings.updateVacation", body=body_now)
    )
    return VacationChange(
        responder=setting_views.vacation_responder(after, zone, now, include_html=False),
        previous=setting_views.vacation_responder(before, zone, now, include_html=True),
    )


@tool(GMAIL_READONLY, does=READS)
async def list_send_as_aliases(
    context: ToolContext, include_html: IncludeHtml = False
) -> Annotated[AliasList, "The addresses with names, signatures and whether they can be used"]:
    """List every address the user can send from, with display name and signature.

    Use it to learn which of them can be the from_address of MultiUserGmailSend or ReplyToEmail,
    and how they sign. For the account's main address and name alone use WhoAmI. At most 100
    addresses; signatures up to 2,000 characters.
    """
    answer = await mailbox_of(context).call("users.settings.sendAs.list")
    return setting_views.alias_list(answer.get("sendAs") or [], include_html=include_html)
