"""Check the arguments of UpdateDraftEmail, and turn them into an edit."""

from __future__ import annotations

from collections.abc import Sequence

from arcade_gmail_multiuser.errors import InvalidAddress, InvalidInput
from arcade_gmail_multiuser.gmail.addresses import parse_addresses
from arcade_gmail_multiuser.gmail.compose.drafts import ContentKind, DraftEdit

__all__ = ["draft_edit"]


def draft_edit(
    subject: str | None,
    body: str | None,
    recipient: str | None,
    cc: Sequence[str] | None,
    bcc: Sequence[str] | None,
    content_type: ContentKind,
) -> tuple[DraftEdit, list[str]]:
    """Check the arguments; return the edit and the names of what it changes.

    Raises:
        InvalidInput: nothing is to change, or content_type is given without a body.
        InvalidAddress: an address cannot be read, or recipient is blank.
    """
    given = {"subject": subject, "body": body, "recipient": recipient, "cc": cc, "bcc": bcc}
    changed = [name for name, value in given.items() if value is not None]
    if not changed:
        raise InvalidInput("Give at least one of subject, body, recipient, cc or bcc to change.")
    if content_type != "keep" and body is None:
        raise InvalidInput("content_type says what body is; give body as well, or leave it out.")
    to = None if recipient is None else parse_addresses(recipient)
    if to == ():
        raise InvalidAddress("recipient is blank. Leave it out to keep the recipients.")
    edit = DraftEdit(
        subject=subject,
        body=body,
        content_type=content_type,
        to=to,
        cc=None if cc is None else parse_addresses(cc),
        bcc=None if bcc is None else parse_addresses(bcc),
    )
    return edit, changed
