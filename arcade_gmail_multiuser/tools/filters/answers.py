"""Build the answers about filters, each with a summary in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Count
from arcade_gmail_multiuser.tools.answer_format import fit
from arcade_gmail_multiuser.tools.filters.types import (
    CreatedFilter,
    DeletedFilter,
    FilterList,
    MailFilter,
)

__all__ = ["created_filter", "deleted_filter", "filter_list"]


MAX_TEXT = 500
_ACTIONS = {
    ("remove", "INBOX"): "archive",
    ("remove", "UNREAD"): "mark as read",
    ("remove", "SPAM"): "never send to Spam",
    ("remove", "IMPORTANT"): "never mark as important",
    ("add", "IMPORTANT"): "mark as important",
    ("add", "STARRED"): "star",
    ("add", "TRASH"): "move to Trash",
}


def filter_list(
    resources: Sequence[Mapping[str, Any]], labels: LabelBook, contains: str | None, maximum: int
) -> FilterList:
    """List the filters whose criteria or labels contain the words, at most `maximum`."""
    wanted = (contains or "").strip().casefold()
    built = [_filter(resource, labels) for resource in resources]
    fitting = [each for each in built if wanted in _searchable(each)]
    shown = fit(fitting[:maximum])
    omitted = []
    if more := len(fitting) - len(shown):
        how = "raise max_results or " if len(shown) == maximum else ""
        omitted.append(f"{more} more filters; {how}narrow with contains")
    return FilterList(filters=shown, total=len(resources), omitted=omitted)


def created_filter(
    resource: Mapping[str, Any],
    labels: LabelBook,
    matching: Count,
    status: Literal["created", "existed_already", "not_created"],
) -> CreatedFilter:
    """Say what became of a filter, and how much mail it matches."""
    return CreatedFilter(
        status=status,
        filter=_filter(resource, labels),
        matching_now=matching.number,
        matching_now_is_exact=matching.exact,
    )


def deleted_filter(resource: Mapping[str, Any]) -> DeletedFilter:
    """Say what was deleted. Labels stay ids: their names would take one more permission."""
    return DeletedFilter(status="deleted", filter=_filter(resource, LabelBook([])))


def _filter(resource: Mapping[str, Any], labels: LabelBook) -> MailFilter:
    criteria, action = resource.get("criteria") or {}, resource.get("action") or {}
    built = MailFilter(
        id=str(resource.get("id") or ""),
        summary="",
        labels_to_add=labels.names_of(action.get("addLabelIds") or ()),
        labels_to_remove=labels.names_of(action.get("removeLabelIds") or ()),
    )
    _add_words(built, criteria)
    _add_marks(built, criteria)
    if forward := action.get("forward"):
        built["forwards_to"] = _short(forward)
    built["summary"] = _summary(built, action)
    return built


def _add_words(built: MailFilter, criteria: Mapping[str, Any]) -> None:
    if sender := criteria.get("from"):
        built["sender"] = _short(sender)
    if recipient := criteria.get("to"):
        built["recipient"] = _short(recipient)
    if subject := criteria.get("subject"):
        built["subject"] = _short(subject)
    if query := criteria.get("query"):
        built["query"] = _short(query)
    if excluded := criteria.get("negatedQuery"):
        built["excluded_query"] = _short(excluded)


def _add_marks(built: MailFilter, criteria: Mapping[str, Any]) -> None:
    if criteria.get("hasAttachment"):
        built["has_attachment"] = True
    if (size := criteria.get("size")) and criteria.get("sizeComparison") == "smaller":
        built["smaller_than_bytes"] = int(size)
    elif size:
        built["larger_than_bytes"] = int(size)


def _summary(built: MailFilter, action: Mapping[str, Any]) -> str:
    given = (
        ("from", built.get("sender")),
        ("to", built.get("recipient")),
        ("with the subject", built.get("subject")),
        ("matching", built.get("query")),
        ("not matching", built.get("excluded_query")),
        ("larger in bytes than", built.get("larger_than_bytes")),
        ("smaller in bytes than", built.get("smaller_than_bytes")),
    )
    said = [f"{words} {value}" for words, value in given if value]
    if "has_attachment" in built:
        said.append("with an attachment")
    done = _actions("add", action.get("addLabelIds") or (), built["labels_to_add"])
    done += _actions("remove", action.get("removeLabelIds") or (), built["labels_to_remove"])
    if "forwards_to" in built:
        done.append(f"forward to {built['forwards_to']}")
    return _short(f"Mail {' and '.join(said)}: {', '.join(done)}.")


def _actions(side: Literal["add", "remove"], ids: Sequence[str], names: Sequence[str]) -> list[str]:
    plain = f"{side} label"
    return [
        _ACTIONS.get((side, id_), f'{plain} "{name}"') for id_, name in zip(ids, names, strict=True)
    ]


def _searchable(built: MailFilter) -> str:
    values = [str(value) for key, value in built.items() if key not in ("id", "summary")]
    return " ".join(values).casefold()


def _short(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"
