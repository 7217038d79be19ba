"""Decode what mail encodes: charsets, base64 and RFC 2047 words."""

from __future__ import annotations

import binascii
import codecs
import email.errors
import email.header
import re

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# As browsers read labels: senders declare the first and write the second (WHATWG Encoding).
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "ks_c_5601-1987": "cp949",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859-8",
}
# Python's other codecs are transformations (rot13, zlib), or UTF-7, which no browser reads.
_NOT_TEXT = frozenset({"utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape"})
_ESCAPES = (b"\x1b", b"~{")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_MAX_ENCODED = 500_000


def codec_of(declared: str) -> str | None:
    """Return Python's codec for a declared charset; None when it is unknown or not for text."""
    label = declared.strip(" \t\r\n\"'").lower()[:60]
    try:
        info = codecs.lookup(_WIDER.get(label, label))
    except (LookupError, ValueError):
        return None
    is_text = getattr(info, "_is_text_encoding", True) and info.name not in _NOT_TEXT
    return _WIDER.get(info.name, info.name) if is_text else None


def decode_text(data: bytes, declared: str = "") -> str:
    """Decode text; valid UTF-8 is UTF-8 whatever is declared, unreadable text Windows-1252."""
    for mark, charset in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(charset, "replace")
    codec = codec_of(declared)
    # Stateful and two-byte charsets consist of bytes that pass for ASCII.
    passes_for_ascii = data.isascii() and any(escape in data for escape in (*_ESCAPES, b"\0"))
    candidates = [codec, "utf-8"] if passes_for_ascii else ["utf-8", codec]
    for candidate in filter(None, candidates):
        try:
            return data.decode(candidate)
        except UnicodeDecodeError:
            continue
    return data.decode(codec if codec not in (None, "utf-8", "ascii") else "cp1252", "replace")


def decode_base64(data: bytes) -> bytes:
    """Decode base64 in either alphabet, padded or not, skipping whatever is not base64."""
    digits = _NOT_BASE64.sub(b"", data.translate(_TO_STANDARD))
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def decode_base64_strictly(text: str) -> bytes:
    """Decode base64 in either alphabet, padded or not.

    Raises:
        ValueError: there is something else in the text.
    """
    digits = text.encode("ascii").rstrip(b"=").translate(_TO_STANDARD)
    # Not base64.b64decode: it checks by a regular expression, slow over forty megabytes.
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)


def decode_words(value: str) -> str:
    """Decode RFC 2047 words; what cannot be decoded stays as it is."""
    if "=?" not in value or len(value) > _MAX_ENCODED:
        return value
    try:
        pieces = email.header.decode_header(value)
    except (email.errors.HeaderParseError, ValueError):
        return value
    text = ""
    for piece, charset in pieces:
        if isinstance(piece, str):
            text += piece
        elif charset is None:
            # The parser escapes plain text beyond Latin-1 between two words.
            text += piece.decode("raw_unicode_escape", "replace")
        elif codec_of(charset) is None:
            return value
        else:
            text += decode_text(piece, charset)
    return text
