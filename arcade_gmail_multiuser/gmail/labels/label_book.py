"""Look up a mailbox's labels: by the names that people use, by the ids that Gmail wants."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arcade_gmail_multiuser.errors import AuthorizationError, GmailMultiuserError, UnknownLabel
from arcade_gmail_multiuser.gmail.api.client import GmailClient

__all__ = ["FIXED", "LabelBook", "label_book", "label_counts", "label_resources"]

MAX_SUGGESTIONS = 5
_MAX_NAME = 225  # Gmail's limit for a label's name

# What people call the labels that Gmail itself made.
FIXED = frozenset({"SENT", "DRAFT", "CHAT"})
"""Nobody can add or remove these."""

_FRIENDLY = {
    "inbox": "INBOX",
    "sent": "SENT",
    "sent mail": "SENT",
    "draft": "DRAFT",
    "drafts": "DRAFT",
    "spam": "SPAM",
    "junk": "SPAM",
    "trash": "TRASH",
    "bin": "TRASH",
    "starred": "STARRED",
    "star": "STARRED",
    "important": "IMPORTANT",
    "unread": "UNREAD",
    "chat": "CHAT",
    "chats": "CHAT",
    "primary": "CATEGORY_PERSONAL",
    "personal": "CATEGORY_PERSONAL",
    "social": "CATEGORY_SOCIAL",
    "promotions": "CATEGORY_PROMOTIONS",
    "updates": "CATEGORY_UPDATES",
    "forums": "CATEGORY_FORUMS",
}


class LabelBook:
    """Look labels up in what `users.labels.list` answered.

    An exact id wins over any name, because ids come from programs and mean one label only; then
    an exact name, then a name in other letter case, then the usual words for Gmail's own labels.
    """

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        self._names = {str(label["id"]): str(label.get("name", label["id"])) for label in resources}
        self._by_name = {name: label_id for label_id, name in self._names.items()}
        self._by_folded: dict[str, list[str]] = {}
        for label_id, name in self._names.items():
            self._by_folded.setdefault(_folded(name), []).append(label_id)

    def id_of(self, name_or_id: str) -> str:
        """Return the id of the label with this name or id, in any letter case.

        Raises:
            UnknownLabel: there is none, or several differ only in case and none is spelt so.
        """
        exact = name_or_id.strip()
        if exact in self._names:
            return exact
        if exact in self._by_name:
            return self._by_name[exact]
        folded = _folded(name_or_id)
        same = self._by_folded.get(folded, [])
        if len(same) > 1:
            names = tuple(self._names[label_id] for label_id in same)[:MAX_SUGGESTIONS]
            raise UnknownLabel(
                f"Several labels differ only in letter case: {_listed(names)}. "
                "Spell one of them exactly.",
                closest=names,
            )
        if same:
            return same[0]
        for candidate in (_FRIENDLY.get(folded, ""), exact.upper()):
            if candidate in self._names:
                return candidate
        raise self._unknown(folded)

    def named(self, name: str) -> str | None:
        """Return the id of the label that people would say has this name, or None.

        Unlike `id_of` it takes neither ids nor the usual words for Gmail's own labels.
        """
        same = self._by_folded.get(_folded(name), [])
        return same[0] if same else None

    def nested_under(self, name: str) -> list[str]:
        """Return the names of the labels below this one, at any depth, in order."""
        parent = _folded(name) + "/"
        return sorted(own for own in self._names.values() if _folded(own).startswith(parent))

    def name_of(self, label_id: str) -> str:
        """Return the label's name; of an id that is not in the book, the id itself."""
        return self._names.get(label_id, label_id)

    def names_of(self, label_ids: Iterable[str]) -> list[str]:
        """Return the names of many ids, in their order."""
        return [self.name_of(label_id) for label_id in label_ids]

    def _unknown(self, folded: str) -> UnknownLabel:
        if not folded:
            return UnknownLabel("The label's name is blank. Give a name or an id.")
        closest = self._closest(folded[:_MAX_NAME])
        hint = f"The closest are: {_listed(closest)}." if closest else ""
        return UnknownLabel(
            f"There is no label of that name. {hint} ListLabels shows all of them.".replace(
                "  ", " "
            ),
            closest=closest,
        )

    def _closest(self, folded: str) -> tuple[str, ...]:
        """Find names that hold the words asked for, or nearly spell them; best first."""
        within = [
            name for name in self._by_folded if folded in name.split("/") or folded in name.split()
        ]
        alike = difflib.get_close_matches(folded, self._by_folded, n=MAX_SUGGESTIONS)
        names = dict.fromkeys(self._names[self._by_folded[key][0]] for key in [*within, *alike])
        return tuple(names)[:MAX_SUGGESTIONS]


def _folded(name: str) -> str:
    """Return what names that people would call the same have in common."""
    parts = (" ".join(part.split()) for part in unicodedata.normalize("NFC", name).split("/"))
    return unicodedata.normalize("NFC", "/".join(parts).casefold())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


async def label_resources(gmail: GmailClient) -> list[dict[str, Any]]:
    """Return the label resources as Gmail lists them, without counts."""
    answer = await gmail.call("users.labels.list")
    return list(answer.get("labels") or ())


async def label_book(gmail: GmailClient) -> LabelBook:
    """Return the names and ids of all labels."""
    return LabelBook(await label_resources(gmail))


async def label_counts(
    gmail: GmailClient, ids: Sequence[str]
) -> dict[str, dict[str, Any] | GmailMultiuserError]:
    """Return each label with its four counts, or why they could not be read."""
    answers = await gmail.call_each("users.labels.get", [{"id": id_} for id_ in ids])
    refusals = [answer for answer in answers if isinstance(answer, AuthorizationError)]
    if refusals and len(refusals) == len(answers):
        raise refusals[0]
    return dict(zip(ids, answers, strict=True))
