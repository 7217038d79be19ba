"""Decode the characters of a mail, and remove those that a person would not see.

Characters are dealt with here, for plain text and HTML alike; what a style sheet hides is found
in `html/styles.py`. No warning repeats the hidden text itself: that is how it would reach an agent.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections import Counter
from collections.abc import Mapping

__all__ = [
    "decode_base64",
    "decode_text",
    "decode_words",
    "describe_hidden",
    "python_charset",
    "strip_hidden_characters",
]

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


_WHAT = {
    "display": "hidden by display:none",
    "visibility": "hidden by visibility:hidden",
    "opacity": "made transparent by opacity",
    "font-size": "in a font too small to see",
    "size": "in a box of no size",
    "colour": "in the colour of its background",
    "off-screen": "placed off the screen",
    "attribute": "hidden by the hidden attribute",
    "mso-hide": "hidden by mso-hide",
    "comment": "in an HTML comment",
    "unshown": "in an element that mail programs do not show",
}


_KEPT = {
    "alt": "Long descriptions of pictures, marked [image: …], were kept in {n}: "
    "a person sees them only where the pictures are not shown.",
    "folded": "Text that is shown only when a person opens it was kept and marked in {n}.",
    "title": "Long tooltips, which a person sees only when pointing, were left out in {n}.",
    "styles": "Styles that may hide text could not be followed in {n}: "
    "some of what was read may not be what a person sees.",
}


_CHARACTERS = {
    "zero-width": "Invisible (zero-width) characters were removed in {n}.",
    "soft-hyphen": "Soft hyphens used as padding were removed in {n}.",
    "tag": "Invisible Unicode tag characters were removed in {n}.",
    "variation": "Stray variation selectors were removed in {n}.",
    "bidi": "Characters that reverse the direction of text were removed in {n}.",
    "control": "Control characters were removed in {n}.",
}


# Scripts whose spelling needs the zero-width joiner and non-joiner: Arabic and its kin (Persian,
# Urdu, Kurdish), Syriac, N'Ko, the Indic scripts up to Sinhala, Myanmar, Khmer, Mongolian, Tibetan.
_JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
)


_EMOJI = "\u203c-\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"


_VARIATION = "\ufe00-\ufe0f\U000e0100-\U000e01ef"


# What a variation selector may follow: emoji, keycap digits, ideographs, mathematics, Myanmar.
_VARIED = f"{_EMOJI}0-9#*\u00a9\u00ae\u1000-\u109f\u3000-\u9fff\uf900-\ufaff\U00020000-\U000323af"


_TAG = "\U000e0000-\U000e007f"


_JOINER = "\u200c\u200d"


_FLAG = "\U0001f3f4"


# England, Scotland, Wales: a black flag, a short region code in tag characters, the cancel tag.
_REGION = f"[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}\U000e007f(?![{_TAG}])"


_PADDING = re.compile("\u00ad[\u00ad\u034f\u200b-\u200d\\s]*\u00ad")


# In this order: what is always invisible goes first, so that it cannot stand between the rest.
_REMOVED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("control", re.compile("[\x00-\x08\x0e-\x1f\x7f]+")),
    ("bidi", re.compile("[\u202a-\u202e\u2066-\u2069]+")),
    (
        "zero-width",
        re.compile("[\u034f\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0]+"),
    ),
    ("", re.compile("\u00ad+")),
    ("tag", re.compile(f"(?<![{_FLAG}{_TAG}])[{_TAG}]+|(?<={_FLAG})(?!{_REGION})[{_TAG}]+")),
    ("variation", re.compile(f"(?<![{_VARIED}])[{_VARIATION}]+|[{_VARIATION}]{{2,}}")),
    (
        "zero-width",
        re.compile(
            f"(?<![{_JOINING}{_EMOJI}\ufe0f{_JOINER}])[{_JOINER}]+"
            f"|[{_JOINER}]{{2,}}"
            # A joiner at the end of an Indic word shows its last consonant's half form.
            f"|(?<![\u0900-\u0dff])[{_JOINER}](?![{_JOINING}{_EMOJI}])"
        ),
    ),
)


_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u034f\u115f\u1160\u180e\u200b-\u200d\u202a-\u202e"
    f"\u2060-\u206f\u3164\ufeff\uffa0\ud800-\udfff{_VARIATION}{_TAG}]"
)


_BREAKS = str.maketrans({"\x0b": "\n", "\x0c": "\n"})


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def strip_hidden_characters(text: str) -> tuple[str, Counter[str]]:
    """Remove characters that show nothing or reorder what shows; count the places by kind.

    Emoji sequences, flags, and the joiners that Persian, Hindi and their kin are spelt with stay.
    """
    found: Counter[str] = Counter()
    if _is_harmless(text) or not _SUSPECT.search(text):
        return text, found
    text = _LONE_SURROGATE.sub("\ufffd", text.translate(_BREAKS)).removeprefix("\ufeff")
    if padding := sum(1 for _ in _PADDING.finditer(text)):
        found["soft-hyphen"] = padding
    for kind, pattern in _REMOVED:
        text, places = pattern.subn("", text)
        if places and kind:
            found[kind] += places
    return text, found


def _is_harmless(text: str) -> bool:
    """Tell quickly that ordinary English holds nothing of the kind; False tells nothing."""
    return text.isascii() and text.replace("\n", "").isprintable()


def describe_hidden(found: Mapping[str, int]) -> tuple[str, ...]:
    """Say in one sentence a kind what was removed and in how many places, never what it said."""
    said = []
    for kind, count in found.items():
        if count <= 0:
            continue
        if kind in _CHARACTERS or kind in _KEPT:
            where = "1 place" if count == 1 else f"{count} places"
            said.append((_CHARACTERS | _KEPT)[kind].format(n=where))
        else:
            piece = "1 piece of text was" if count == 1 else f"{count} pieces of text were"
            said.append(f"{piece} {_WHAT[kind]}: removed, because a person does not see it.")
    return tuple(said)
