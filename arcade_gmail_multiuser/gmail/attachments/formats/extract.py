"""Gather the text of a file within the bounds that all formats keep to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["MAX_CHARS", "Extract", "Unreadable", "gather"]

MAX_CHARS = 1_000_000
"""Characters of text taken from one file; who needs more wants the file."""
MAX_READING_S = 7.0
"""After this much time what was read is returned, before the process is ended."""


@dataclass(slots=True, repr=False)
class Extract:
    """Hold the text of a file and sentences on what to know about it."""

    text: str
    warnings: list[str] = field(default_factory=list)
    complete: bool = True


class Unreadable(Exception):
    """No text can be had; `reason` is one of those that `attachment_text` lists."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def gather(lines: Iterable[str | None]) -> Extract:
    """Put lines together until there are enough characters or no more time.

    A source that has nothing to show for a while yields None now and then, so that time is kept.
    """
    kept: list[str] = []
    characters, deadline = 0, time.monotonic() + MAX_READING_S
    for line in lines:
        if line is not None:
            kept.append(line)
            characters += len(line) + 1
        if characters > MAX_CHARS or time.monotonic() > deadline:
            text = "\n".join(kept)[:MAX_CHARS]
            return Extract(text, ["The file is long; only its first part was read."], False)
    return Extract("\n".join(kept))
