"""From the filters a tool was given to the search that Gmail understands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from arcade_gmail_multiuser.errors import InvalidInput, InvalidQuery
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.date_ranges import DateRange, date_bounds
from arcade_gmail_multiuser.gmail.labels.label_book import label_book
from arcade_gmail_multiuser.gmail.messages.fetch import Search
from arcade_gmail_multiuser.gmail.queries import build_query
from arcade_gmail_multiuser.tools.arguments import checks

__all__ = ["by_fields", "by_query"]

MAX_QUERY = 2_000


async def by_fields(
    mailbox: GmailClient,
    *,
    sender: Sequence[str] | None = None,
    recipient: Sequence[str] | None = None,
    subject: Sequence[str] | None = None,
    body: Sequence[str] | None = None,
    date_range: DateRange | None = None,
    time_zone: str = "UTC",
    labels: Sequence[str] | None = None,
    exclude_automated: bool = False,
    include_spam_trash: bool = False,
) -> Search:
    """Build the search; labels are looked up, so that a wrong one is an error and not no mail."""
    after, before = None, None
    if date_range is not None:
        after, before = date_bounds(date_range, now=datetime.now(UTC), time_zone=time_zone)
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
        book = await label_book(mailbox)
        label_ids = tuple(dict.fromkeys(book.id_of(label) for label in labels))
    return Search(query, label_ids, include_spam_trash)


def by_query(query: str, *, include_spam_trash: bool) -> Search:
    """Take a query in Gmail's own language as it is."""
    query = query.strip()
    if not query:
        raise InvalidQuery("query is empty. Give search terms, or use ListEmails for everything.")
    if len(query) > MAX_QUERY:
        raise InvalidQuery(f"query is longer than {MAX_QUERY:,} characters. Use fewer terms.")
    return Search(query, include_spam_trash=include_spam_trash)
