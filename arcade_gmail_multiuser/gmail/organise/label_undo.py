"""Taking back what was done to a label itself: made, renamed, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from arcade_gmail_multiuser.errors import Conflict, NotFound
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.editing import (
    create_label,
    label_name,
    rename_label,
)
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import label_resources
from arcade_gmail_multiuser.gmail.organise.undo_token import LabelStep

__all__ = ["LabelUndone", "revert_label"]


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


async def revert_label(mailbox: GmailClient, step: LabelStep) -> LabelUndone:
    """Take back one change of a label. It may be repeated.

    A label that has since been put on mail, renamed otherwise, or whose name has been given to
    another label, is left as it is: taking the change back would undo more than that change.

    Raises:
        Conflict: it was left as it is, and this is why.
        NotFound: the label that was renamed is gone.
    """
    resources = await label_resources(mailbox)
    name = LabelBook(resources).name_of(step.id) if _is_there(resources, step.id) else None
    if step.done == "created":
        return await _unmake(mailbox, step, name)
    if step.done == "renamed":
        return await _name_back(mailbox, step, name)
    return await _make_again(mailbox, step, LabelBook(resources))


async def _unmake(mailbox: GmailClient, step: LabelStep, name: str | None) -> LabelUndone:
    if name is None:
        return LabelUndone(step.id, step.name, "deleted", changed=False)
    if name != step.name:
        raise Conflict(
            f'The label has been renamed since it was made: it is called "{name}" now. Nothing was '
            "changed. To delete it call DeleteLabel."
        )
    carried = await mailbox.call("users.labels.get", id=step.id)
    if messages := int(carried.get("messagesTotal") or 0):
        raise Conflict(
            f'The label "{name}" has been put on {messages:,} messages since it was made, and '
            "deleting it would take it off them. Nothing was changed. If that is wanted, call "
            "DeleteLabel."
        )
    await mailbox.call("users.labels.delete", id=step.id)
    return LabelUndone(step.id, name, "deleted")


async def _name_back(mailbox: GmailClient, step: LabelStep, name: str | None) -> LabelUndone:
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
    kept = await rename_label(mailbox, step.id, former)
    return LabelUndone(kept.id, kept.name, "renamed_back")


async def _make_again(mailbox: GmailClient, step: LabelStep, book: LabelBook) -> LabelUndone:
    existing = book.named(step.name)
    if existing is not None:
        return LabelUndone(
            existing, book.name_of(existing), "made_again", changed=False, without=step.messages
        )
    kept = await create_label(mailbox, label_name("undo_token", step.name), step.look)
    return LabelUndone(kept.id, kept.name, "made_again", without=step.messages)


def _is_there(resources: Sequence[Mapping[str, Any]], id_: str) -> bool:
    return any(label.get("id") == id_ for label in resources)
