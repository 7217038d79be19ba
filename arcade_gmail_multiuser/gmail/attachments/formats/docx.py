"""Read a Word document: paragraphs and tables in their order, headers and footers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import docx
from docx.blkcntnr import BlockItemContainer
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError
from docx.shared import Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.hyperlink import Hyperlink
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from lxml.etree import LxmlError

from arcade_gmail_multiuser.gmail.attachments.formats.extract import Extract, Unreadable, gather
from arcade_gmail_multiuser.gmail.attachments.formats.ooxml import check_package

__all__ = ["read_docx"]

_MAX_DEPTH = 20
_WHITE = RGBColor(0xFF, 0xFF, 0xFF)


def read_docx(content: bytes) -> Extract:
    """Read a .docx; text that Word hides, or writes too small or white on white, is left out."""
    check_package(content)
    try:
        document = docx.Document(io.BytesIO(content))
        notes = _Notes()
        extract = gather(_everything(document, notes))
    except (OpcError, LxmlError, InvalidXmlError, KeyError, ValueError, AttributeError, OSError):
        raise Unreadable("corrupted") from None
    if notes.hidden:
        extract.warnings.append(
            "Text that the document hides, or writes white or too small to see, was left out."
        )
    return extract


class _Notes:
    def __init__(self) -> None:
        self.hidden = 0


def _everything(document: Document, notes: _Notes) -> Iterator[str]:
    seen: set[str] = set()
    for section in document.sections:
        for part in (section.header, section.footer):
            lines = [] if part.is_linked_to_previous else list(_blocks(part, notes, 0))
            text = "\n".join(line for line in lines if line.strip())
            if text and text not in seen:
                seen.add(text)
                yield text
    yield from _blocks(document, notes, 0)


def _blocks(holder: Document | BlockItemContainer, notes: _Notes, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for block in holder.iter_inner_content():
        if isinstance(block, Table):
            yield from _rows(block, notes, depth)
        else:
            yield _paragraph(block, notes)


def _rows(table: Table, notes: _Notes, depth: int) -> Iterator[str]:
    for row in table.rows:
        cells = []
        # Of cells merged into one, a row shows the first; `row.cells` would repeat it.
        for element in row._tr.tc_lst:  # noqa: SLF001 # python-docx has no other way to them
            merged_down = element.vMerge == "continue"
            lines = () if merged_down else _blocks(_Cell(element, table), notes, depth + 1)
            cells.append(" ".join(" ".join(lines).split()))
        yield " | ".join(cells)
    yield ""


def _paragraph(paragraph: Paragraph, notes: _Notes) -> str:
    text = "".join(_runs(paragraph.iter_inner_content(), notes))
    style = _style_name(paragraph)
    if text.strip() and style.startswith("List"):
        return f"- {text}"
    return f"\n{text}\n" if style.startswith(("Heading", "Title")) else text


def _runs(items: Iterable[Run | Hyperlink], notes: _Notes) -> Iterator[str]:
    for item in items:
        if isinstance(item, Hyperlink):
            text = "".join(_runs(item.runs, notes))
            yield f"{text} ({item.url})" if item.url and item.url != text else text
        elif item.text.strip() and _is_hidden(item):
            notes.hidden += 1
        else:
            yield item.text


def _is_hidden(run: Run) -> bool:
    font = run.font
    if font.hidden or (font.size is not None and font.size <= Pt(1)):
        return True
    return font.color.rgb == _WHITE and font.highlight_color is None


def _style_name(paragraph: Paragraph) -> str:
    style = paragraph.style
    return (style.name or "") if style is not None else ""
