"""What a script is made of: for each message the right call, and a tempting wrong one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Call", "Line", "call"]


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call. Parameters that are left out are sent as null, as strict mode wants it."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    right: Call
    neighbour: Call


def call(tool: str, /, **arguments: Any) -> Call:
    return Call(f"GmailMultiuser_{tool}", arguments)
