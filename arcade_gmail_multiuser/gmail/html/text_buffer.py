"""Collect blocks, cells and words into lines of text, as a browser would lay them out."""

from __future__ import annotations

import re

__all__ = ["TextBuffer"]

_SPACES = re.compile(r"[ \t\n\r\f\u00a0]{2,}|[\t\n\r\f\u00a0]")
_MANY_BREAKS = re.compile(r"\n{3,}")
_MAX_DEPTH = 24  # boxes within boxes; deeper ones are written straight into the last


class TextBuffer:
    """Collect the text of an HTML body, without ever joining two blocks.

    What is being filled is a box: a cell, a quote, or the whole page. Its state lies in this very
    object, and is put aside while an inner box is filled: a newsletter writes thousands of words.
    """

    __slots__ = ("_below", "_breaks", "_bulleted", "_parts", "_skipped", "_space")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        self._space = False
        self._bulleted = False  # nothing yet stands behind the bullet, so nothing may break off
        self._below: list[tuple[list[str], int, bool, bool]] = []
        self._skipped = 0

    def words(self, text: str) -> None:
        """Write running text: runs of white space count as one space."""
        if not text.isprintable() or "  " in text:  # what _SPACES replaces fails one of the two
            text = _SPACES.sub(" ", text)
        if text == " ":
            self._space = True
            return
        if not text:
            return
        parts = self._parts
        if self._breaks:
            if parts:
                parts.append("\n" if self._breaks == 1 else "\n\n")
            self._breaks = 0
            starts_line = True
        else:
            starts_line = not parts
        self._bulleted = False
        if text[0] == " ":
            if starts_line:
                text = text[1:]
        elif self._space and not starts_line:
            parts.append(" ")
        if text[-1] == " ":
            self._space = True
            text = text[:-1]
        else:
            self._space = False
        parts.append(text)

    def verbatim(self, text: str) -> None:
        """Write preformatted text, white space and all."""
        if text:
            self._settle()
            self._parts.append(text.replace("\u00a0", " "))

    def glue(self, text: str) -> None:
        """Write text right behind the last word, before any space or break that follows it."""
        self._parts.append(text)

    def bullet(self, text: str) -> None:
        """Begin a list item: what comes next stands on the bullet's line."""
        self._bulleted = False
        self.line()
        self._settle()
        self._parts.append(text)
        self._bulleted = True

    def line(self) -> None:
        """End the line, if one was begun."""
        self._space = False
        if not self._breaks and not self._bulleted:
            self._breaks = 1

    def paragraph(self) -> None:
        """Leave one empty line before what comes next."""
        self._space = False
        if not self._bulleted and self._breaks < 2:
            self._breaks = 2

    def breaks(self, count: int) -> None:
        """Leave at least so many line breaks before what comes next: 1 is `line`, 2 `paragraph`."""
        self._space = False
        if self._breaks < count and not self._bulleted:
            self._breaks = count

    def line_break(self) -> None:
        """Break the line as `<br>` does: two of them leave an empty line."""
        self._space = False
        if not self._bulleted:
            self._breaks += 1

    def mark(self) -> int:
        """Name the place reached, for `since`."""
        return len(self._parts)

    def since(self, mark: int) -> str:
        """Return what was written in this box after a mark."""
        return "".join(self._parts[mark:])

    def open_box(self) -> None:
        """Begin a box whose text is wanted by itself; `close_box` returns it."""
        if len(self._below) >= _MAX_DEPTH:
            self._skipped += 1
            self.line()
            return
        self._below.append((self._parts, self._breaks, self._space, self._bulleted))
        self._parts, self._breaks, self._space, self._bulleted = [], 0, False, False

    def close_box(self) -> str | None:
        """Take the innermost box's text away; None if boxes lay too deep to be kept apart."""
        if self._skipped:
            self._skipped -= 1
            self.line()
            return None
        text = _finish(self._parts)
        if self._below:
            self._parts, self._breaks, self._space, self._bulleted = self._below.pop()
        return text

    def text(self) -> str:
        """Return the whole text."""
        while self._below:
            self._skipped = 0
            inner = self.close_box()
            self.line()
            self.verbatim(inner or "")
        return _finish(self._parts)

    def _settle(self) -> None:
        """Write out the breaks or the space that were waiting for a next word."""
        if self._breaks:
            if self._parts:
                self._parts.append("\n" if self._breaks == 1 else "\n\n")
            self._breaks = 0
        elif self._space and self._parts:
            self._parts.append(" ")
        self._space = self._bulleted = False


def _finish(parts: list[str]) -> str:
    text = "".join(parts)
    return (_MANY_BREAKS.sub("\n\n", text) if "\n\n\n" in text else text).strip("\n")
