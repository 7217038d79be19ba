"""Log every request that reached the sandbox and count how many ran at once.

Only a fingerprint of a token is kept: enough to tell tokens apart, useless as a credential.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qsl

MAX_RECORDS = 10_000
_SECRET_PARAMETER = re.compile(
    "access_token|oauth_token|key|token|code|state|code_challenge|login_hint|id_token_hint"
)


@dataclass(slots=True)
class RequestRecord:
    """One request, or one part of a batch; `status` is None while no answer was sent."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict, repr=False)
    user: str | None = None
    token: str | None = None
    """A fingerprint."""
    gmail_method: str | None = None
    accepted_scopes: tuple[str, ...] = ()
    status: int | None = None
    in_batch: bool = False
    fault: bool = False
    started: float = 0.0

    def resource(self) -> dict[str, Any]:
        return asdict(self)


class RequestLog:
    def __init__(self) -> None:
        self.records: deque[RequestRecord] = deque(maxlen=MAX_RECORDS)
        self.total = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.by_user: Counter[str] = Counter()
        self.max_by_user: Counter[str] = Counter()

    def begin(self, record: RequestRecord) -> RequestRecord:
        self.total += 1
        self.records.append(record)
        return record

    @contextmanager
    def in_progress(self, user: str | None) -> Iterator[None]:
        """Count a request as in flight; the parts of a batch are not counted separately."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        if user is not None:
            self.by_user[user] += 1
            self.max_by_user[user] = max(self.max_by_user[user], self.by_user[user])
        try:
            yield
        finally:
            self.in_flight -= 1
            if user is not None:
                self.by_user[user] -= 1
                if not self.by_user[user]:
                    del self.by_user[user]

    def clear(self) -> None:
        """Forget finished requests; those in flight stay counted."""
        self.records.clear()
        self.total = 0
        self.max_in_flight = self.in_flight
        self.max_by_user = Counter(self.by_user)


def bearer(authorization: str) -> str:
    """Return the bearer token of an Authorization header, or ""."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def fingerprint(token: str) -> str | None:
    return hashlib.sha256(token.encode()).hexdigest()[:12] if token else None


def shown_query(query_string: str) -> dict[str, list[str]]:
    """Return the query's parameters with every secret masked."""
    shown: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        shown.setdefault(name, []).append("…" if _SECRET_PARAMETER.fullmatch(name) else value)
    return shown
