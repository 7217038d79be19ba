"""Collect what is wrong with a configuration, where, and what to do about it; never a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["Finding", "Findings", "Location", "key_path"]

Location = tuple[str | int, ...]
"""Where in the document, as pydantic writes it: `("workers", 0, "secret")`."""

_MAX_NAME_CHARS = 40


def key_path(location: Location) -> str:
    """Format a location as people write it: `workers[0].secret`.

    A key that is not a plain name is not repeated: it may be a secret on the wrong side of its
    colon.
    """
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = step.isascii() and step.replace("_", "").replace("-", "").isalnum()
            name = (
                step
                if plain and len(step) <= _MAX_NAME_CHARS
                else "(a key that is not a plain name)"
            )
            text += f".{name}" if text else name
    return text or "(the whole file)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to fix (`error`: prevents a start) or to know (`warning`)."""

    severity: Literal["error", "warning"]
    path: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path} {self.why} {self.remedy}"


class Findings:
    """Collect findings; a place that is known to be wrong adds no more."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._closed: list[Location] = []

    def error(self, location: Location, why: str, remedy: str) -> None:
        """Add what prevents a start."""
        self._add("error", location, why, remedy)

    def warning(self, location: Location, why: str, remedy: str) -> None:
        """Add what a security review would ask about."""
        self._add("warning", location, why, remedy)

    def close(self, location: Location) -> None:
        """Ignore further findings at or below a place that is known to be wrong."""
        self._closed.append(location)

    def _add(
        self, severity: Literal["error", "warning"], location: Location, why: str, remedy: str
    ) -> None:
        if any(location[: len(closed)] == closed for closed in self._closed):
            return
        self._found.append(Finding(severity, key_path(location), why, remedy))

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(one for one in self._found if one.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self._found if one.severity == "warning")

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over all, errors first."""
        return iter(self.errors + self.warnings)

    def __len__(self) -> int:
        return len(self._found)

    def raise_errors(self) -> None:
        """Raise if there is an error.

        Raises:
            ConfigurationError: its message lists every error with its path and remedy.
        """
        errors = self.errors
        if errors:
            listed = " ".join(f"({n}) {one}" for n, one in enumerate(errors, start=1))
            raise ConfigurationError(f"The configuration is refused. {listed}")
