"""An attached file becomes the text that a person would read in it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import openpyxl
import pytest
from docx.shared import Pt, RGBColor

from arcade_gmail_multiuser.errors import UnreadableAttachment
from arcade_gmail_multiuser.gmail.attachments.attachment_text import (
    AttachmentText,
    attachment_text,
    close_readers,
)
from arcade_gmail_multiuser.tools.answer_format import clip


@pytest.fixture(scope="module", autouse=True)
def _readers_end() -> Iterator[None]:
    yield
    close_readers()


def pdf(content: bytes, resources: bytes = b"/Font << /F1 4 0 R >>", pages: int = 1) -> bytes:
    """Write a PDF by hand: one content for all its pages, one font."""
    kids = b" ".join(b"%d 0 R" % (6 + n) for n in range(pages))
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << %s >> >>" % resources
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        b"<< >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        *[page] * pages,
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def shown(text: str, mode: int = 0) -> bytes:
    return f"BT /F1 12 Tf {mode} Tr 72 760 Td ({text}) Tj ET".encode("latin-1")


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]  # both libraries' documents have it
    return out.getvalue()


async def read(content: bytes, filename: str = "", mime_type: str = "") -> AttachmentText:
    return await attachment_text(content, mime_type=mime_type, filename=filename)


async def test_a_pdf_is_read_page_by_page() -> None:
    found = await read(pdf(shown("Hello"), pages=2), mime_type="application/octet-stream")
    assert found.kind == "pdf"
    assert found.text == "--- page 1 ---\nHello\n\n--- page 2 ---\nHello"
    assert found.warnings == ()
    assert found.complete


async def test_a_scanned_pdf_says_that_it_holds_no_text() -> None:
    found = await read(pdf(b"q 100 0 0 100 0 0 cm /I Do Q", b""))
    assert found.text == ""
    assert "holds no text: it is a scan" in found.warnings[0]
    assert "base64" in found.warnings[0]


async def test_text_that_a_pdf_draws_invisibly_is_told_of() -> None:
    found = await read(pdf(shown("Seen") + shown("Unseen", mode=3)))
    assert "drawn invisibly" in found.warnings[0]


async def test_a_word_document_is_read_in_order() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Letterhead"
    document.add_heading("見積書")
    document.add_paragraph("これは見積書です。")
    document.add_paragraph("one", style="List Bullet")
    table = document.add_table(3, 3)
    for row, cells in enumerate((("品名", "数量", "金額"), ("茶", "2", ""), ("", "", "300"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(1, 1).merge(table.cell(1, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_paragraph("The end")
    found = await read(saved(document), "見積.docx")
    assert found.kind == "docx"
    lines = [line.strip() for line in found.text.split("\n") if line.strip()]
    assert lines == [
        "Letterhead",
        "見積書",
        "これは見積書です。",
        "- one",
        "品名 | 数量 | 金額",
        "茶 | 2",
        "|  | 300",
        "The end",
    ]


async def test_what_a_word_document_hides_is_left_out_and_said() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Seen ")
    paragraph.add_run("vanished").font.hidden = True
    paragraph.add_run("white").font.color.rgb = RGBColor(255, 255, 255)
    paragraph.add_run("small").font.size = Pt(1)
    found = await read(saved(document), "a.docx")
    assert found.text == "Seen"
    assert "hides" in found.warnings[0]


async def test_a_workbook_is_read_sheet_by_sheet() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "売上"
    moment = datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001 # Excel knows no time zones
    sheet.append(["品名", "日付", "時刻", "金額", "済"])
    sheet.append(["お茶\n(緑)", date(2026, 3, 1), moment, 1234.5, True])
    sheet["A3"], sheet["D3"] = "計", "=SUM(D2:D2)"
    sheet["A4"] = "merged"
    sheet.merge_cells("A4:C4")
    sheet["A90000"] = "far below"
    book.create_sheet("empty")
    secret = book.create_sheet("notes")
    secret.append([1, None, 3])
    secret.sheet_state = "hidden"
    found = await read(saved(book), "a.xlsx")
    assert found.kind == "xlsx"
    assert found.text.split("\n") == [
        "--- sheet: 売上 ---",
        "品名 | 日付 | 時刻 | 金額 | 済",
        "お茶 (緑) | 2026-03-01 | 2026-03-01 09:30:00 | 1234.5 | TRUE",
        "計 |  |  | =SUM(D2:D2)",
        "merged",
        "far below",
        "",
        "--- sheet: empty ---",
        "",
        "--- sheet: notes (hidden) ---",
        "1 |  | 3",
    ]
    assert found.warnings == ("The workbook has hidden sheets; they are marked as such.",)


async def test_a_formula_is_read_as_its_last_result() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "=1+1"
    content = saved(book)
    # openpyxl writes no results; Excel does, as <v>.
    out = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name).replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
            new.writestr(name, data)
    assert (await read(out.getvalue(), "a.xlsx")).text.endswith("\n2")


@pytest.mark.parametrize(
    ("content", "filename", "kind", "text"),
    [
        (b"a,b\r\n1,\"x, y\"\r\n", "t.csv", "table", "a | b\n1 | x, y"),
        (b"a;b;c\n1,5;2;3\n", "t.csv", "table", "a | b | c\n1,5 | 2 | 3"),
        (b"a\tb\n1\t2\n", "t.tsv", "table", "a | b\n1 | 2"),
        ("名前,値\nりんご,3\n".encode("cp932"), "t.csv", "table", "名前 | 値\nりんご | 3"),
        ("名前,値\n".encode("utf-16"), "t.csv", "table", "名前 | 値"),
        ("これはペンです".encode("euc_jp"), "t.txt", "plain", "これはペンです"),
        ("これはペンです".encode("iso2022_jp"), "t.txt", "plain", "これはペンです"),
        (b"Caf\xe9", "t.txt", "plain", "Café"),
        (b'{"a": 1}', "t.json", "plain", '{"a": 1}'),
        (b"<a>1</a>", "t.xml", "plain", "<a>1</a>"),
        (b"<p>One</p><p>Two</p>", "t.html", "html", "One\n\nTwo"),
        (b"BEGIN:VEVENT\r\nSUMMARY:One\r\n  two\r\nEND:VEVENT", "t.ics", "calendar",
         "BEGIN:VEVENT\nSUMMARY:One two\nEND:VEVENT"),
        (b"no name, no type", "", "plain", "no name, no type"),
    ],
)  # fmt: skip
async def test_text_files_are_read(content: bytes, filename: str, kind: str, text: str) -> None:
    found = await read(content, filename)
    assert found.kind == kind
    assert found.text == text


async def test_an_attached_mail_is_read_like_a_mail() -> None:
    raw = (
        b"From: Ann <a@x.com>\r\nTo: b@y.com\r\nSubject: =?utf-8?b?5pel5pys?=\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n"
        b"Content-Type: text/html\r\n\r\n<p>Hi</p><p style='display:none'>obey</p>\r\n--q\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--q--\r\n"
    )
    found = await read(raw, "old.eml", "message/rfc822")
    assert found.text.split("\n") == [
        "From: Ann <a@x.com>",
        "To: b@y.com",
        "Subject: 日本",
        "Attachments: a.pdf",
        "",
        "Hi",
    ]
    assert "display:none" in found.warnings[0]


async def test_what_html_hides_stays_hidden_in_a_file() -> None:
    found = await read(b"<p>a</p><p hidden>obey</p>", mime_type="text/html")
    assert found.text == "a"
    assert "hidden attribute" in found.warnings[0]


async def test_invisible_characters_are_removed_from_every_file() -> None:
    found = await read("pass\u200bword\U000e0041".encode(), "a.txt")
    assert found.text == "password"
    assert len(found.warnings) == 2


async def test_a_long_text_is_cut_and_pages_with_a_cursor() -> None:
    found = await read(b"line of text\n" * 200_000, "a.txt")
    assert not found.complete
    assert len(found.text) <= 1_000_000
    first = clip(found.text, max_chars=5_000)
    second = clip(found.text, max_chars=5_000, cursor=first.next_cursor)
    assert found.text.startswith(first.text + second.text)


async def test_an_empty_file_says_so() -> None:
    assert (await read(b"", "a.pdf")).warnings == ("The file is empty.",)


def test_importing_it_loads_no_format() -> None:
    code = (
        "import sys, arcade_gmail_multiuser.gmail.attachments.attachment_text;"
        "print({'pypdf', 'docx', 'openpyxl', 'lxml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "set()"


async def test_no_text_is_in_a_repr() -> None:
    assert "secret" not in repr(await read(b"secret", "a.txt"))
    with pytest.raises(UnreadableAttachment) as raised:
        await read(b"\x89PNG secret", "secret.png", "image/png")
    assert "secret" not in str(raised.value)
