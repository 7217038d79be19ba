"""Taking changes back: labels that messages gained go, those they lost return, Trash gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arcade_gmail_multiuser.errors import AuthorizationError, GmailMultiuserError, NotFound
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.organise.label_changes import Entry, Ledger, OneChange
from arcade_gmail_multiuser.gmail.organise.undo_token import Step

__all__ = ["restore", "revert"]


async def revert(mailbox: GmailClient, steps: Sequence[Step]) -> Ledger:
    """Revert each step, message by message, so that of each it is known whether it went well.

    It may be repeated. Only the labels in the steps are touched; what else happened to a message
    in the meantime stays.

    Raises:
        GmailMultiuserError: nothing was reverted, and this is why.
    """
    entries: list[Entry] = []
    for step in steps:
        entries += await _revert(mailbox, step)
    failed = [e.error for e in entries if e.outcome == "failed" and e.error is not None]
    if failed and len(failed) == len(entries):
        raise failed[0]
    return Ledger(tuple(entries))


async def _revert(mailbox: GmailClient, step: Step) -> list[Entry]:
    add = [label for label in step.removed if label != "TRASH"]
    remove = [label for label in step.added if label != "TRASH"]
    body = {"addLabelIds": add, "removeLabelIds": remove}
    failed: dict[str, GmailMultiuserError] = {}
    left = list(step.ids)
    # Out of Trash first, and into it last: Gmail takes INBOX from what it puts there.
    if "TRASH" in step.added:
        left = await _each(mailbox, "users.messages.untrash", left, {}, failed)
        if left and (add or remove):
            # These exist, as they have just been answered for: one call for all will do.
            left = await _together(mailbox, left, body, failed)
    elif add or remove:
        left = await _each(mailbox, "users.messages.modify", left, {"body": body}, failed)
    if "TRASH" in step.removed:
        await _each(mailbox, "users.messages.trash", left, {}, failed)
    return [_entry(id_, step, failed.get(id_)) for id_ in step.ids]


async def _each(
    mailbox: GmailClient,
    method: str,
    ids: Sequence[str],
    more: Mapping[str, Any],
    failed: dict[str, GmailMultiuserError],
) -> list[str]:
    """Call it for each, note what failed, and return the ids for which it did not."""
    answers = await mailbox.call_each(method, [{"id": id_, **more} for id_ in ids])
    for id_, answer in zip(ids, answers, strict=True):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            failed[id_] = answer
    return [id_ for id_ in ids if id_ not in failed]


async def _together(
    mailbox: GmailClient,
    ids: Sequence[str],
    body: Mapping[str, Any],
    failed: dict[str, GmailMultiuserError],
) -> list[str]:
    try:
        await mailbox.call("users.messages.batchModify", body={"ids": list(ids), **body})
    except AuthorizationError:
        raise
    except GmailMultiuserError as error:
        failed.update(dict.fromkeys(ids, error))
    return [id_ for id_ in ids if id_ not in failed]


def _entry(id_: str, step: Step, error: GmailMultiuserError | None) -> Entry:
    if error is not None:
        return Entry(id_, "not_found" if isinstance(error, NotFound) else "failed", error=error)
    return Entry(id_, "changed", added=step.removed, removed=step.added)


async def restore(mailbox: GmailClient, id_: str, *, to_inbox: bool) -> tuple[OneChange, list[str]]:
    """Take a message out of Trash and, unless the user sent it, into the inbox.

    Out of Trash but not in the inbox is no error: it is said in the warnings.
    """
    resource = await mailbox.call("users.messages.get", id=id_, format="minimal")
    before = tuple(resource.get("labelIds") or ())
    thread_id = str(resource.get("threadId") or "")
    if "TRASH" not in before:
        return OneChange(id_, thread_id, before, before), []
    answer = await mailbox.call("users.messages.untrash", id=id_)
    warnings: list[str] = []
    if to_inbox and "SENT" not in before:
        try:
            body = {"addLabelIds": ["INBOX"]}
            answer = await mailbox.call("users.messages.modify", id=id_, body=body)
        except AuthorizationError:
            raise
        except GmailMultiuserError:
            warnings.append(
                "It is out of Trash but could not be put into the inbox. Call TriageEmails with "
                "unarchive for it."
            )
    return OneChange(id_, thread_id, before, tuple(answer.get("labelIds") or ())), warnings
