"""Inject faults: which requests fail, how, and how often."""

from __future__ import annotations

import fnmatch
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, model_validator

from arcade_gmail_local.sandbox.control.bodies import Body
from arcade_gmail_local.sandbox.control.request_log import RequestRecord
from arcade_gmail_local.sandbox.errors import InvalidInput
from arcade_gmail_local.sandbox.google_error import of_status
from arcade_gmail_local.sandbox.oauth.identity import canonical_email

MAX_FAULTS = 1000
MAX_DELAY_MS = 600_000


def _encoded(given: Any) -> bytes | None:
    if given is None:
        return None
    return given.encode() if isinstance(given, str) else json.dumps(given).encode()


class Action(Body):
    """What a fault does: delay, drop the connection, replace the answer or truncate it.

    `status` answers without running the method. `drop` "before" closes the connection first;
    "after" runs the method and closes without answering. `truncate` announces the whole answer and
    sends that many bytes of it.
    """

    status: int | None = Field(default=None, ge=200, le=599)
    body: Annotated[bytes | None, BeforeValidator(_encoded)] = None
    headers: dict[str, Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]] = Field(default={})
    delay_ms: float = Field(default=0, ge=0, le=MAX_DELAY_MS)
    drop: Literal["before", "after"] | None = None
    truncate: NonNegativeInt | None = None

    @model_validator(mode="after")
    def _check_status(self) -> Self:
        if self.status is None and self.model_fields_set & {"body", "headers"}:
            raise ValueError("body and headers need a status")
        return self

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
        headers = {**own, **self.headers}
        return self.model_copy(update={"body": refusal.body(), "headers": headers})


class Match(Body):
    """Which requests a fault applies to; empty strings match everything."""

    method: str = ""
    path: str = ""
    user: str = ""

    def matches(self, record: RequestRecord) -> bool:
        return (
            _is_method(self.method, record)
            and _is_path(self.path, record.path)
            and (not self.user or canonical_email(self.user) == record.user)
        )


class Fault(Body):
    """A fault to inject; `times` None is for ever."""

    match: Match = Match()
    action: Action
    times: PositiveInt | None = 1

    @model_validator(mode="after")
    def _check_action(self) -> Self:
        if not self.action.model_fields_set:
            raise ValueError(f"action needs one of {', '.join(sorted(Action.model_fields))}")
        return self


class FaultInjector:
    """Keep faults in the order they were set; the first that matches a request applies."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._added = 0

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, fault: Fault) -> int:
        """Add a fault and return its number."""
        if len(self._faults) >= MAX_FAULTS:
            raise InvalidInput(f"At most {MAX_FAULTS} faults at once.")
        self._faults.append(fault)
        self._added += 1
        return self._added

    def take(self, record: RequestRecord) -> Action | None:
        """Return what happens to this request, and use the fault up; None when no fault matches."""
        for fault in self._faults:
            if fault.match.matches(record):
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
