"""Reading what is in several drafts, each with its own outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arcade_gmail_multiuser.errors import AuthorizationError, GmailMultiuserError
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.messages.fetch import Failure
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message

__all__ = ["FoundDrafts", "read_drafts"]


@dataclass(frozen=True, slots=True, repr=False)
class FoundDrafts:
    """Hold the drafts that were read, each with its own id, and those that were not."""

    drafts: tuple[tuple[str, ReadMessage], ...]
    failed: tuple[Failure, ...]


async def read_drafts(mailbox: GmailClient, ids: Sequence[str]) -> FoundDrafts:
    """Read the headers of several drafts; one that fails is named.

    Raises:
        AuthorizationError: the person has to connect, or to grant more.
    """
    each = [{"id": id_, "format": "metadata"} for id_ in ids]
    drafts: list[tuple[str, ReadMessage]] = []
    failed: list[Failure] = []
    for id_, answer in zip(ids, await mailbox.call_each("users.drafts.get", each), strict=True):
        if isinstance(answer, AuthorizationError):
            raise answer
        if isinstance(answer, GmailMultiuserError):
            failed.append(Failure(id_, answer))
        else:
            drafts.append((id_, read_message(answer.get("message") or {})))
    return FoundDrafts(tuple(drafts), tuple(failed))
