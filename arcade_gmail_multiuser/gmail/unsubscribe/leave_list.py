"""Leave a mailing list in the safest way that a mail offers, and trash its mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    ConnectionFailed,
    DeadlineExceeded,
    GmailMultiuserError,
    InvalidInput,
    OutcomeUnknown,
)
from arcade_gmail_multiuser.gmail.addresses import same_mailbox
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.compose.mime import OutgoingMessage
from arcade_gmail_multiuser.gmail.compose.send import send_once
from arcade_gmail_multiuser.gmail.messages.fetch import Search, list_messages
from arcade_gmail_multiuser.gmail.organise.label_changes import Change, Entry, Ledger, change_known
from arcade_gmail_multiuser.gmail.queries import build_query
from arcade_gmail_multiuser.gmail.unsubscribe.list_headers import (
    HEADERS,
    LeaveMail,
    MailingList,
    read_list,
)
from arcade_gmail_multiuser.gmail.unsubscribe.one_click import OneClick

__all__ = ["MAX_TRASHED", "Left", "leave", "read_mailing_list", "trash_mail_of"]

MAX_TRASHED = 200
"""Each has to be read first, because a search for a sender finds others too."""

_TO_TRASH = Change(add=("TRASH",), remove=("INBOX",))
_KEPT = frozenset({"SENT", "DRAFT", "TRASH"})

Method = Literal["one_click", "mail", "none"]


@dataclass(frozen=True, slots=True, repr=False)
class Left:
    """How it went. `method` is "none" when only a person can do it, on one of `pages`."""

    method: Method
    attempts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    recipient: str = ""


async def read_mailing_list(gmail: GmailClient, id_: str) -> tuple[MailingList, frozenset[str]]:
    """Read how one message says its list can be left, and its labels."""
    resource = await gmail.call(
        "users.messages.get", id=id_, format="metadata", metadataHeaders=list(HEADERS)
    )
    return read_list(resource), frozenset(resource.get("labelIds") or ())


async def leave(gmail: GmailClient, of: MailingList, one_click: OneClick) -> Left:
    """Ask to be removed: by one click if that is offered and signed, else by mail.

    Raises:
        OutcomeUnknown: the mail may have been sent; asking again does no harm.
    """
    attempts: list[str] = []
    for url in of.one_click:
        problem = await _click(one_click, url)
        if problem is None:
            return Left("one_click", tuple(attempts))
        attempts.append(problem)
    if of.mail is not None:
        await _send(gmail, of.mail)
        return Left("mail", tuple(attempts), recipient=of.mail.to.email)
    return Left("none", tuple(attempts), pages=of.pages)


async def trash_mail_of(gmail: GmailClient, of: MailingList) -> Ledger:
    """Move the newest mail of the list, or of its sender, to Trash; `more` says if older is left.

    What was found is read and compared, because a search for an address also finds names.

    Raises:
        GmailMultiuserError: the mail could not be looked for; nothing was moved.
    """
    query = f"list:{of.list_id}" if of.list_id else build_query(sender=[of.sender])
    page = await list_messages(gmail, Search(query), MAX_TRASHED, None)
    shape = {"format": "metadata", "metadataHeaders": ["From", "List-Id"]}
    answers = await gmail.call_each(
        "users.messages.get", [{"id": id_, **shape} for id_ in page.ids]
    )
    states: dict[str, frozenset[str]] = {}
    failed: list[Entry] = []
    for id_, answer in zip(page.ids, answers, strict=True):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            failed.append(Entry(id_, "failed", error=answer))
        elif _is_of(of, answer) and not _KEPT & set(answer.get("labelIds") or ()):
            states[id_] = frozenset(answer.get("labelIds") or ())
    entries = await change_known(gmail, states, _TO_TRASH)
    return Ledger((*entries, *failed), more=page.next_token is not None)


def _is_of(of: MailingList, resource: dict[str, Any]) -> bool:
    found = read_list(resource)
    if of.list_id:
        return found.list_id.lower() == of.list_id.lower()
    return bool(found.sender) and same_mailbox(found.sender, of.sender)


async def _click(one_click: OneClick, url: str) -> str | None:
    """Return what went wrong, in a sentence, or None if the list accepted it."""
    try:
        status = await one_click.ask(url)
    except (InvalidInput, ConnectionFailed, DeadlineExceeded) as problem:
        return problem.message
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return "The list's server wanted to send the request elsewhere, which is not followed."
    return f"The list's server answered {status}."


async def _send(gmail: GmailClient, mail: LeaveMail) -> None:
    message = OutgoingMessage(to=(mail.to,), subject=mail.subject, body=mail.body)
    try:
        await send_once(gmail, message)
    except OutcomeUnknown:
        raise OutcomeUnknown(
            "The mail that asks the list to stop may have been sent: Google's answer was lost. "
            "Asking again does no harm."
        ) from None
