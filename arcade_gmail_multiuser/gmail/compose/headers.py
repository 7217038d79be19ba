"""Write header fields so that no value can break out of its header.

Folding is done here rather than by `email.message`, whose folding encodes long Message-IDs
(RFC 2047), which breaks threading, and which encodes an address together with its name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from arcade_gmail_multiuser.errors import InvalidAddress, InvalidHeader
from arcade_gmail_multiuser.gmail.addresses import Address, ascii_email

MAX_FOLDED_LINE = 76
"""Lines are folded at this length (RFC 2047's limit, two below RFC 5322's advice)."""

MAX_LINE = 998
"""RFC 5322: no line may be longer, without its CRLF."""

_MAX_WORD = 75
_WORD_OVERHEAD = len("=?utf-8?b??=")
# No header may hold these: line breaks (Unicode's too), other controls, halves of characters.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_READABLE = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_PLAIN_PARAMETER = re.compile(r"[A-Za-z0-9!#$&+.^_`{}~@,;()\[\] -]{1,60}")


def check_header(name: str, value: str) -> None:
    """Raise InvalidHeader if `value` could end the header early; the error never repeats it."""
    if _UNSAFE.search(value):
        raise InvalidHeader(
            f"The {name} header holds a line break or another control character. Remove it."
        )


def text_header(name: str, value: str) -> bytes:
    """Write free text, such as a subject; readers get back exactly what was given."""
    check_header(name, value)
    if not value:
        return f"{name}: \r\n".encode("ascii")
    words = value.split(" ")
    short = all(len(word) < MAX_LINE - len(name) - 2 for word in words)
    if not (short and _READABLE.fullmatch(value) and "=?" not in value):
        words = _encoded_words(value, width=MAX_FOLDED_LINE - len(name) - 2)
    return _folded(name, words)


def address_header(name: str, addresses: Iterable[Address]) -> bytes:
    """Write addresses; only a name is ever encoded, never the address beside it.

    Raises:
        InvalidHeader: a name or an address holds a control character.
        InvalidAddress: an address is not one that can stand in a header.
    """
    tokens: list[str] = []
    for address in addresses:
        check_header(name, address.name)
        check_header(name, address.email)
        try:
            email = ascii_email(address.email)
        except InvalidAddress as problem:
            raise InvalidAddress(f"An address in {name} is not valid: {problem}.") from None
        if tokens:
            tokens[-1] += ","
        if address.name:
            tokens += _phrase(address.name, width=MAX_FOLDED_LINE - len(name) - 2)
            tokens.append(f"<{email}>")
        else:
            tokens.append(email)
    return _folded(name, tokens)


def message_id_header(name: str, ids: Sequence[str]) -> bytes:
    """Write Message-IDs as they are, folded between them and never inside or encoded."""
    return _folded(name, [_message_id(name, given) for given in ids])


def parameter_header(name: str, value: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    """Write a value with parameters, each on lines of its own, long or Unicode ones by RFC 2231.

    `name` is written as an encoded word instead: Gmail and Outlook look for the file name there,
    and mail programs older than RFC 2231 understand nothing else.
    """
    lines = [f"{name}: {value}"]
    for key, text in parameters:
        check_header(f"{name} ({key})", text)
        lines += _parameter(key, text)
    return ";\r\n ".join(lines).encode("ascii") + b"\r\n"


def _message_id(name: str, given: str) -> str:
    check_header(name, given)
    text = given.strip()
    if "<" not in text and ">" not in text:
        text = f"<{text}>"
    if not _MESSAGE_ID.fullmatch(text):
        raise InvalidHeader(f"The {name} header holds something that is not a Message-ID.")
    return text


def _folded(name: str, tokens: Sequence[str]) -> bytes:
    """Join tokens with spaces, breaking lines only there."""
    lines: list[str] = []
    line = f"{name}:"
    for n, token in enumerate(tokens):
        # The first stays on the header's own line: a line of nothing but blanks is obsolete.
        if n and len(line) + 1 + len(token) > MAX_FOLDED_LINE:
            lines.append(line)
            line = ""
        line += f" {token}"
    return "\r\n".join([*lines, line, ""]).encode("ascii")


def _encoded_words(text: str, *, width: int) -> list[str]:
    """Encode as base64 words (RFC 2047), never splitting a character over two."""
    room = (min(width, _MAX_WORD) - _WORD_OVERHEAD) // 4 * 3
    return [
        f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in _pieces(text, room)
    ]


def _pieces(text: str, room: int) -> list[bytes]:
    """Cut UTF-8 into pieces of at most `room` bytes between characters."""
    data = text.encode("utf-8")
    pieces: list[bytes] = []
    start = 0
    while start < len(data):
        end = min(start + room, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[start:end])
        start = end
    return pieces


def _phrase(name: str, *, width: int) -> list[str]:
    if "=?" not in name and _READABLE.fullmatch(name):
        if _ATOMS.fullmatch(name):
            words = name.split(" ")
            if all(len(word) <= width for word in words):
                return words
        quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if len(quoted) <= width:
            return [quoted]
    return _encoded_words(name, width=width)


def _parameter(key: str, text: str) -> list[str]:
    if _PLAIN_PARAMETER.fullmatch(text) and text.strip() == text:
        return [f'{key}="{text}"']
    if key == "name":
        # A quoted encoded word is not in the standard, but it is what Gmail itself writes.
        words = _encoded_words(text, width=MAX_FOLDED_LINE - len(' name=""'))
        return [f'{key}="' + "\r\n ".join(words) + '"']
    # "%E5" and so on: 18 bytes become at most 54 characters.
    pieces = [quote(piece, safe="") for piece in _pieces(text, 18)]
    pieces[0] = f"utf-8''{pieces[0]}"
    if len(pieces) == 1:
        return [f"{key}*={pieces[0]}"]
    return [f"{key}*{n}*={piece}" for n, piece in enumerate(pieces)]
