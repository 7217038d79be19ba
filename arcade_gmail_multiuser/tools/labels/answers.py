"""Build the answers about labels: which there are, and what became of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.labels.editing import EditedLabel
from arcade_gmail_multiuser.gmail.messages.fetch import Failure
from arcade_gmail_multiuser.gmail.organise.undo_token import LabelStep, seal_label
from arcade_gmail_multiuser.tools.answer_format import FRAME, MAX_ANSWER, cost, fit, fit_failures
from arcade_gmail_multiuser.tools.labels.types import DeletedLabel, Label, LabelChange, LabelList

__all__ = ["ChosenLabels", "chosen_labels", "created", "deleted", "label_list", "renamed"]


MAX_LABELS = 500
MAX_COUNTED = 100


MAX_NESTED = 50


@dataclass(slots=True)
class ChosenLabels:
    """Hold the labels to show, how many more there are, and their counts once read."""

    shown: list[Mapping[str, Any]]
    more: int
    counts: Mapping[str, dict[str, Any] | GmailMultiuserError] = field(default_factory=dict)

    def to_count(self) -> list[str]:
        """Return the ids whose counts may be asked for."""
        return [str(label.get("id", "")) for label in self.shown[:MAX_COUNTED]]


def chosen_labels(
    resources: Sequence[Mapping[str, Any]], name_contains: str | None
) -> ChosenLabels:
    """Choose and sort labels: Gmail's own first, then the user's by name."""
    wanted = (name_contains or "").strip().casefold()
    fitting = [x for x in resources if wanted in str(x.get("name", "")).casefold()]
    fitting.sort(key=lambda x: (x.get("type") != "system", str(x.get("name", "")).casefold()))
    return ChosenLabels(fitting[:MAX_LABELS], max(len(fitting) - MAX_LABELS, 0))


def label_list(labels: ChosenLabels) -> LabelList:
    """List the labels, with the counts that were read."""
    failures = [
        Failure(id_, outcome)
        for id_, outcome in labels.counts.items()
        if isinstance(outcome, GmailMultiuserError)
    ]
    failed, omitted = fit_failures(failures, MAX_ANSWER)
    built = [_label(resource, labels.counts) for resource in labels.shown]
    shown = fit(built, MAX_ANSWER - 2 * FRAME - cost(failed))
    if more := labels.more + len(built) - len(shown):
        omitted.append(f"{more} more labels; narrow with name_contains")
    if labels.counts and len(labels.shown) > len(labels.counts):
        omitted.append(f"counts beyond the first {MAX_COUNTED} labels; narrow with name_contains")
    return LabelList(
        labels=shown,
        failed=failed,
        omitted=omitted,
    )


def created(label: EditedLabel, *, user: str) -> LabelChange:
    """Say what the new label is called."""
    return _changed(label, LabelStep("created", label.id, label.name), user)


def renamed(label: EditedLabel, *, user: str) -> LabelChange:
    """Say what the label is called now."""
    return _changed(label, LabelStep("renamed", label.id, label.name, label.previous_name), user)


def deleted(label: EditedLabel, *, user: str) -> DeletedLabel:
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


def _changed(label: EditedLabel, step: LabelStep, user: str) -> LabelChange:
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


def _label(
    resource: Mapping[str, Any], counts: Mapping[str, dict[str, Any] | GmailMultiuserError]
) -> Label:
    label = Label(
        id=str(resource.get("id", "")),
        name=str(resource.get("name", "")),
        type=str(resource.get("type", "user")),
    )
    counted_one = counts.get(label["id"])
    if isinstance(counted_one, dict):
        label["messages_total"] = int(counted_one.get("messagesTotal") or 0)
        label["messages_unread"] = int(counted_one.get("messagesUnread") or 0)
        label["threads_total"] = int(counted_one.get("threadsTotal") or 0)
        label["threads_unread"] = int(counted_one.get("threadsUnread") or 0)
    return label
