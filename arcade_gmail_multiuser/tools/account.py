"""Say whose mailbox this is, and from which addresses its owner can send."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

from arcade_tdk import ToolContext
from typing_extensions import TypedDict

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.account import account
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, USERINFO_EMAIL, USERINFO_PROFILE
from arcade_gmail_multiuser.tools import parameters
from arcade_gmail_multiuser.tools.answer_format import fit
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["list_send_as_aliases", "who_am_i"]


MAX_TEXT = 500
MAX_SIGNATURE = 2_000
MAX_ALIASES = 100


class Account(TypedDict):
    """Whose mailbox this is."""

    email: str
    """The Gmail address."""
    name: str
    """The full name, or "" when Google has none."""
    given_name: str
    """The given name, or ""."""
    family_name: str
    """The family name, or ""."""
    picture_url: str
    """The profile picture, or ""."""
    user_id: str
    """The id under which Arcade knows this person, for MultiUserGmailSend."""
    messages_total: int
    """Messages in the mailbox."""
    threads_total: int
    """Conversations in the mailbox."""
    omitted: list[str]
    """What could not be found out, and why."""


class SendAsAlias(TypedDict):
    """An address that the user can send from."""

    email: str
    """The address."""
    name: str
    """The name shown to recipients; "" for the account's own."""
    reply_to: str
    """Where replies go; "" for the address itself."""
    signature: str
    """Its signature as readable text. Mail sent by tools has it only with add_signature."""
    signature_html: NotRequired[str]
    """The signature's HTML, only when asked for."""
    is_primary: bool
    """The account's own address."""
    is_default: bool
    """What Gmail's website sends from unless told otherwise."""
    can_send: bool
    """False: the owner has not confirmed it yet, and mail from it would show the primary one."""


class AliasList(TypedDict):
    """Every address that the user can send from."""

    aliases: list[SendAsAlias]
    """The primary address first."""
    omitted: list[str]
    """What was left out."""


@tool(GMAIL_READONLY, USERINFO_PROFILE, USERINFO_EMAIL, does=READS)
async def who_am_i(context: ToolContext) -> Annotated[Account, "The user's address and name"]:
    """Tell whose mailbox this is: Gmail address, name, picture and how much mail there is.

    Use it when the user's own name or address is needed, for instance to sign a message. Further
    addresses that the user can send from are in ListSendAsAliases.
    """
    profile, person = await account(gmail_client(context))
    return _account(profile, person, user_id=context.user_id or "")


@tool(GMAIL_READONLY, does=READS)
async def list_send_as_aliases(
    context: ToolContext, include_html: parameters.IncludeHtmlSource = False
) -> Annotated[AliasList, "The addresses with names, signatures and whether they can be used"]:
    """List every address the user can send from, with display name and signature.

    Use it to learn which of them can be the from_address of MultiUserGmailSend or ReplyToEmail,
    and how they sign. For the account's main address and name alone use WhoAmI. At most 100
    addresses; signatures up to 2,000 characters.
    """
    answer = await gmail_client(context).call("users.settings.sendAs.list")
    return _alias_list(answer.get("sendAs") or [], include_html=include_html)


def _account(
    profile: Mapping[str, Any], person: Mapping[str, Any] | GmailMultiuserError, *, user_id: str
) -> Account:
    """Say whose mailbox this is."""
    known = {} if isinstance(person, GmailMultiuserError) else person
    missing = (
        [f"name and picture: {person.message}"] if isinstance(person, GmailMultiuserError) else []
    )
    return Account(
        email=str(profile.get("emailAddress") or known.get("email") or ""),
        name=str(known.get("name") or ""),
        given_name=str(known.get("given_name") or ""),
        family_name=str(known.get("family_name") or ""),
        picture_url=str(known.get("picture") or ""),
        user_id=user_id,
        messages_total=int(profile.get("messagesTotal") or 0),
        threads_total=int(profile.get("threadsTotal") or 0),
        omitted=missing,
    )


def _alias_list(resources: Sequence[Mapping[str, Any]], *, include_html: bool) -> AliasList:
    """List the addresses, the primary one first."""
    ordered = sorted(resources, key=lambda each: not each.get("isPrimary"))
    shown = fit([_alias(each, include_html=include_html) for each in ordered[:MAX_ALIASES]])
    more = len(ordered) - len(shown)
    return AliasList(
        aliases=shown,
        omitted=[f"{more} more addresses"] if more > 0 else [],
    )


def _alias(resource: Mapping[str, Any], *, include_html: bool) -> SendAsAlias:
    html = str(resource.get("signature") or "")
    primary = bool(resource.get("isPrimary"))
    alias = SendAsAlias(
        email=str(resource.get("sendAsEmail") or ""),
        name=str(resource.get("displayName") or "")[:MAX_TEXT],
        reply_to=str(resource.get("replyToAddress") or "")[:MAX_TEXT],
        signature=html_to_text(html).text[:MAX_SIGNATURE] if html else "",
        is_primary=primary,
        is_default=bool(resource.get("isDefault")),
        can_send=primary or resource.get("verificationStatus") == "accepted",
    )
    if include_html and html:
        alias["signature_html"] = html[: MAX_SIGNATURE * 2]
    return alias
