"""What is said of a label that was made, renamed or deleted, and of taking that back."""

from __future__ import annotations

from arcade_gmail_multiuser.gmail.labels.editing import Kept
from arcade_gmail_multiuser.gmail.organise.undo import LabelUndone
from arcade_gmail_multiuser.gmail.organise.undo_token import LabelStep, seal_label
from arcade_gmail_multiuser.tools.answers.ledger_shapes import (
    DeletedLabel,
    LabelChange,
    Undone,
    UndoneLabel,
)

__all__ = ["deleted", "made", "renamed", "undone"]

MAX_NESTED = 50


def made(label: Kept, *, user: str) -> LabelChange:
    """Say what the new label is called."""
    return _changed(label, LabelStep("created", label.id, label.name), user)


def renamed(label: Kept, *, user: str) -> LabelChange:
    """Say what the label is called now."""
    return _changed(label, LabelStep("renamed", label.id, label.name, label.previous_name), user)


def _changed(label: Kept, step: LabelStep, user: str) -> LabelChange:
    answer = LabelChange(id=label.id, name=label.name, changed=label.changed)
    if label.previous_name:
        answer["previous_name"] = label.previous_name
    if label.missing_parent:
        answer["missing_parent"] = label.missing_parent
    if label.nested:
        answer["nested"] = list(label.nested[:MAX_NESTED])
    if label.changed:
        answer["undo_token"] = seal_label(step, user=user)
    return answer


def deleted(label: Kept, *, user: str) -> DeletedLabel:
    """Say what is gone."""
    step = LabelStep("deleted", label.id, label.name, look=label.look, messages=label.messages)
    answer = DeletedLabel(
        id=label.id,
        name=label.name,
        status="deleted",
        nested=list(label.nested[:MAX_NESTED]),
        undo_token=seal_label(step, user=user),
    )
    if label.messages is not None:
        answer["messages_that_had_it"] = label.messages
    return answer


def undone(label: LabelUndone) -> Undone:
    """Say what became of the label. That its former mail does not carry it again is a problem."""
    answer = Undone(
        status="done" if label.without == 0 else "partly_done",
        requested=0,
        reverted=0,
        not_found=0,
        failed=0,
        problems=[],
        omitted=[],
        label=UndoneLabel(id=label.id, name=label.name, now=label.now, changed=label.changed),
    )
    if label.without != 0:
        those = "The messages" if label.without is None else f"The {label.without:,} messages"
        answer["warnings"] = [
            f"{those} that had this label before it was deleted do not have it again: which they "
            "were is not known. ChangeEmailLabels with a query puts it on mail that a search finds."
        ]
    return answer
