"""Create, rename and delete the user's own labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    Conflict,
    GmailMultiuserError,
    InvalidInput,
    OutcomeUnknown,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook, label_resources

__all__ = ["EditedLabel", "create_label", "delete_label", "label_name", "rename_label"]

MAX_NAME = 225
"""Gmail's limit, all levels and their slashes together."""

LOOK = ("labelListVisibility", "messageListVisibility", "color")
"""What of a label resource says how the label is shown."""

_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class EditedLabel:
    """A label as it is after a change, and what was found out about its neighbours."""

    id: str
    name: str
    previous_name: str = ""
    changed: bool = True
    missing_parent: str = ""
    nested: tuple[str, ...] = ()
    messages: int | None = None
    look: Mapping[str, Any] = field(default_factory=dict)


def label_name(parameter: str, given: str) -> str:
    """Return the name with blanks tidied, or refuse what Gmail would not take.

    Raises:
        InvalidInput: blank, too long, or with an empty level as in "Work//Q3".
    """
    if _NOT_IN_A_NAME.search(given):
        raise InvalidInput(f"{parameter} holds a control character or half of one. Remove it.")
    levels = [" ".join(level.split()) for level in given.split("/")]
    if not all(levels):
        raise InvalidInput(
            f'{parameter} has a blank level. Write a name such as "Work", or "Work/Q3" for a '
            "label inside another."
        )
    name = "/".join(levels)
    if len(name) > MAX_NAME:
        raise InvalidInput(f"{parameter} may have at most {MAX_NAME} characters.")
    return name


async def create_label(
    gmail: GmailClient, name: str, look: Mapping[str, Any] | None = None
) -> EditedLabel:
    """Make a label, shown everywhere unless `look` says otherwise; a lost answer is looked up.

    Raises:
        Conflict: there is one of that name, in whatever letter case; the error names it.
    """
    book = LabelBook(await label_resources(gmail))
    if existing := book.named(name):
        raise _exists(book.name_of(existing))
    shown = {"labelListVisibility": "labelShow", "messageListVisibility": "show"}
    body = {"name": name, **(shown if look is None else look)}
    try:
        made = await gmail.call("users.labels.create", body=body)
    except OutcomeUnknown:
        book = LabelBook(await label_resources(gmail))
        found = book.named(name)
        if found is None:
            raise
        made = {"id": found, "name": book.name_of(found)}
    return EditedLabel(
        str(made.get("id", "")), str(made.get("name", name)), missing_parent=_orphan(book, name)
    )


async def rename_label(gmail: GmailClient, current: str, name: str) -> EditedLabel:
    """Rename a label of the user's; it keeps its id and its messages.

    Raises:
        UnknownLabel: there is none to rename; names the closest.
        InvalidInput: it is one of Gmail's own.
        Conflict: another label has the new name, in whatever letter case.
    """
    resources = await label_resources(gmail)
    book = LabelBook(resources)
    id_ = _own(resources, book, current)
    before = book.name_of(id_)
    existing = book.named(name)
    if existing is not None and existing != id_:
        raise _exists(book.name_of(existing))
    if before == name:
        return EditedLabel(id_, name, before, changed=False)
    answer = await gmail.call("users.labels.patch", id=id_, body={"name": name})
    return EditedLabel(
        id_,
        str(answer.get("name") or name),
        before,
        missing_parent=_orphan(book, name),
        nested=tuple(book.nested_under(before)),
    )


async def delete_label(gmail: GmailClient, name: str) -> EditedLabel:
    """Delete a label of the user's; its messages stay.

    Raises:
        UnknownLabel: there is none; names the closest.
        InvalidInput: it is one of Gmail's own.
    """
    resources = await label_resources(gmail)
    book = LabelBook(resources)
    id_ = _own(resources, book, name)
    messages: int | None
    label = next((label for label in resources if label.get("id") == id_), {})
    try:
        label = await gmail.call("users.labels.get", id=id_)
        messages = int(label.get("messagesTotal") or 0)
    except AuthorizationError:
        raise
    except GmailMultiuserError:
        messages = None  # a courtesy; deleting does not hang on it
    await gmail.call("users.labels.delete", id=id_)
    kept = book.name_of(id_)
    return EditedLabel(
        id_,
        kept,
        nested=tuple(book.nested_under(kept)),
        messages=messages,
        look={part: label[part] for part in LOOK if label.get(part)},
    )


def _own(resources: Sequence[Mapping[str, Any]], book: LabelBook, name: str) -> str:
    id_ = book.id_of(name)
    kind = next((label.get("type") for label in resources if label.get("id") == id_), "user")
    if kind == "system":
        raise InvalidInput(
            f"{book.name_of(id_)} is one of Gmail's own labels: it can be neither renamed nor "
            "deleted. ListLabels tells which labels are the user's."
        )
    return id_


def _exists(name: str) -> Conflict:
    return Conflict(f'There is a label "{name}" already. Use it, or choose another name.')


def _orphan(book: LabelBook, name: str) -> str:
    parent = name.rpartition("/")[0]
    return parent if parent and book.named(parent) is None else ""
