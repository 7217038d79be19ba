"""Read the cells of a workbook, sheet by sheet, as a person sees them."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from lxml.etree import LxmlError
from openpyxl.utils.exceptions import InvalidFileException

from arcade_gmail_multiuser.gmail.attachments.formats.extract import Extract, Unreadable, gather
from arcade_gmail_multiuser.gmail.attachments.formats.ooxml import check_package

__all__ = ["read_xlsx"]

MAX_ROWS = 100_000  # of all sheets, empty ones too: a row number may be a million
MAX_COLUMNS = 200
MAX_SHEETS = 100

_BROKEN = (
    InvalidFileException,
    DefusedXmlException,
    LxmlError,
    ParseError,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
)


def read_xlsx(content: bytes) -> Extract:
    """Read values, formulas as their last result; a formula never worked out stands as it is."""
    check_package(content)
    notes: list[str] = []
    try:
        values = _open(content, values=True)
        formulas = _open(content, values=False) if _has_formulas(content) else None
        extract = gather(_sheets(values, formulas, notes))
    except _BROKEN:
        raise Unreadable("corrupted") from None
    extract.warnings += dict.fromkeys(notes)
    extract.complete &= not any("only the first" in note for note in notes)
    return extract


def _open(content: bytes, *, values: bool) -> Any:
    return openpyxl.load_workbook(
        io.BytesIO(content), read_only=True, data_only=values, keep_links=False
    )


def _has_formulas(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for entry in package.infolist():
            if entry.filename.startswith("xl/worksheets/"):
                with package.open(entry) as part:
                    if any(b"<f" in piece for piece in iter(lambda: part.read(1 << 20), b"")):
                        return True
    return False


def _sheets(values: Any, formulas: Any, notes: list[str]) -> Iterator[str | None]:
    left = MAX_ROWS
    for sheet in values.worksheets[:MAX_SHEETS]:
        hidden = sheet.sheet_state != "visible"
        if hidden:
            notes.append("The workbook has hidden sheets; they are marked as such.")
        yield f"--- sheet: {_one_line(sheet.title)}{' (hidden)' if hidden else ''} ---"
        rows = _rows(sheet)
        others = itertools.repeat(()) if formulas is None else _rows(formulas[sheet.title])
        for row, other in zip(rows, others, strict=False):
            left -= 1
            if left < 0:
                notes.append(f"The workbook is large; only the first {MAX_ROWS:,} rows were read.")
                return
            if any(value is not None for value in row[MAX_COLUMNS:]):
                notes.append(f"Of wide sheets only the first {MAX_COLUMNS} columns were read.")
            yield _line(row[:MAX_COLUMNS], other) or None
        yield ""


def _rows(sheet: Any) -> Iterable[tuple[Any, ...]]:
    sheet.reset_dimensions()  # what a file says of its size need not be true
    rows: Iterable[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
    return rows


def _line(row: tuple[Any, ...], formulas: tuple[Any, ...]) -> str:
    cells = [
        _shown(value if value is not None else formula)
        for value, formula in itertools.zip_longest(row, formulas[: len(row)])
    ]
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        at_midnight = value.time() == time()
        return value.date().isoformat() if at_midnight else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return _one_line(str(getattr(value, "text", value)))


def _one_line(text: str) -> str:
    return " ".join(text.split())
