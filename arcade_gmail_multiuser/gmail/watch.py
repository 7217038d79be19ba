"""Have Gmail notify a Pub/Sub topic when a mailbox changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from arcade_gmail_multiuser.errors import AccessDenied, InvalidInput, RequestRefused
from arcade_gmail_multiuser.gmail.api.client import GmailClient

__all__ = ["checked_labels", "checked_topic", "watch"]

MAX_LABELS = 100

_TOPIC = re.compile(r"projects/[a-z0-9][a-z0-9.:-]{3,99}/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}")


def checked_topic(name: str) -> str:
    """Return the topic's name without the blanks around it.

    Raises:
        InvalidInput: it is not a topic's full name.
    """
    name = name.strip()
    if not _TOPIC.fullmatch(name):
        raise InvalidInput(
            'topic_name must be the full name of a Pub/Sub topic: "projects/my-project/topics/'
            'my-topic".'
        )
    return name


def checked_labels(names: Sequence[str] | None, *, exclude: bool) -> Sequence[str]:
    """Return the labels' names.

    Raises:
        InvalidInput: there are too many, one is blank, or none is there to be left out.
    """
    names = names or ()
    if len(names) > MAX_LABELS or any(not name.strip() for name in names):
        raise InvalidInput(f"label_names takes at most {MAX_LABELS} names, none of them blank.")
    if exclude and not names:
        raise InvalidInput("exclude_labels leaves out label_names: name at least one.")
    return names


async def watch(
    gmail: GmailClient, topic: str, label_ids: Sequence[str], *, exclude: bool
) -> dict[str, Any]:
    """Begin a watch or renew it; return Gmail's historyId and expiration.

    Raises:
        AccessDenied: Gmail may not publish to the topic.
        InvalidInput: Gmail does not accept the topic.
        RequestRefused: another topic is being told already.
    """
    body: dict[str, Any] = {"topicName": topic}
    if label_ids:
        behavior = "exclude" if exclude else "include"
        body |= {"labelIds": list(label_ids), "labelFilterBehavior": behavior}
    try:
        return await gmail.call("users.watch", body=body)
    except AccessDenied as refusal:
        raise AccessDenied(
            "Gmail may not publish to this topic. Its owner has to let "
            "gmail-api-push@system.gserviceaccount.com publish to it.",
            developer_message=refusal.developer_message,
        ) from None
    except InvalidInput as refusal:
        raise InvalidInput(
            "Gmail does not accept this topic. It has to exist in the Google Cloud project that "
            "this application's OAuth client belongs to.",
            developer_message=refusal.developer_message,
        ) from None
    except RequestRefused as refusal:
        raise RequestRefused(
            "Gmail refused the watch. It tells one topic only: if another one is watching, call "
            "StopWatchingMailbox first, then try again.",
            developer_message=refusal.developer_message,
        ) from None
