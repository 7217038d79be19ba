"""Turn the filters of a search into a query that Gmail understands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.date_ranges import DateRange, date_bounds
from arcade_gmail_multiuser.gmail.labels.label_book import label_book
from arcade_gmail_multiuser.gmail.messages.fetch import Search
from arcade_gmail_multiuser.gmail.queries import build_query
from arcade_gmail_multiuser.tools import checks

__all__ = ["any_filter", "by_fields"]


async def by_fields(
    gmail: GmailClient,
    *,
    sender: Sequence[str] | None = None,
    recipient: Sequence[str] | None = None,
    subject: Sequence[str] | None = None,
    body: Sequence[str] | None = None,
    date_range: DateRange | None = None,
    zone: ZoneInfo = ZoneInfo("UTC"),  # noqa: B008 - it is never changed
    labels: Sequence[str] | None = None,
    exclude_automated: bool = False,
    include_spam_trash: bool = False,
) -> Search:
    """Build the search; labels are looked up, so that a wrong one is an error and not no mail."""
    after, before = None, None
    if date_range is not None:
        after, before = date_bounds(date_range, now=datetime.now(UTC), zone=zone)
    query = build_query(
        sender=sender or (),
        recipient=recipient or (),
        subject=subject or (),
        body=body or (),
        after=after,
        before=before,
        exclude_automated=exclude_automated,
    )
    label_ids: tuple[str, ...] = ()
    if labels:
        if len(labels) > checks.MAX_LABELS:
            raise InvalidInput(f"At most {checks.MAX_LABELS} labels can be searched for at once.")
        book = await label_book(gmail)
        label_ids = tuple(dict.fromkeys(book.id_of(label) for label in labels))
    return Search(query, label_ids, include_spam_trash)


def any_filter(*filters: object) -> None:
    """Refuse a search for nothing in particular."""
    if not any(filters):
        raise InvalidInput(
            "Give at least one of sender, recipient, subject, body, date_range or label. "
            "ListEmails lists everything."
        )
