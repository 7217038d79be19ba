"""Change the labels of messages, one or many, and report of each what became of it.

`messages.batchModify` is the one call that changes a thousand messages, and it says nothing of
any of them: ids that do not exist are passed over. So what each message had before is found out
first, and that decides what counts as changed. Ids that a caller names are read one by one (20
quota units each, hence `MAX_NAMED`). For a search it is cheaper: the same search narrowed to one
label tells which of its messages have that label already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    GmailMultiuserError,
    InvalidInput,
    NotFound,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.labels.label_book import FIXED
from arcade_gmail_multiuser.gmail.messages.fetch import Search, list_messages
from arcade_gmail_multiuser.gmail.organise.undo_token import MAX_MESSAGES, Step

__all__ = [
    "MAX_NAMED",
    "Change",
    "Entry",
    "Ledger",
    "OneChange",
    "change_found",
    "change_known",
    "change_named",
    "change_one",
    "difference",
    "steps_of",
]

MAX_NAMED = 200
"""Messages named by id in one call: 4,000 of the 6,000 quota units that a user has a minute."""

MAX_UNTRASHED = 500
"""Each costs a call of its own."""

MAX_PAGES, PAGE_SIZE = 10, 500
"""How far a search is followed: its 5,000 newest messages."""

Outcome = Literal["changed", "already", "not_found", "failed"]
Labels = frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """Labels, by id, to add to and remove from a message.

    Args:
        only_with: a message without this label is as it should be already.
        never_in: a message with one of these labels is left alone, as a failure.
        untrash: take it out of Trash, with the call that Gmail has for that.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    only_with: str | None = None
    never_in: Labels = frozenset()
    untrash: bool = False

    def involved(self) -> Labels:
        """Return the labels that decide what the change does to a message."""
        more = {self.only_with} if self.only_with else set()
        return frozenset({*self.add, *self.remove, *more})

    def effect(self, labels: Labels) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what a message with these labels gains and loses; nothing if it is so already."""
        if self.only_with and self.only_with not in labels:
            return (), ()
        gained = tuple(label for label in self.add if label not in labels)
        return gained, tuple(label for label in self.remove if label in labels)


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """What became of one message; `added` and `removed` are what really changed."""

    id: str
    outcome: Outcome
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    error: GmailMultiuserError | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Ledger:
    """Every message that was asked for, each once. `more`: others match and were not reached."""

    entries: tuple[Entry, ...]
    more: bool = False

    def count(self, outcome: Outcome) -> int:
        """Return how many ended this way."""
        return sum(entry.outcome == outcome for entry in self.entries)


@dataclass(frozen=True, slots=True, repr=False)
class OneChange:
    """One message's labels before and after."""

    id: str
    thread_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


async def change_one(gmail: GmailClient, id_: str, change: Change) -> OneChange:
    """Change one message; every error is raised. One that is so already is not written to."""
    resource = await gmail.call("users.messages.get", id=id_, format="minimal")
    before = _labels_of(resource)
    thread_id = str(resource.get("threadId") or "")
    if not any(change.effect(frozenset(before))):
        return OneChange(id_, thread_id, before, before)
    _refuse(change, frozenset(before))
    answer = await gmail.call("users.messages.modify", id=id_, body=_body(change))
    return OneChange(id_, thread_id, before, _labels_of(answer))


async def change_named(
    gmail: GmailClient, ids: Sequence[str], change: Change, *, refused: Iterable[Entry] = ()
) -> Ledger:
    """Change the messages with these ids; `refused` are those that were no ids.

    Raises:
        GmailMultiuserError: nothing was changed, and this is why.
    """
    entries: dict[str, Entry] = {}
    states: dict[str, Labels] = {}
    for id_, answer in zip(ids, await _read_each(gmail, ids), strict=True):
        if isinstance(answer, GmailMultiuserError):
            entries[id_] = _failure(id_, answer)
            continue
        states[id_] = frozenset(_labels_of(answer))
        try:
            _refuse(change, states[id_])
        except InvalidInput as error:
            if any(change.effect(states.pop(id_))):
                entries[id_] = _failure(id_, error)
            else:
                entries[id_] = Entry(id_, "already")
    entries |= {entry.id: entry for entry in await change_known(gmail, states, change)}
    return _honest(Ledger((*refused, *(entries[id_] for id_ in ids))))


async def change_found(gmail: GmailClient, search: Search, change: Change) -> Ledger:
    """Change what a search finds, at most `MAX_MESSAGES` that need it; drafts are left alone.

    Repeating the same call goes on where this one stopped.

    Raises:
        GmailMultiuserError: nothing was changed, and this is why.
    """
    states, cut = await _states_of(gmail, search, change)
    most = MAX_UNTRASHED if change.untrash else MAX_MESSAGES
    needing = [id_ for id_, labels in states.items() if any(change.effect(labels))]
    for id_ in needing[most:]:
        del states[id_]
    entries = await change_known(gmail, states, change)
    return _honest(Ledger(tuple(entries), more=cut or len(needing) > most))


