"""The short answers: what was sent, stored, changed, counted, and whose mailbox it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.gmail.compose.drafts import Draft
from arcade_gmail_multiuser.gmail.compose.mime import OutgoingMessage
from arcade_gmail_multiuser.gmail.compose.send import Sent
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.gmail.messages.fetch import Count, Failure, Page
from arcade_gmail_multiuser.gmail.organise.label_changes import Entry, difference, steps_of
from arcade_gmail_multiuser.gmail.organise.undo_token import seal
from arcade_gmail_multiuser.tools.answers.fitting import ANSWER, FRAME, cost, failed_within, within
from arcade_gmail_multiuser.tools.answers.shapes import (
    Account,
    DraftReceipt,
    EmailList,
    Label,
    LabelList,
    Receipt,
    SearchResult,
    ThreadChange,
    Trashed,
)
from arcade_gmail_multiuser.tools.answers.views import link

__all__ = [
    "ChosenLabels",
    "account",
    "chosen_labels",
    "counted",
    "draft_receipt",
    "label_list",
    "receipt",
    "search_result",
    "sent_draft",
    "thread_change",
    "trashed",
]

MAX_LABELS = 500
MAX_COUNTED = 100


def receipt(sent: Sent, message: OutgoingMessage) -> Receipt:
    """Say what became of a message that was composed here."""
    return sent_draft(sent, _recipients(message))


def sent_draft(sent: Sent, recipients: Sequence[str]) -> Receipt:
    """Say what became of a message that goes to these addresses."""
    answer = Receipt(
        thread_id=sent.thread_id,
        label_ids=list(sent.label_ids),
        status="sent" if sent.certain else "probably_sent",
        recipients=list(recipients),
        url=link(sent.thread_id),
    )
    if sent.id:
        answer["message_id"] = answer["id"] = sent.id
    if sent.repeated:
        answer["repeated"] = True
    if sent.warnings:
        answer["warnings"] = list(sent.warnings)
    return answer


def draft_receipt(draft: Draft, message: OutgoingMessage) -> DraftReceipt:
    """Say what was stored."""
    return DraftReceipt(
        id=draft.id,
        message_id=draft.message_id,
        thread_id=draft.thread_id,
        label_ids=list(draft.label_ids),
        status="draft",
        recipients=_recipients(message),
        url="https://mail.google.com/mail/#drafts",
    )


def _recipients(message: OutgoingMessage) -> list[str]:
    everyone = (*message.to, *message.cc, *message.bcc)
    return list(dict.fromkeys(address.email for address in everyone))


def trashed(before: Mapping[str, Any], after: Mapping[str, Any], *, user: str) -> Trashed:
    """Say what moving to Trash changed, and how to undo it."""
    previous = list(before.get("labelIds") or ())
    id_ = str(after.get("id") or before.get("id") or "")
    inbox = "true" if "INBOX" in previous else "false"
    answer = Trashed(
        id=id_,
        thread_id=str(after.get("threadId") or before.get("threadId") or ""),
        label_ids=list(after.get("labelIds") or ()),
        previous_label_ids=previous,
        was_already_in_trash="TRASH" in previous,
        restore=f'Within 30 days: RestoreEmail(email_id="{id_}", to_inbox={inbox}).',
    )
    change = difference(id_, previous, answer["label_ids"])
    if change.outcome == "changed":
        answer["undo_token"] = seal(steps_of([change]), user=user)
    return answer


def thread_change(
    thread_id: str,
    change: Mapping[str, Any],
    answer: Mapping[str, Any],
    labels: LabelBook,
    entries: Sequence[Entry],
) -> ThreadChange:
    """Say what a conversation's labels are now, and what of that is new on any message."""
    gained = {label for entry in entries for label in entry.added}
    lost = {label for entry in entries for label in entry.removed}
    messages = answer.get("messages") or ()
    now = dict.fromkeys(label for m in messages for label in m.get("labelIds") or ())
    return ThreadChange(
        id=thread_id,
        added=labels.names_of([id_ for id_ in change["addLabelIds"] if id_ in gained]),
        removed=labels.names_of([id_ for id_ in change["removeLabelIds"] if id_ in lost]),
        label_ids=list(now),
        message_count=len(messages),
        changed=sum(entry.outcome == "changed" for entry in entries),
        url=link(thread_id),
    )


def counted(count: Count) -> SearchResult:
    """Say how many messages match."""
    return SearchResult(
        count=count.number,
        count_is_exact=count.exact,
        emails=[],
        failed=[],
        omitted=[],
        omitted_ids=[],
    )


def search_result(found: EmailList, page: Page, *, first: bool) -> SearchResult:
    """Add to a page of messages how many it has, and whether those are all."""
    answer = SearchResult(
        count=len(page.ids),
        count_is_exact=first and page.next_token is None,
        emails=found["emails"],
        failed=found["failed"],
        omitted=found["omitted"],
        omitted_ids=found["omitted_ids"],
    )
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return answer


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
    """Shape the labels, with the counts that were read."""
    failures = [
        Failure(id_, outcome)
        for id_, outcome in labels.counts.items()
        if isinstance(outcome, GmailMultiuserError)
    ]
    failed, omitted = failed_within(failures, ANSWER)
    shaped = [_label(resource, labels.counts) for resource in labels.shown]
    shown = within(shaped, ANSWER - 2 * FRAME - cost(failed))
    if more := labels.more + len(shaped) - len(shown):
        omitted.append(f"{more} more labels; narrow with name_contains")
    if labels.counts and len(labels.shown) > len(labels.counts):
        omitted.append(f"counts beyond the first {MAX_COUNTED} labels; narrow with name_contains")
    return LabelList(
        labels=shown,
        failed=failed,
        omitted=omitted,
    )


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


def account(
    profile: Mapping[str, Any], person: Mapping[str, Any] | GmailMultiuserError, *, user_id: str
) -> Account:
    """Say whose mailbox this is."""
    known = {} if isinstance(person, GmailMultiuserError) else person
    missing = (
        [f"name and picture: {person.message}"] if isinstance(person, GmailMultiuserError) else []
    )
    return Account(
        email=str(profile.get("emailAddress") or known.get("email") or ""),
        name=str(known.get("name") or ""),
        given_name=str(known.get("given_name") or ""),
        family_name=str(known.get("family_name") or ""),
        picture_url=str(known.get("picture") or ""),
        user_id=user_id,
        messages_total=int(profile.get("messagesTotal") or 0),
        threads_total=int(profile.get("threadsTotal") or 0),
        omitted=missing,
    )
