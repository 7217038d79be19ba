"""What is said of a label that was made, renamed or deleted."""

from __future__ import annotations

from arcade_gmail_multiuser.gmail.label_keeping import Kept
from arcade_gmail_multiuser.tools.ledger_shapes import DeletedLabel, LabelChange

__all__ = ["changed", "deleted"]

MAX_NESTED = 50


def changed(label: Kept) -> LabelChange:
    """Say what the label is called now."""
    answer = LabelChange(id=label.id, name=label.name, changed=label.changed)
    if label.previous_name:
        answer["previous_name"] = label.previous_name
    if label.missing_parent:
        answer["missing_parent"] = label.missing_parent
    if label.nested:
        answer["nested"] = list(label.nested[:MAX_NESTED])
    return answer


def deleted(label: Kept) -> DeletedLabel:
    """Say what is gone."""
    answer = DeletedLabel(
        id=label.id, name=label.name, status="deleted", nested=list(label.nested[:MAX_NESTED])
    )
    if label.messages is not None:
        answer["messages_that_had_it"] = label.messages
    return answer
