"""Take apart what Google says when it refuses a call, and decide how much of it may be shown.

Its sentences may quote an id, a label, an address or a search. A developer reads them only where
they are one of the fixed ones below, and codes otherwise; an agent reads sentences of our own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from arcade_gmail_multiuser.gmail.api.transport import Answer

__all__ = ["Refusal", "midnight_at_google", "parsed_object", "refusal_of", "retry_after_ms"]


@dataclass(frozen=True, slots=True, repr=False)
class Refusal:
    """Google's error, taken apart. Its message may quote a search or an address: no repr."""

    method: str
    status: int
    from_google: bool
    """Whether it has the form of Google's errors, and is not the page of some proxy."""
    message: str = ""
    state: str = ""
    reasons: frozenset[str] = field(default_factory=frozenset)

    def detail(self) -> str:
        """Say what a developer may read: codes, and Google's sentence if it can hold nothing."""
        codes = " ".join(sorted(c for c in {self.state, *self.reasons} if _CODE.fullmatch(c)))
        text = f"Google answered {self.status} to {self.method}"
        if codes:
            text += f" ({codes})"
        if not self.from_google:
            text += ", not in the form of its errors"
        if _FIXED.fullmatch(self.message):
            text += f": {self.message}"
        return text


_CODE = re.compile(r"[A-Za-z_]{2,60}")

_FIXED = re.compile(
    "|".join(
        (
            r"Invalid (id|thread_id) value",
            r"Invalid attachment token",
            r"Invalid maxResults",
            r"Invalid label name",
            r"Invalid (To|Cc|Bcc|From|to|cc|bcc|from) header",
            r"No label add or removes specified",
            r"Number of ids cannot exceed 1000",
            r"Recipient address required",
            r"Precondition check failed\.",
            r"Mail service not enabled",
            r"Filter already exists",
            r"Label name exists or conflicts",
            r"Requested entity was not found\.",
            r"Request had insufficient authentication scopes\.",
            r"Metadata scope (does not|doesn't) (support|allow)[A-Za-z' ]{0,60}",
            r"Too many concurrent requests for user",
            r"User[- ][Rr]ate [Ll]imit [Ee]xceeded\.?( +Retry after [0-9TZ:.+-]{1,40})?"
            r"( \([A-Za-z ]{1,40}\))?",
            r"Resource has been exhausted \(e\.g\. check quota\)\.",
            r"Quota exceeded for quota metric '[\w ]{1,60}' and limit '[\w ]{1,60}' of service "
            r"'[\w.]{1,60}' for consumer 'project_number:\d{1,20}'\.",
            r"Daily Limit Exceeded",
            r"Rate Limit Exceeded",
            r"Backend Error",
            r"Internal error encountered\.",
            r"The service is currently unavailable\.",
        )
    )
)


def parsed_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that the body is, or None if it is anything else."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def refusal_of(answer: Answer, method: str) -> Refusal:
    """Take apart the answer to a refused call, whatever it consists of."""
    parsed = parsed_object(answer.body)
    error = (parsed or {}).get("error")
    if not isinstance(error, dict):
        # {"error": "invalid_request", …} is how Google's OAuth endpoints put it.
        return Refusal(method, answer.status, from_google=error is not None)
    reasons = {
        item["reason"]
        for key in ("errors", "details")
        for item in _items(error.get(key))
        if isinstance(item.get("reason"), str)
    }
    message = error.get("message")
    state = error.get("status")
    return Refusal(
        method,
        answer.status,
        from_google=True,
        message=message if isinstance(message, str) else "",
        state=state if isinstance(state, str) else "",
        reasons=frozenset(reasons),
    )


def _items(value: Any) -> Iterator[Mapping[str, Any]]:
    return (
        (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
    )


_IN_MESSAGE = re.compile(
    r"Retry after (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))"
)


MAX_RETRY_AFTER_MS = 7 * 24 * 3600 * 1000
"""What is said to be further off is rubbish, or of no use to a call."""


def retry_after_ms(headers: Mapping[str, str], message: str, now: float) -> int | None:
    """Return milliseconds from `now` (epoch seconds), or None if nothing readable is said.

    Gmail sends no Retry-After header; the time stands in its message. Proxies send the header,
    in seconds or as a date. Of both, the longer counts. A moment that has passed is 0.
    """
    header = _header_seconds(headers.get("retry-after", "").strip(), now)
    sentence = _sentence_seconds(message, now)
    known = [seconds for seconds in (header, sentence) if seconds is not None]
    if not known:
        return None
    # Rounded up, but not for what is only the noise of binary fractions.
    return min(MAX_RETRY_AFTER_MS, math.ceil(round(max(0.0, *known) * 1000, 2)))


def midnight_at_google(now: float) -> int:
    """Return milliseconds until daily quotas are reset, which is midnight in California."""
    here = datetime.fromtimestamp(now, ZoneInfo("America/Los_Angeles"))
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
    return math.ceil((midnight.timestamp() - now) * 1000)


def _header_seconds(value: str, now: float) -> float | None:
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when.replace(tzinfo=when.tzinfo or UTC).timestamp() - now


def _sentence_seconds(message: str, now: float) -> float | None:
    found = _IN_MESSAGE.search(message)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1]).timestamp() - now
    except (ValueError, OverflowError):
        return None
