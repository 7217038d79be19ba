"""Tell what kind of file an attachment is, by its bytes first and by its name second."""

from __future__ import annotations

__all__ = ["kind_of"]

_LOCKED = "EncryptedPackage".encode("utf-16-le")
_TEXT_TYPES = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/csv": "table",
    "application/csv": "table",
    "text/tab-separated-values": "table",
    "text/calendar": "calendar",
    "application/ics": "calendar",
    "message/rfc822": "mail",
    "message/global": "mail",
    "application/json": "plain",
    "application/xml": "plain",
    "application/x-ndjson": "plain",
    "application/yaml": "plain",
    "application/sql": "plain",
    "application/javascript": "plain",
    "application/pgp-signature": "plain",
}
_EXTENSIONS = {
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "csv": "table",
    "tsv": "table",
    "tab": "table",
    "ics": "calendar",
    "eml": "mail",
    **dict.fromkeys(("txt", "text", "md", "json", "xml", "yaml", "yml", "log"), "plain"),
    **dict.fromkeys(("ini", "toml", "sql", "vcf", "srt", "tex"), "plain"),
}
_NO_TEXT = ("image/", "audio/", "video/", "font/", "model/")
_UNKNOWN = ("", "application/octet-stream", "binary/octet-stream", "application/x-download")


def kind_of(content: bytes, mime_type: str, filename: str) -> str:
    """Name a format that is read (pdf, docx, xlsx, table, html, mail, calendar, plain).

    What is not read is named by why: encrypted, old_office, archive, rtf or other. A sender's word
    on the type is believed only where the bytes do not say otherwise.
    """
    start = content[:1024].lstrip()
    if start.startswith(b"%PDF-") or b"%PDF-1." in start:
        return "pdf"
    if content.startswith(b"PK\x03\x04"):
        return _inside_zip(content, filename)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return "encrypted" if _LOCKED in content else "old_office"
    if content.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")):
        return "archive"
    if start.startswith(b"{\\rtf"):
        return "rtf"
    return _by_name(content, mime_type.partition(";")[0].strip().lower(), filename)


def _inside_zip(content: bytes, filename: str) -> str:
    # Names stand in a zip as they are; reading a hostile directory of them could take seconds.
    extension = filename.strip().rpartition(".")[2].lower()
    if b"word/document.xml" in content or extension in ("docx", "docm"):
        return "docx"
    return "xlsx" if b"xl/workbook.xml" in content or extension in ("xlsx", "xlsm") else "archive"


def _by_name(content: bytes, mime_type: str, filename: str) -> str:
    extension = filename.strip().rpartition(".")[2].lower()
    named = _TEXT_TYPES.get(mime_type) or _EXTENSIONS.get(extension)
    if mime_type.startswith(_NO_TEXT) or not _looks_like_text(content[:8192]):
        return "other"
    if named:
        return named
    if mime_type.startswith("text/") or mime_type.endswith(("+json", "+xml", "+yaml")):
        return "plain"
    return "plain" if mime_type in _UNKNOWN else "other"


def _looks_like_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in start)
    return b"\0" not in start and controls * 50 <= len(start)
