"""Take changes back: the labels of messages, Trash, and what was done to a label itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    Conflict,
    GmailMultiuserError,
    NotFound,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.editing import create_label, label_name, rename_label
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook, label_resources
from arcade_gmail_multiuser.gmail.organise.label_changes import Entry, Ledger, OneChange
from arcade_gmail_multiuser.gmail.organise.undo_token import LabelStep, Step

__all__ = ["LabelUndone", "restore", "revert", "revert_label"]


async def revert(gmail: GmailClient, steps: Sequence[Step]) -> Ledger:
    """Revert each step, message by message, so that of each it is known whether it went well.

    It may be repeated. Only the labels in the steps are touched; what else happened to a message
    in the meantime stays.

    Raises:
        GmailMultiuserError: nothing was reverted, and this is why.
    """
    entries: list[Entry] = []
    for step in steps:
        entries += await _revert(gmail, step)
    failed = [e.error for e in entries if e.outcome == "failed" and e.error is not None]
    if failed and len(failed) == len(entries):
        raise failed[0]
    return Ledger(tuple(entries))


async def _revert(gmail: GmailClient, step: Step) -> list[Entry]:
    add = [label for label in step.removed if label != "TRASH"]
    remove = [label for label in step.added if label != "TRASH"]
    body = {"addLabelIds": add, "removeLabelIds": remove}
    failed: dict[str, GmailMultiuserError] = {}
    left = list(step.ids)
    # Out of Trash first, and into it last: Gmail takes INBOX from what it puts there.
    if "TRASH" in step.added:
        left = await _each(gmail, "users.messages.untrash", left, {}, failed)
        if left and (add or remove):
            # These exist, as they have just been answered for: one call for all will do.
            left = await _together(gmail, left, body, failed)
    elif add or remove:
        left = await _each(gmail, "users.messages.modify", left, {"body": body}, failed)
    if "TRASH" in step.removed:
        await _each(gmail, "users.messages.trash", left, {}, failed)
    return [_entry(id_, step, failed.get(id_)) for id_ in step.ids]


async def _each(
    gmail: GmailClient,
    method: str,
    ids: Sequence[str],
    more: Mapping[str, Any],
    failed: dict[str, GmailMultiuserError],
) -> list[str]:
    """Call it for each, note what failed, and return the ids for which it did not."""
    answers = await gmail.call_each(method, [{"id": id_, **more} for id_ in ids])
    for id_, answer in zip(ids, answers, strict=True):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            failed[id_] = answer
    return [id_ for id_ in ids if id_ not in failed]


async def _together(
    gmail: GmailClient,
    ids: Sequence[str],
    body: Mapping[str, Any],
    failed: dict[str, GmailMultiuserError],
) -> list[str]:
    try:
        await gmail.call("users.messages.batchModify", body={"ids": list(ids), **body})
    except AuthorizationError:
        raise
    except GmailMultiuserError as error:
        failed.update(dict.fromkeys(ids, error))
    return [id_ for id_ in ids if id_ not in failed]


def _entry(id_: str, step: Step, error: GmailMultiuserError | None) -> Entry:
    if error is not None:
        return Entry(id_, "not_found" if isinstance(error, NotFound) else "failed", error=error)
    return Entry(id_, "changed", added=step.removed, removed=step.added)


async def restore(gmail: GmailClient, id_: str, *, to_inbox: bool) -> tuple[OneChange, list[str]]:
    """Take a message out of Trash and, unless the user sent it, into the inbox.

    Out of Trash but not in the inbox is no error: it is said in the warnings.
    """
    resource = await gmail.call("users.messages.get", id=id_, format="minimal")
    before = tuple(resource.get("labelIds") or ())
    thread_id = str(resource.get("threadId") or "")
    if "TRASH" not in before:
        return OneChange(id_, thread_id, before, before), []
    answer = await gmail.call("users.messages.untrash", id=id_)
    warnings: list[str] = []
    if to_inbox and "SENT" not in before:
        try:
            body = {"addLabelIds": ["INBOX"]}
            answer = await gmail.call("users.messages.modify", id=id_, body=body)
        except AuthorizationError:
            raise
        except GmailMultiuserError:
            warnings.append(
                "It is out of Trash but could not be put into the inbox. Call TriageEmails with "
                "unarchive for it."
            )
    return OneChange(id_, thread_id, before, tuple(answer.get("labelIds") or ())), warnings


@dataclass(frozen=True, slots=True)
class LabelUndone:
    """What the label is now, and whether this call made it so.

    `without` is how many messages carried it before and do not carry it now, None if unknown.
    """

    id: str
    name: str
    now: Literal["deleted", "renamed_back", "made_again"]
    changed: bool = True
    without: int | None = 0


async def revert_label(gmail: GmailClient, step: LabelStep) -> LabelUndone:
    """Take back one change of a label. It may be repeated.

    A label that has since been put on mail, renamed otherwise, or whose name has been given to
    another label, is left as it is: taking the change back would undo more than that change.

    Raises:
        Conflict: it was left as it is, and this is why.
        NotFound: the label that was renamed is gone.
    """
    resources = await label_resources(gmail)
    name = LabelBook(resources).name_of(step.id) if _is_there(resources, step.id) else None
    if step.done == "created":
        return await _unmake(gmail, step, name)
    if step.done == "renamed":
        return await _name_back(gmail, step, name)
    return await _make_again(gmail, step, LabelBook(resources))


async def _unmake(gmail: GmailClient, step: LabelStep, name: str | None) -> LabelUndone:
    if name is None:
        return LabelUndone(step.id, step.name, "deleted", changed=False)
    if name != step.name:
        raise Conflict(
            f'The label has been renamed since it was made: it is called "{name}" now. Nothing was '
            "changed. To delete it call DeleteLabel."
        )
    carried = await gmail.call("users.labels.get", id=step.id)
    if messages := int(carried.get("messagesTotal") or 0):
        raise Conflict(
            f'The label "{name}" has been put on {messages:,} messages since it was made, and '
            "deleting it would take it off them. Nothing was changed. If that is wanted, call "
            "DeleteLabel."
        )
    await gmail.call("users.labels.delete", id=step.id)
    return LabelUndone(step.id, name, "deleted")


async def _name_back(gmail: GmailClient, step: LabelStep, name: str | None) -> LabelUndone:
    if name is None:
        raise NotFound(
            "The label that was renamed is gone, so it cannot get its former name back. "
            "CreateLabel makes one of that name."
        )
    if name == step.former_name:
        return LabelUndone(step.id, name, "renamed_back", changed=False)
    if name != step.name:
        raise Conflict(
            f'The label has been renamed again since then: it is called "{name}" now. Nothing was '
            "changed. To rename it call UpdateLabel."
        )
    former = label_name("undo_token", step.former_name)
    kept = await rename_label(gmail, step.id, former)
    return LabelUndone(kept.id, kept.name, "renamed_back")


async def _make_again(gmail: GmailClient, step: LabelStep, book: LabelBook) -> LabelUndone:
    existing = book.named(step.name)
    if existing is not None:
        return LabelUndone(
            existing, book.name_of(existing), "made_again", changed=False, without=step.messages
        )
    kept = await create_label(gmail, label_name("undo_token", step.name), step.look)
    return LabelUndone(kept.id, kept.name, "made_again", without=step.messages)


def _is_there(resources: Sequence[Mapping[str, Any]], id_: str) -> bool:
    return any(label.get("id") == id_ for label in resources)
