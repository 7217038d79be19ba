"""Which characters the bytes of a mail stand for."""

from __future__ import annotations

import base64
import binascii
import codecs
import re

__all__ = ["decode_base64", "decode_text", "decode_words", "python_charset"]

# What mail calls a charset and the wider one that senders really use.
_REAL = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601_1987": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-9": "cp1254",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
}
# Only text charsets: `punycode` and `unicode_escape` are codecs too, slow or surprising ones.
# UTF-7 is left out on purpose, as browsers leave it out: it writes markup without its letters.
_TEXT_CODEC = re.compile(
    r"(?:ascii|utf-8|utf-16(?:-[bl]e)?|utf-32(?:-[bl]e)?|iso8859-\d+|cp\d+|koi8-[rut]|gb18030"
    r"|gbk|gb2312|hz|big5(?:hkscs)?|euc_\w+|shift_jis\w*|iso2022_\w+|mac-\w+|johab|tis-620"
    r"|ptcp154|kz1048)\Z"
)
# Text in these is made of ASCII bytes, so it passes for UTF-8 and has to be recognised first.
_SEVEN_BIT = {"iso2022": b"\x1b", "hz": b"~{"}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([BbQq])\?([^?\r\n]*)\?=")
_ASCII = bytes(range(128))
_MAX_ENCODED = 500_000  # characters of one header; Gmail takes none so long
_FOLD = re.compile(r"\r?\n[ \t]*|\r")


def python_charset(declared: str | None) -> str | None:
    """Name Python's codec for a charset that mail declares; None for an unknown or unsafe one."""
    wanted = (declared or "").strip().strip("\"'").strip().lower()[:60]
    wanted = _REAL.get(wanted, wanted)
    try:
        name = codecs.lookup(wanted).name
    except (LookupError, ValueError):
        return None
    name = _REAL.get(name, name)
    return name if _TEXT_CODEC.match(name) else None


def decode_text(data: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """Turn bytes into text and say in one sentence what could not be read, if anything.

    UTF-8 comes first whatever is declared, because Gmail hands text over as UTF-8 and leaves the
    old declaration standing; text in another charset is almost never valid UTF-8 by chance.
    """
    for mark, charset in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(charset, "replace"), None
    charset_ = python_charset(declared)
    if charset_ is not None and _must_come_first(charset_, data):
        return data.decode(charset_, "replace"), None
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    if charset_ in (None, "utf-8", "ascii"):
        return _guess(data)
    try:
        return data.decode(charset_ or "utf-8"), None
    except UnicodeDecodeError:
        text = data.decode(charset_ or "utf-8", "replace")
        return text, "Some characters could not be read and stand as \ufffd."


def _must_come_first(charset: str, data: bytes) -> bool:
    if charset.startswith(("utf-16", "utf-32")):
        return b"\0" in data
    return any(charset.startswith(kind) and mark in data for kind, mark in _SEVEN_BIT.items())


def _guess(data: bytes) -> tuple[str, str]:
    """Read bytes that are not UTF-8 and name no usable charset."""
    text = data.decode("utf-8", "replace")
    beyond_ascii = len(data.translate(None, _ASCII))
    if text.count("\ufffd") * 4 <= beyond_ascii:
        return text, "Some characters could not be read and stand as \ufffd."
    # Mostly not UTF-8: Western European text without a label is the likeliest.
    return (
        data.decode("cp1252", "replace"),
        "The text does not say its charset; Western European was assumed.",
    )


def decode_base64(data: str) -> tuple[bytes, bool]:
    """Decode base64 or base64url, padded or not; the flag tells whether all of it was good."""
    compact = "".join(data.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        padded = (compact + "=" * (-len(compact) % 4)).encode("ascii")
        return base64.b64decode(padded, validate=True), True
    except (ValueError, binascii.Error):
        pass
    good = re.sub(r"[^A-Za-z0-9+/]", "", compact)
    good = good[: len(good) - (len(good) % 4 == 1)]
    return base64.b64decode(good + "=" * (-len(good) % 4)), False


def decode_words(value: str) -> str:
    """Unfold a header value and decode the encoded words (RFC 2047) in it.

    Lenient, as mail programs are: words inside quotes or other words count too, neighbours of one
    charset are joined before decoding (senders cut characters in two), an unreadable one stays.
    """
    value = _FOLD.sub(lambda m: "" if m.group() == "\r" else " ", value).strip()
    if "=?" not in value or len(value) > _MAX_ENCODED:
        return value
    pieces: list[str] = []
    pending, charset, end = b"", "", 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        content = _word_bytes(word.group(2), word.group(3))
        usable = python_charset(word.group(1)) is not None
        follows = bool(charset) and not between.strip()
        if not (follows and usable and word.group(1).lower() == charset):
            pieces.append(decode_text(pending, charset)[0])
            pending, charset = b"", ""
            if not (follows and usable):
                pieces.append(between)
        if usable:
            pending, charset = pending + content, word.group(1).lower()
        else:
            pieces.append(_without_charset(word.group(), content))
        end = word.end()
    pieces.append(decode_text(pending, charset)[0])
    pieces.append(value[end:])
    return _FOLD.sub(" ", "".join(pieces)).strip()


def _word_bytes(encoding: str, payload: str) -> bytes:
    if encoding in "Bb":
        return decode_base64(payload)[0]
    return binascii.a2b_qp(payload.replace("_", " ").encode("utf-8", "replace"))


def _without_charset(word: str, content: bytes) -> str:
    """Show a word of an unknown charset: its text where that is plain ASCII, else as it came."""
    return content.decode("ascii") if content.isascii() and content.isalnum() else word
