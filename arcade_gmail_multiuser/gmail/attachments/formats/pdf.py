"""Read the text of a PDF, page by page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

from arcade_gmail_multiuser.gmail.attachments.formats.extract import Extract, Unreadable, gather

__all__ = ["read_pdf"]

MAX_PAGES = 1_000
_INVISIBLE = 3  # PDF 32000, 9.3.6: neither fill nor stroke


def read_pdf(content: bytes) -> Extract:
    """Read the text that pages are set in; a scanned page holds none, and that is said."""
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        # A file that is only protected against changes opens with an empty password.
        locked = reader.is_encrypted and not reader.decrypt("")
        pages = 0 if locked else len(reader.pages)
    except DependencyError:
        locked, pages = True, 0
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, OSError):
        raise Unreadable("corrupted") from None
    if locked:
        raise Unreadable("encrypted")
    counts = _Counts()
    extract = gather(_pages(reader, min(pages, MAX_PAGES), counts))
    if counts.broken and counts.broken == counts.read:
        raise Unreadable("corrupted")
    extract.warnings += counts.warnings(pages)
    if pages > MAX_PAGES:
        extract.complete = False
        extract.warnings.append(f"The PDF has {pages} pages; the first {MAX_PAGES} were read.")
    return extract


class _Counts:
    def __init__(self) -> None:
        self.read = self.empty = self.broken = self.invisible = 0

    def visit(self, operator: object, operands: Any, *_: object) -> None:
        self.invisible += operator == b"Tr" and list(operands) == [_INVISIBLE]

    def warnings(self, pages: int) -> list[str]:
        said = []
        if self.read and self.empty == self.read:
            word = "page" if pages == 1 else "pages"
            said.append(
                f"The PDF ({pages} {word}) holds no text: it is a scan, only pictures, or damaged. "
                "Ask for its bytes as base64 to look at them."
            )
        elif self.empty:
            said.append(f"{self.empty} pages hold no text, only pictures or nothing.")
        if self.broken:
            said.append(f"{self.broken} pages could not be read and were left out.")
        if self.invisible and self.empty < self.read:
            said.append("The PDF holds text that is drawn invisibly; it is among what was read.")
        return said


def _pages(reader: PdfReader, pages: int, counts: _Counts) -> Iterator[str]:
    for number in range(pages):
        counts.read += 1
        try:
            page = reader.pages[number]
            text = page.extract_text(visitor_operand_before=counts.visit).strip()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 # a page may be broken in any way; the others are read
            counts.broken += 1
            continue
        counts.empty += not text
        if text:
            yield f"--- page {number + 1} ---\n{text}\n"
