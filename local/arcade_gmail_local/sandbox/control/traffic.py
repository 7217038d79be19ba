"""What reached the sandbox: every request, and how many were under way at once.

Of a token only a fingerprint is kept, so that tests can tell tokens apart and nobody can use one.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

MAX_RECORDS = 10_000
_SECRET_PARAMETERS = frozenset(
    [
        "access_token",
        "oauth_token",
        "key",
        "token",
        "code",
        "state",
        "code_challenge",
        "login_hint",
        "id_token_hint",
    ]
)


@dataclass(slots=True)
class Record:
    """One request, or one part of a batch. `status` None means that no answer was sent."""

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
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "user": self.user,
            "token": self.token,
            "gmail_method": self.gmail_method,
            "accepted_scopes": list(self.accepted_scopes),
            "status": self.status,
            "in_batch": self.in_batch,
            "fault": self.fault,
            "started": self.started,
        }


class TrafficLog:
    def __init__(self) -> None:
        self.records: deque[Record] = deque(maxlen=MAX_RECORDS)
        self.total = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.by_user: Counter[str] = Counter()
        self.max_by_user: Counter[str] = Counter()

    def begin(self, record: Record) -> Record:
        self.total += 1
        self.records.append(record)
        return record

    @contextmanager
    def under_way(self, user: str | None) -> Iterator[None]:
        """Count a request as in flight; parts of a batch are not counted apart."""
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
        """Forget the past; what is under way stays counted."""
        self.records.clear()
        self.total = 0
        self.max_in_flight = self.in_flight
        self.max_by_user = Counter(self.by_user)


def bearer(authorization: str) -> str:
    """Give the token of an Authorization header; "" for none or another scheme."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def fingerprint(token: str) -> str | None:
    return hashlib.sha256(token.encode()).hexdigest()[:12] if token else None


def shown_query(query_string: str) -> dict[str, list[str]]:
    """Give a query's parameters with everything that opens a door masked."""
    shown: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        shown.setdefault(name, []).append("…" if name in _SECRET_PARAMETERS else value)
    return shown
