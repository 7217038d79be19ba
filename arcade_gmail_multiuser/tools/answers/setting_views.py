"""From Gmail's settings to the answers of the settings tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Count
from arcade_gmail_multiuser.gmail.vacation import Responder, state_of
from arcade_gmail_multiuser.tools.answers.fitting import within
from arcade_gmail_multiuser.tools.answers.setting_shapes import (
    AliasList,
    CreatedFilter,
    DeletedFilter,
    FilterList,
    MailFilter,
    SendAsAlias,
    VacationResponder,
)
from arcade_gmail_multiuser.tools.answers.views import when

__all__ = [
    "alias_list",
    "created_filter",
    "deleted_filter",
    "filter_list",
    "vacation_responder",
]

MAX_TEXT = 500
MAX_BODY = 20_000
MAX_SIGNATURE = 2_000
MAX_ALIASES = 100

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
    resources: Sequence[Mapping[str, Any]], labels: LabelBook, contains: str | None, most: int
) -> FilterList:
    """Shape the filters whose criteria or labels contain the words, at most so many."""
    wanted = (contains or "").strip().casefold()
    shaped = [_filter(resource, labels) for resource in resources]
    fitting = [each for each in shaped if wanted in _searchable(each)]
    shown = within(fitting[:most])
    omitted = []
    if more := len(fitting) - len(shown):
        how = "raise max_results or " if len(shown) == most else ""
        omitted.append(f"{more} more filters; {how}narrow with contains")
    return FilterList(filters=shown, total=len(resources), omitted=omitted)


def created_filter(
    resource: Mapping[str, Any],
    labels: LabelBook,
    matching: Count,
    status: Literal["created", "existed_already", "not_created"],
) -> CreatedFilter:
    return CreatedFilter(
        status=status,
        filter=_filter(resource, labels),
        matching_now=matching.number,
        matching_now_is_exact=matching.exact,
    )


def deleted_filter(resource: Mapping[str, Any]) -> DeletedFilter:
    """Say what was deleted. Labels stay ids: their names would take one more permission."""
    return DeletedFilter(status="deleted", filter=_filter(resource, LabelBook([])))


def vacation_responder(
    responder: Responder, zone: ZoneInfo, now: datetime, *, include_html: bool
) -> VacationResponder:
    text = html_to_text(responder.html).text if responder.html else responder.plain
    shaped = VacationResponder(
        state=state_of(responder, now),
        enabled=responder.enabled,
        subject=responder.subject[:MAX_TEXT],
        body=text[:MAX_BODY],
        start=when(responder.start, zone),
        end=when(responder.end, zone),
        only_contacts=responder.only_contacts,
        only_domain=responder.only_domain,
    )
    html = responder.html if include_html else ""
    if html:
        shaped["html_body"] = html[:MAX_BODY]
    if len(text) > MAX_BODY or len(html) > MAX_BODY:
        shaped["truncated"] = True
    return shaped


def alias_list(resources: Sequence[Mapping[str, Any]], *, include_html: bool) -> AliasList:
    """Shape the addresses, the primary one first."""
    ordered = sorted(resources, key=lambda each: not each.get("isPrimary"))
    shown = within([_alias(each, include_html=include_html) for each in ordered[:MAX_ALIASES]])
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


def _filter(resource: Mapping[str, Any], labels: LabelBook) -> MailFilter:
    criteria, action = resource.get("criteria") or {}, resource.get("action") or {}
    shaped = MailFilter(
        id=str(resource.get("id") or ""),
        summary="",
        labels_to_add=labels.names_of(action.get("addLabelIds") or ()),
        labels_to_remove=labels.names_of(action.get("removeLabelIds") or ()),
    )
    _add_words(shaped, criteria)
    _add_marks(shaped, criteria)
    if forward := action.get("forward"):
        shaped["forwards_to"] = _short(forward)
    shaped["summary"] = _summary(shaped, action)
    return shaped


def _add_words(shaped: MailFilter, criteria: Mapping[str, Any]) -> None:
    if sender := criteria.get("from"):
        shaped["sender"] = _short(sender)
    if recipient := criteria.get("to"):
        shaped["recipient"] = _short(recipient)
    if subject := criteria.get("subject"):
        shaped["subject"] = _short(subject)
    if query := criteria.get("query"):
        shaped["query"] = _short(query)
    if excluded := criteria.get("negatedQuery"):
        shaped["excluded_query"] = _short(excluded)


def _add_marks(shaped: MailFilter, criteria: Mapping[str, Any]) -> None:
    if criteria.get("hasAttachment"):
        shaped["has_attachment"] = True
    if (size := criteria.get("size")) and criteria.get("sizeComparison") == "smaller":
        shaped["smaller_than_bytes"] = int(size)
    elif size:
        shaped["larger_than_bytes"] = int(size)


def _summary(shaped: MailFilter, action: Mapping[str, Any]) -> str:
    given = (
        ("from", shaped.get("sender")),
        ("to", shaped.get("recipient")),
        ("with the subject", shaped.get("subject")),
        ("matching", shaped.get("query")),
        ("not matching", shaped.get("excluded_query")),
        ("larger in bytes than", shaped.get("larger_than_bytes")),
        ("smaller in bytes than", shaped.get("smaller_than_bytes")),
    )
    said = [f"{words} {value}" for words, value in given if value]
    if "has_attachment" in shaped:
        said.append("with an attachment")
    done = _deeds("add", action.get("addLabelIds") or (), shaped["labels_to_add"])
    done += _deeds("remove", action.get("removeLabelIds") or (), shaped["labels_to_remove"])
    if "forwards_to" in shaped:
        done.append(f"forward to {shaped['forwards_to']}")
    return _short(f"Mail {' and '.join(said)}: {', '.join(done)}.")


def _deeds(side: Literal["add", "remove"], ids: Sequence[str], names: Sequence[str]) -> list[str]:
    plain = f"{side} label"
    return [
        _ACTIONS.get((side, id_), f'{plain} "{name}"') for id_, name in zip(ids, names, strict=True)
    ]


def _searchable(shaped: MailFilter) -> str:
    values = [str(value) for key, value in shaped.items() if key not in ("id", "summary")]
    return " ".join(values).casefold()


def _short(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"
