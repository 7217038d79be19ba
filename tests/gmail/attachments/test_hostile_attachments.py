"""A hostile file costs a clear answer and bounded time, and harms nothing."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import docx
import openpyxl
import pytest
from pypdf import PdfWriter

from arcade_gmail_multiuser.errors import UnreadableAttachment
from arcade_gmail_multiuser.gmail.attachments import attachment_text as module
from arcade_gmail_multiuser.gmail.attachments.attachment_text import attachment_text, close_readers
from arcade_gmail_multiuser.gmail.attachments.formats import extract

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _readers_end() -> Iterator[None]:
    yield
    close_readers()


def word_file() -> bytes:
    out = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Hello")
    document.save(out)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "Hello"
    book.save(out)
    return out.getvalue()


def with_part(content: bytes, name: str, data: bytes) -> bytes:
    """Replace one part of an Office file."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, data)
    return out.getvalue()


def locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


WORD_XML = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def bomb(name: str) -> bytes:
    base = word_file() if name.startswith("word") else workbook()
    return with_part(base, name, b" " * 30_000_000)


def many_entries() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("word/document.xml", "x")
        for n in range(6_000):
            package.writestr(f"word/{n}", "")
    return out.getvalue()


def encrypted_zip() -> bytes:
    content = bytearray(word_file())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    return bytes(content)


REFUSED = {
    "a locked PDF": (locked_pdf, "encrypted"),
    "a locked Office file": (
        lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "encrypted",
    ),
    "a locked zip": (encrypted_zip, "encrypted"),
    "an old Word file": (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old_office"),
    "a zip": (lambda: with_part(b"PK\x05\x06" + b"\0" * 18, "a.txt", b"hi"), "archive"),
    "a gzip": (lambda: b"\x1f\x8b\x08\0\0\0", "archive"),
    "rich text": (lambda: b"{\\rtf1 hi}", "rtf"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\0\0", "not_text"),
    "a program": (lambda: b"\x7fELF\0\0\0", "not_text"),
    "a PDF of rubbish": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40, "corrupted"),
    "half a Word file": (lambda: word_file()[:9000], "corrupted"),
    "half a workbook": (lambda: workbook()[:-300], "corrupted"),
    "a Word file without a document": (
        lambda: with_part(word_file(), "word/document.xml", b"<a>"),
        "corrupted",
    ),
    "a workbook without cells": (
        lambda: with_part(workbook(), "xl/worksheets/sheet1.xml", b"<a>"),
        "corrupted",
    ),
    "a Word bomb": (lambda: bomb("word/document.xml"), "too_large"),
    "a workbook bomb": (lambda: bomb("xl/worksheets/sheet1.xml"), "too_large"),
    "a bomb in a picture": (lambda: bomb("word/media/image1.png"), "too_large"),
    "a bomb of many entries": (many_entries, "too_large"),
    "a billion laughs in Word": (
        lambda: with_part(word_file(), "word/document.xml", LAUGHS + WORD_XML + b"&a11;"),
        "corrupted",
    ),
    "a billion laughs in UTF-16": (
        lambda: with_part(
            word_file(), "word/document.xml", (LAUGHS + WORD_XML).decode().encode("utf-16")
        ),
        "corrupted",
    ),
    "a file from outside in Word": (
        lambda: with_part(word_file(), "word/document.xml", OUTSIDE + WORD_XML + b"&a;"),
        "corrupted",
    ),
    "a file from outside in a workbook": (
        lambda: with_part(workbook(), "xl/worksheets/sheet1.xml", OUTSIDE + SHEET + b"&a;"),
        "corrupted",
    ),
    "an entity behind much white space": (
        lambda: with_part(
            workbook(),
            "xl/worksheets/sheet1.xml",
            b"<!--" + b" " * 90_000 + b"-->" + LAUGHS + SHEET,
        ),
        "corrupted",
    ),
    "more than is read": (lambda: b"%PDF-" + b" " * (module.MAX_BYTES + 1), "too_large"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_file_that_cannot_be_read_gets_a_clear_answer(kind: str) -> None:
    make, reason = REFUSED[kind]
    content = make()
    began = time.monotonic()
    with pytest.raises(UnreadableAttachment) as raised:
        await attachment_text(content)
    assert raised.value.reason == reason
    assert "base64" in raised.value.message
    assert raised.value.__cause__ is None
    assert time.monotonic() - began < 15


async def test_the_next_file_is_read_after_a_hostile_one() -> None:
    with pytest.raises(UnreadableAttachment):
        await attachment_text(bomb("word/document.xml"))
    assert (await attachment_text(word_file())).text == "Hello"


async def test_a_pdf_bomb_is_not_unpacked() -> None:
    packed = zlib.compress(b"0 " * 400_000_000, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << >> >>",
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, o) for n, o in enumerate(objects, 1))
    content = b"%PDF-1.4\n" + body + b"trailer\n<< /Root 1 0 R /Size 5 >>\nstartxref\n0\n%%EOF"
    began = time.monotonic()
    found = await attachment_text(content)
    assert found.text == ""
    assert "holds no text" in found.warnings[0]
    assert time.monotonic() - began < 5
    assert (await attachment_text(word_file())).text == "Hello"


async def test_a_sheet_of_a_million_rows_ends_in_time() -> None:
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c>'
    sheet = SHEET + rows + b"</row></sheetData></worksheet>"
    began = time.monotonic()
    found = await attachment_text(with_part(workbook(), "xl/worksheets/sheet1.xml", sheet))
    assert found.text.split("\n")[1] == "1"
    assert not found.complete
    assert time.monotonic() - began < 15


async def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SILENCE_S", 0.0)
    close_readers()  # a new one takes a while to start, so it cannot answer before it is ended
    with pytest.raises(UnreadableAttachment) as raised:
        await attachment_text(b"hello", filename="a.txt")
    assert raised.value.reason == "too_slow"
    monkeypatch.undo()
    assert (await attachment_text(b"hello", filename="a.txt")).text == "hello"


async def test_a_process_that_was_ended_is_started_again() -> None:
    assert (await attachment_text(b"one", filename="a.txt")).text == "one"
    close_readers()
    assert (await attachment_text(b"two", filename="a.txt")).text == "two"


async def test_many_files_at_once_each_get_their_own_text() -> None:
    texts = [f"text {n}" for n in range(20)]
    found = await asyncio.gather(
        *(attachment_text(text.encode(), filename="a.txt") for text in texts)
    )
    assert [one.text for one in found] == texts


async def test_the_reading_process_knows_none_of_the_workers_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARCADE_WORKER_SECRET", "canary")
    close_readers()
    await attachment_text(b"hello", filename="a.txt")
    [reader] = [reader for reader in module._readers if reader._process is not None][:1]
    assert reader._process is not None
    environment = await asyncio.to_thread(Path(f"/proc/{reader._process.pid}/environ").read_bytes)
    assert b"canary" not in environment


def test_lines_are_gathered_until_there_is_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "MAX_READING_S", -1.0)
    found = extract.gather(["one", "two"])
    assert found.text == "one"
    assert not found.complete
