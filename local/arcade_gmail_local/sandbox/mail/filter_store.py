"""Store the filters of one mailbox, refusing what Gmail refuses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.sandbox.google_error import (
    GoogleError,
    failed_precondition,
    invalid,
    not_found,
)
from arcade_gmail_local.sandbox.mail.ids import IdGenerator
from arcade_gmail_local.sandbox.mail.label_store import IMMUTABLE, LabelStore

MAX_FILTERS = 1_000


@dataclass(frozen=True, slots=True, repr=False)
class MailFilter:
    """One filter; `criteria` and `action` hold only non-empty fields."""

    id: str
    criteria: Mapping[str, Any]
    action: Mapping[str, Any]

    def resource(self) -> dict[str, Any]:
        return {"id": self.id, "criteria": dict(self.criteria), "action": dict(self.action)}


class FilterStore:
    """Keep filters in the order they were created. They cannot be changed."""

    def __init__(self, ids: IdGenerator) -> None:
        self._ids = ids
        self._filters: dict[str, MailFilter] = {}

    def all(self) -> list[MailFilter]:
        return list(self._filters.values())

    def get(self, filter_id: str) -> MailFilter:
        if filter_id not in self._filters:
            raise not_found()
        return self._filters[filter_id]

    def create(
        self, fields: Mapping[str, Any], labels: LabelStore, forwarding: Collection[str]
    ) -> MailFilter:
        """Create a filter.

        Args:
            forwarding: the verified addresses, the only ones it may forward to.
        """
        criteria = _criteria(fields.get("criteria") or {})
        action = _action(fields.get("action") or {}, labels, forwarding)
        for known in self._filters.values():
            if (known.criteria, known.action) == (criteria, action):
                raise failed_precondition("Filter already exists")
        if len(self._filters) >= MAX_FILTERS:
            # As reported of Gmail: one filter too many is answered with a server error.
            raise GoogleError(500, "Backend Error", "backendError")
        made = MailFilter(self._ids.filter_id(), criteria, action)
        self._filters[made.id] = made
        return made

    def delete(self, filter_id: str) -> None:
        del self._filters[self.get(filter_id).id]


def _criteria(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in given.items() if value not in ("", False, 0)}
    if kept.get("sizeComparison") == "unspecified" or "size" not in kept:
        kept.pop("sizeComparison", None)
    if kept.get("size", 1) < 0:
        raise invalid("Invalid size")
    if "subject" in kept:
        kept["subject"] = " ".join(kept["subject"].split())
    if not kept:
        raise invalid("Filter criteria required")
    return kept


def _action(
    given: Mapping[str, Any], labels: LabelStore, forwarding: Collection[str]
) -> dict[str, Any]:
    kept = {name: value for name, value in given.items() if value}
    adding, removing = kept.get("addLabelIds", []), kept.get("removeLabelIds", [])
    labels.check_known([*adding, *removing], but=IMMUTABLE)
    if len([label for label in adding if labels.get(label).type == "user"]) > 1:
        raise invalid("Too many user labels")
    # An empty address counts as absent; an unverified one, or anything else, is refused.
    if "forward" in kept and kept["forward"].lower() not in forwarding:
        raise failed_precondition("Unrecognized forwarding address")
    if not kept:
        raise invalid("Filter action required")
    return kept
