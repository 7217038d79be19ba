"""Store the labels of one mailbox: Gmail's own and the user's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from arcade_gmail_local.sandbox.discovery import load_document
from arcade_gmail_local.sandbox.google_error import (
    GoogleError,
    invalid,
    invalid_label,
    label_exists,
    not_found,
)

MAX_LABELS = 10_000
MAX_NAME_LENGTH = 225
MAX_PER_SIDE = 100

_SYSTEM_HIDDEN = ("CHAT", "IMPORTANT", "TRASH", "SPAM")
_SYSTEM = [
    "CHAT",
    "SENT",
    "INBOX",
    "IMPORTANT",
    "TRASH",
    "DRAFT",
    "SPAM",
    "CATEGORY_FORUMS",
    "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_SOCIAL",
    "YELLOW_STAR",
    "STARRED",
    "UNREAD",
]
IMMUTABLE = frozenset({"SENT", "DRAFT", "CHAT"})

# The English and the commonest localised names that Gmail reserves.
_RESERVED = frozenset(
    (files("arcade_gmail_local.sandbox.mail") / "reserved_label_names.txt")
    .read_text(encoding="utf-8")
    .splitlines()
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SEARCH_DASH = re.compile(r"[\s/&]+")
_SEARCH_ALIASES = {"drafts": "DRAFT", "draft": "DRAFT", "chats": "CHAT"}


@dataclass(frozen=True, slots=True)
class Label:
    id: str
    name: str
    type: str = "user"
    message_list_visibility: str | None = None
    label_list_visibility: str | None = None
    color: tuple[str, str] | None = None
    """(text colour, background colour)"""

    def resource(self) -> dict[str, Any]:
        given = {
            "id": self.id,
            "name": self.name,
            "messageListVisibility": self.message_list_visibility,
            "labelListVisibility": self.label_list_visibility,
            "type": self.type,
        }
        found: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if self.color:
            found["color"] = {"textColor": self.color[0], "backgroundColor": self.color[1]}
        return found


class LabelStore:
    """Keep labels in the order Gmail lists them, refusing what Gmail refuses."""

    def __init__(self) -> None:
        self._labels = {name: _system_label(name) for name in _SYSTEM}
        self._next = 1

    def all(self) -> list[Label]:
        return list(self._labels.values())

    def __contains__(self, label_id: object) -> bool:
        return label_id in self._labels

    def get(self, label_id: str) -> Label:
        if label_id not in self._labels:
            raise not_found()
        return self._labels[label_id]

    def create(self, fields: Mapping[str, Any]) -> Label:
        if len(self._labels) >= MAX_LABELS:
            raise invalid("Label limit exceeded")
        label = self._store(_user_label(f"Label_{self._next}"), {"name": None, **fields})
        self._next += 1
        return label

    def update(self, label_id: str, fields: Mapping[str, Any]) -> Label:
        """Replace a user label; absent fields fall back to their defaults."""
        self._check_own(label_id, fields)
        return self._store(_user_label(label_id), {"name": None, **fields})

    def patch(self, label_id: str, fields: Mapping[str, Any]) -> Label:
        """Change only the fields that are present."""
        self._check_own(label_id, fields)
        return self._store(self._labels[label_id], fields)

    def delete(self, label_id: str) -> None:
        if self.get(label_id).type == "system":
            raise invalid("Invalid delete request")
        del self._labels[label_id]

    def check_change(self, add: Iterable[str], remove: Iterable[str]) -> tuple[set[str], set[str]]:
        """Check a change of labels and return both sides as sets."""
        adding, removing = set(add), set(remove)
        if not adding and not removing:
            raise invalid("No label add or removes specified")
        if len(adding) > MAX_PER_SIDE or len(removing) > MAX_PER_SIDE:
            raise invalid("Too many label ids")
        for label in [*add, *remove]:
            if label not in self._labels or label in IMMUTABLE:
                raise invalid_label(label)
        if both := adding & removing:
            raise invalid(f"Cannot both add and remove the same label: {min(both)}")
        return adding, removing

    def check_known(self, label_ids: Iterable[str], *, but: frozenset[str] = frozenset()) -> None:
        for label in label_ids:
            if label not in self._labels or label in but:
                raise invalid_label(label)

    def named_in_search(self, value: str) -> str | None:
        """Find the label that `label:value` means; blanks, `/` and `&` in names match dashes."""
        wanted = _for_search(value)
        if wanted in _SEARCH_ALIASES:
            return _SEARCH_ALIASES[wanted]
        for label in self._labels.values():
            if _for_search(label.name) == wanted:
                return label.id
        return None

    def _check_own(self, label_id: str, fields: Mapping[str, Any]) -> None:
        if self.get(label_id).type == "system":
            raise invalid_label(label_id)
        if fields.get("id", label_id) != label_id:
            raise invalid("Label id in the request body does not match the id in the path")

    def _store(self, label: Label, fields: Mapping[str, Any]) -> Label:
        """Store a label with some fields changed, once all of them are valid."""
        changes: dict[str, Any] = {}
        if "name" in fields:
            changes["name"] = self._free_name(fields["name"], label.id)
        if "messageListVisibility" in fields:
            changes["message_list_visibility"] = fields["messageListVisibility"]
        if "labelListVisibility" in fields:
            changes["label_list_visibility"] = fields["labelListVisibility"]
        if "color" in fields:
            changes["color"] = _color(fields["color"])
        self._labels[label.id] = replace(label, **changes)
        return self._labels[label.id]

    def _free_name(self, name: Any, label_id: str | None) -> str:
        """Check that a name is valid and not taken, ignoring case."""
        stripped = name.strip() if isinstance(name, str) else ""
        if not _is_valid_name(stripped):
            raise invalid("Invalid label name")
        for label in self._labels.values():
            if label.id != label_id and label.name.casefold() == stripped.casefold():
                raise label_exists()
        return stripped


def _user_label(label_id: str) -> Label:
    return Label(label_id, "", message_list_visibility="show", label_list_visibility="labelShow")


def _system_label(name: str) -> Label:
    if name in _SYSTEM_HIDDEN or name.startswith("CATEGORY_"):
        return Label(name, name, "system", "hide", "labelHide")
    return Label(name, name, "system")


def _is_valid_name(name: str) -> bool:
    return bool(
        name
        and len(name) <= MAX_NAME_LENGTH
        and name.casefold() not in _RESERVED
        and name.upper() not in _SYSTEM
        and not _CONTROL.search(name)
        and all(part.strip() for part in name.split("/"))
    )


def _for_search(name: str) -> str:
    return _SEARCH_DASH.sub("-", name.strip()).casefold()


def _palette() -> frozenset[str]:
    described = load_document()["schemas"]["LabelColor"]["properties"]["textColor"]["description"]
    return frozenset(re.findall(r"#[0-9a-f]{6}", described))


def _color(given: Any) -> tuple[str, str] | None:
    if not given:
        return None
    text, background = given.get("textColor", ""), given.get("backgroundColor", "")
    if not {text.lower(), background.lower()} <= _palette():
        raise _bad_color(text, background)
    return text.lower(), background.lower()


def _bad_color(text: str, background: str) -> GoogleError:
    return invalid(f"Label color {text}, {background} is not on the allowed color palette")
