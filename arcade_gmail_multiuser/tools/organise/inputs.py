"""Decide which messages a bulk tool means, and which change it makes to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Failure, Search
from arcade_gmail_multiuser.gmail.organise import label_changes
from arcade_gmail_multiuser.gmail.organise.label_changes import MAX_NAMED, Change, Entry, Ledger
from arcade_gmail_multiuser.tools import checks

__all__ = ["TRIAGE", "Chosen", "changed", "chosen", "inside", "labelling"]


_BINS = frozenset({"TRASH", "SPAM"})
TRIAGE: Mapping[str, Change] = {
    "mark_read": Change(remove=("UNREAD",)),
    "mark_unread": Change(add=("UNREAD",)),
    "star": Change(add=("STARRED",)),
    "unstar": Change(remove=("STARRED",)),
    "unarchive": Change(add=("INBOX",), never_in=_BINS),
    "untrash": Change(remove=("TRASH",), untrash=True),
    "mark_important": Change(add=("IMPORTANT",)),
    "mark_not_important": Change(remove=("IMPORTANT",)),
    "mark_not_spam": Change(add=("INBOX",), remove=("SPAM",), only_with="SPAM"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """Hold either a search or ids; `refused` names what cannot be an id."""

    search: Search | None = None
    ids: tuple[str, ...] = ()
    refused: tuple[Failure, ...] = ()


def chosen(
    email_ids: Sequence[str] | None, query: str | None, *, within: Change | None = None
) -> Chosen:
    """Read which of the two ways names the messages.

    Raises:
        InvalidInput: none or both are given, there are too many ids, or the query is blank.
    """
    if bool(email_ids) == bool(query and query.strip()):
        raise InvalidInput("Give either email_ids or query: one of them, not both.")
    if email_ids:
        ids, refused = checks.identifiers("email_ids", email_ids, MAX_NAMED)
        return Chosen(ids=ids, refused=refused)
    found = Chosen(search=checks.search_query(query or "", include_spam_trash=False))
    return inside(found, within) if within else found


def inside(found: Chosen, change: Change) -> Chosen:
    """Let a search look where the messages to change are: what leaves Trash is in Trash."""
    bins = _BINS.intersection(change.remove)
    if found.search is None or not bins:
        return found
    return replace(
        found, search=replace(found.search, label_ids=tuple(bins), include_spam_trash=True)
    )


def labelling(labels: LabelBook, name: str, *, add: bool) -> Change:
    """Return the change that puts a label on or takes it off.

    Raises:
        UnknownLabel: there is no such label; the error names the closest ones.
        InvalidInput: the label is fixed.
    """
    resolved = checks.resolved_changes(labels, [name] if add else [], [] if add else [name])
    put, taken = tuple(resolved["addLabelIds"]), tuple(resolved["removeLabelIds"])
    if _BINS.intersection(put):
        # Gmail removes INBOX from what goes into a bin; named here, it can be undone.
        return Change(add=put, remove=("INBOX",))
    return Change(put, taken, untrash=taken == ("TRASH",))


async def changed(gmail: GmailClient, chosen: Chosen, change: Change) -> Ledger:
    """Change what was chosen."""
    if chosen.search is not None:
        return await label_changes.change_found(gmail, chosen.search, change)
    refused = [Entry(failure.id, "failed", error=failure.error) for failure in chosen.refused]
    return await label_changes.change_named(gmail, chosen.ids, change, refused=refused)