async def change_known(
    gmail: GmailClient, states: Mapping[str, Labels], change: Change
) -> list[Entry]:
    """Change messages whose labels are known, at most `MAX_MESSAGES` of them in need of it.

    Raises:
        AuthorizationError: the person has to connect, or to grant more.
    """
    effects = {id_: change.effect(labels) for id_, labels in states.items()}
    needing = [id_ for id_, effect in effects.items() if any(effect)]
    failures = await _apply(gmail, needing, change) if needing else {}
    entries = []
    for id_, (added, removed) in effects.items():
        if id_ in failures:
            entries.append(_failure(id_, failures[id_]))
        elif added or removed:
            entries.append(Entry(id_, "changed", added, removed))
        else:
            entries.append(Entry(id_, "already"))
    return entries


def difference(id_: str, before: Iterable[str], after: Iterable[str]) -> Entry:
    """Tell what a message gained and lost, leaving aside what cannot be changed."""
    had, has = set(before) - FIXED, set(after) - FIXED
    added, removed = tuple(sorted(has - had)), tuple(sorted(had - has))
    return Entry(id_, "changed" if added or removed else "already", added, removed)


def steps_of(entries: Iterable[Entry]) -> list[Step]:
    """Group what changed into steps that can be undone."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for entry in entries:
        if entry.outcome == "changed":
            groups.setdefault((entry.added, entry.removed), []).append(entry.id)
    return [Step(added, removed, tuple(ids)) for (added, removed), ids in groups.items()]


async def _apply(
    gmail: GmailClient, ids: Sequence[str], change: Change
) -> dict[str, GmailMultiuserError]:
    """Change them all and return those that failed."""
    if change.untrash:
        answers = await gmail.call_each("users.messages.untrash", [{"id": id_} for id_ in ids])
        pairs = zip(ids, answers, strict=True)
        return {id_: a for id_, a in pairs if isinstance(a, GmailMultiuserError)}
    body = {"ids": list(ids), **_body(change)}
    try:
        await gmail.call("users.messages.batchModify", body=body)
    except AuthorizationError:
        raise
    except GmailMultiuserError as error:
        return dict.fromkeys(ids, error)
    return {}


async def _read_each(
    gmail: GmailClient, ids: Sequence[str]
) -> Sequence[dict[str, Any] | GmailMultiuserError]:
    shape = {"format": "minimal", "fields": "id,threadId,labelIds"}
    return await gmail.call_each("users.messages.get", [{"id": id_, **shape} for id_ in ids])


async def _states_of(
    gmail: GmailClient, search: Search, change: Change
) -> tuple[dict[str, Labels], bool]:
    """Find which messages match and which of the labels in question each of them has."""
    ids, cut = await _all_ids(gmail, search)
    states: dict[str, set[str]] = {id_: set() for id_ in ids}
    for label in sorted(change.involved() - set(search.label_ids)):
        having, _ = await _all_ids(gmail, replace(search, label_ids=(*search.label_ids, label)))
        for id_ in having:
            # One that the first listing did not reach, or that came in between, may be new here.
            if id_ in states or label in change.remove:
                states.setdefault(id_, set()).add(label)
    for labels in states.values():
        labels.update(search.label_ids)
    if change.add:
        drafts, _ = await _all_ids(gmail, replace(search, label_ids=(*search.label_ids, "DRAFT")))
        for id_ in drafts:
            states.pop(id_, None)
    return {id_: frozenset(labels) for id_, labels in states.items()}, cut


async def _all_ids(gmail: GmailClient, search: Search) -> tuple[list[str], bool]:
    """List the newest messages of a search, and say whether there are older ones."""
    ids: dict[str, None] = {}
    token = None
    for _ in range(MAX_PAGES):
        page = await list_messages(gmail, search, PAGE_SIZE, token)
        ids |= dict.fromkeys(page.ids)
        token = page.next_token
        if token is None:
            break
    return list(ids), token is not None


def _honest(ledger: Ledger) -> Ledger:
    """Raise what went wrong if nothing at all is as it was asked for."""
    if not any(entry.outcome in ("changed", "already") for entry in ledger.entries):
        for entry in ledger.entries:
            if entry.outcome == "failed" and entry.error is not None:
                raise entry.error
    return ledger


def _refuse(change: Change, labels: Labels) -> None:
    if change.add and "DRAFT" in labels:
        raise InvalidInput("This is a draft, and a draft carries no other label.")
    if change.never_in & labels:
        raise InvalidInput(
            "This message is in Trash or Spam. Take it out first, with TriageEmails untrash or "
            "mark_not_spam."
        )


def _failure(id_: str, error: GmailMultiuserError) -> Entry:
    return Entry(id_, "not_found" if isinstance(error, NotFound) else "failed", error=error)


def _body(change: Change) -> dict[str, Any]:
    return {"addLabelIds": list(change.add), "removeLabelIds": list(change.remove)}


def _labels_of(resource: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(resource.get("labelIds") or ())
