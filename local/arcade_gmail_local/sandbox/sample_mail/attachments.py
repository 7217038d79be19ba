"""Small files of real formats, made without a library for any of them."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True, repr=False)
class SeedFile:
    filename: str
    mime_type: str
    content: bytes


def seed_file(kind: str, *, project: str, chance: random.Random, when: datetime) -> SeedFile:
    """Make a file of the given kind: pdf, csv, png, ics or docx. Equal arguments, equal bytes."""
    if kind == "pdf":
        return SeedFile("invoice.pdf", "application/pdf", _pdf(_invoice(project, chance)))
    if kind == "csv":
        return SeedFile("figures.csv", "text/csv", _csv(project, chance))
    if kind == "png":
        return SeedFile("chart.png", "image/png", _png(chance))
    if kind == "ics":
        return SeedFile("invite.ics", "text/calendar", _ics(project, when))
    return SeedFile("agreement.docx", DOCX_TYPE, _docx(project))


def _invoice(project: str, chance: random.Random) -> list[str]:
    prices = [chance.randrange(4_000, 90_000) for _ in range(3)]
    items = ("Calibration, per piece", "Parts and seals", "Carriage")
    lines = ["INVOICE", "", f"Reference: {project}", ""]
    lines += [f"{item}   {price / 100:,.2f}" for item, price in zip(items, prices, strict=True)]
    return [*lines, "", f"Total   {sum(prices) / 100:,.2f}", "", "Payable within 30 days."]


def _pdf(lines: list[str]) -> bytes:
    shown = " T* ".join("({}) Tj".format(line.replace("(", r"\(")) for line in lines)
    stream = f"BT /F1 12 Tf 72 760 Td 18 TL {shown} ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _csv(project: str, chance: random.Random) -> bytes:
    rows = ["project,week,line,planned,actual"]
    for week in range(27, 40):
        for line in ("staff", "field services", "hardware"):
            planned = chance.randrange(800, 9_000)
            rows.append(
                f"{project},{week},{line},{planned},{planned + chance.randrange(-400, 400)}"
            )
    return ("\r\n".join(rows) + "\r\n").encode()


def _png(chance: random.Random) -> bytes:
    width, height, level = 240, 120, 80
    grid = [bytearray(b"\xff\xff\xff" * width) for _ in range(height)]
    for x in range(width):
        level = min(height - 2, max(1, level + chance.randrange(-3, 4)))
        for y in range(level, min(height, level + 2)):
            grid[y][x * 3 : x * 3 + 3] = b"\x0b\x57\xd0"
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + bytes(row) for row in grid), 9)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _ics(project: str, when: datetime) -> bytes:
    start = (when + timedelta(days=6)).replace(hour=10, minute=0, second=0)
    stamp = "%Y%m%dT%H%M%SZ"
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Example//Calendar 1.0//EN",
        "VERSION:2.0",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{start:%Y%m%d}-{project.lower().replace(' ', '-')}@example.com",
        f"DTSTAMP:{when.strftime(stamp)}",
        f"DTSTART:{start.strftime(stamp)}",
        f"DTEND:{(start + timedelta(hours=1)).strftime(stamp)}",
        f"SUMMARY:{project}: one hour together",
        "LOCATION:The small meeting room",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _docx(project: str) -> bytes:
    paragraphs = (
        f"Agreement on the data of {project}",
        "1. The parties share readings and logs for the purpose named in the annex only.",
        "2. Raw readings are kept for 24 months and then erased.",
        "3. Either party may end this agreement with three months' notice.",
    )
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in files.items():
            # A fixed date: the same bytes on every day.
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            archive.writestr(entry, f'<?xml version="1.0" encoding="UTF-8"?>{xml}')
    return out.getvalue()
