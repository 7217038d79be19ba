"""Inject faults: which requests fail, how, and how often."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from arcade_gmail_local.sandbox.control.request_log import RequestRecord
from arcade_gmail_local.sandbox.errors import InvalidInput
from arcade_gmail_local.sandbox.google_error import of_status
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

MAX_FAULTS = 1000
MAX_DELAY_MS = 600_000

_MATCH = frozenset({"method", "path", "user"})
_ACTION = frozenset({"status", "body", "headers", "delay_ms", "drop", "truncate"})
_ANSWER = {"body", "headers"}


@dataclass(frozen=True, slots=True, repr=False)
class Action:
    """What a fault does: delay, drop the connection, replace the answer or truncate it.

    `status` answers without running the method. `drop` "before" closes the connection first;
    "after" runs the method and closes without answering. `truncate` announces the whole answer and
    sends that many bytes of it.
    """

    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_ms: float = 0
    drop: str | None = None
    truncate: int | None = None

    @property
    def changes_the_answer(self) -> bool:
        return (self.status, self.drop, self.truncate) != (None, None, None)

    def with_google_body(self) -> Action:
        """Return an error without a body as Google's APIs would word it."""
        if self.status is None or self.status < 400 or self.body is not None:
            return self
        refusal = of_status(self.status)
        named = {name.lower() for name in self.headers}
        own = {name: value for name, value in refusal.headers.items() if name.lower() not in named}
        return replace(self, body=refusal.body(), headers={**own, **self.headers})


@dataclass(slots=True, repr=False)
class Fault:
    """A fault to inject; `times` None is for ever, and empty strings match everything."""

    id: int
    method: str
    path: str
    user: str
    action: Action
    times: int | None

    def matches(self, record: RequestRecord) -> bool:
        return (
            _is_method(self.method, record)
            and _is_path(self.path, record.path)
            and (not self.user or canonical_email(self.user) == record.user)
        )


class FaultInjector:
    """Keep faults in the order they were set; the first that matches a request applies."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next = 1

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, given: Any) -> Fault:
        """Add a fault as POST /_sandbox/faults describes it.

        Raises:
            InvalidInput: says what is wrong with it.
        """
        given = _object(given, "A fault", frozenset({"match", "action", "times"}))
        match = _object(given.get("match", {}), "match", _MATCH)
        if not all(isinstance(value, str) for value in match.values()):
            raise InvalidInput("match must hold strings.")
        times = given.get("times", 1)
        if times is not None and (not _is_count(times) or times < 1):
            raise InvalidInput("times must be a positive whole number, or null for ever.")
        if len(self._faults) >= MAX_FAULTS:
            raise InvalidInput(f"At most {MAX_FAULTS} faults at once.")
        fault = Fault(
            self._next,
            match.get("method", ""),
            match.get("path", ""),
            match.get("user", ""),
            _action(given.get("action")),
            times,
        )
        self._next += 1
        self._faults.append(fault)
        return fault

    def take(self, record: RequestRecord) -> Action | None:
        """Return what happens to this request, and use the fault up; None when no fault matches."""
        for fault in self._faults:
            if fault.matches(record):
                record.fault = True
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault.action
        return None

    def clear(self) -> None:
        self._faults.clear()


def _is_method(wanted: str, record: RequestRecord) -> bool:
    """Match an HTTP method, or a Gmail method such as "users.messages.send"."""
    if "." in wanted:
        return wanted.removeprefix("gmail.") == record.gmail_method
    return not wanted or wanted.upper() == record.method


def _is_path(wanted: str, path: str) -> bool:
    """Match a path: as a pattern where it has a `*`, else as the whole path or its end."""
    if "*" in wanted:
        return fnmatch.fnmatchcase(path, wanted)
    return path == wanted or path.endswith(wanted)


def _action(given: Any) -> Action:
    given = _object(given, "action", _ACTION)
    if not given:
        raise InvalidInput(f"action needs one of {', '.join(sorted(_ACTION))}.")
    status, drop, truncate = given.get("status"), given.get("drop"), given.get("truncate")
    delay_ms, headers = given.get("delay_ms", 0), _headers(given.get("headers", {}))
    rules = {
        "status must be an HTTP status from 200 to 599.": status is None
        or (_is_count(status) and 200 <= status <= 599),
        f"delay_ms must be a number from 0 to {MAX_DELAY_MS}.": isinstance(delay_ms, int | float)
        and 0 <= delay_ms <= MAX_DELAY_MS,
        'drop must be "before" or "after".': drop in (None, "before", "after"),
        "truncate must be the number of bytes to send.": truncate is None or _is_count(truncate),
        "body and headers need a status.": status is not None or not given.keys() & _ANSWER,
    }
    for rule, is_kept in rules.items():
        if not is_kept:
            raise InvalidInput(rule)
    return Action(status, _body(given.get("body")), headers, delay_ms, drop, truncate)


def _headers(given: Any) -> dict[str, str]:
    headers = _object(given, "headers", None)
    if not all(isinstance(v, str) and v.isprintable() for v in headers.values()):
        raise InvalidInput("headers must hold printable strings.")
    return headers


def _body(given: Any) -> bytes | None:
    if given is None:
        return None
    return given.encode() if isinstance(given, str) else json.dumps(given).encode()


def _object(given: Any, name: str, known: frozenset[str] | None) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidInput(f"{name} must be an object.")
    if known is not None and (unknown := set(given) - known):
        raise InvalidInput(f"{name} has no field {min(unknown)!r}; use {', '.join(sorted(known))}.")
    return given


def _is_count(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0
