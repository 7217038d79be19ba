"""Apply a mailbox's filters to a message before it is stored; stored mail is not filtered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.stored_message import StoredMessage
from arcade_gmail_local.sandbox.search.matching import SearchContext, compile_search
from arcade_gmail_local.sandbox.search.query import AllOf, Field, Node, Not, parse_query


@dataclass(frozen=True, slots=True)
class FilterResult:
    """The labels that filters leave a message with, and the addresses to forward it to."""

    labels: frozenset[str]
    forward_to: tuple[str, ...] = ()


async def apply_filters(
    mailbox: Mailbox, raw: bytes, labels: Collection[str], now_ms: int
) -> FilterResult:
    """Combine what all matching filters do to a message that arrives with these labels."""
    filters = mailbox.settings.filters.all()
    if not filters:
        return FilterResult(frozenset(labels))
    context = SearchContext(
        me=mailbox.email, now_s=now_ms / 1000, label_named=mailbox.labels.named_in_search
    )
    probe = StoredMessage("", "", raw, now_ms, labels=set(labels))
    adding: set[str] = set()
    removing: set[str] = set()
    forward: dict[str, None] = {}
    for each in filters:
        if await compile_search(_search(each.criteria), context)(probe):
            adding |= {i for i in each.action.get("addLabelIds", ()) if i in mailbox.labels}
            removing |= set(each.action.get("removeLabelIds", ()))
            if to := each.action.get("forward"):
                forward[to] = None
    if "TRASH" in adding:
        removing |= {"INBOX", "SPAM"}
    if any(label.startswith("CATEGORY_") for label in adding):
        removing |= {label for label in labels if label.startswith("CATEGORY_")} - adding
    return FilterResult(frozenset((set(labels) | adding) - removing), tuple(forward))


def _search(criteria: Mapping[str, Any]) -> Node:
    # A trailing @ ("jane@") is any domain, which searching by whole words means already.
    people = [name for name in ("from", "to") if name in criteria]
    nodes: list[Node] = [parse_query(f"{name}:({criteria[name]})") for name in people]
    if subject := criteria.get("subject"):
        nodes.append(Field("subject", subject))
    if query := criteria.get("query"):
        nodes.append(parse_query(query))
    if negated := criteria.get("negatedQuery"):
        nodes.append(Not(parse_query(negated)))
    if criteria.get("hasAttachment"):
        nodes.append(Field("has", "attachment"))
    if size := criteria.get("size"):
        smaller = criteria.get("sizeComparison") == "smaller"
        nodes.append(Field("smaller" if smaller else "larger", str(size)))
    return AllOf(tuple(nodes))
