"""Write mail byte for byte, the same each time.

The standard library's generator folds long message ids into encoded words in some versions of
Python, and draws its boundaries at random; seeded mail must not depend on either.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr, parseaddr
from urllib.parse import quote

MAX_LINE = 76


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """A node of a mail: either `content`, already encoded for transfer, or `children`."""

    content_type: str
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    children: tuple[Part, ...] = ()


def text_part(text: str, subtype: str = "plain", charset: str = "utf-8") -> Part:
    """Give text with the transfer encoding that a mail program would choose for it."""
    lines = text.replace("\r\n", "\n").rstrip("\n") + "\n"
    content = lines.encode(charset)
    if charset == "iso-2022-jp":
        return _leaf(f"text/{subtype}; charset={charset.upper()}", "7bit", _crlf(content))
    if not content.isascii() and _mostly_beyond_ascii(content):
        return _leaf(f'text/{subtype}; charset="UTF-8"', "base64", _base64(_crlf(content)))
    if content.isascii() and max(map(len, content.split(b"\n"))) <= MAX_LINE:
        return _leaf(f'text/{subtype}; charset="UTF-8"', "7bit", _crlf(content))
    encoded = _crlf(quopri.encodestring(content))
    return _leaf(f'text/{subtype}; charset="UTF-8"', "quoted-printable", encoded)


def file_part(
    content: bytes, mime_type: str, filename: str, *, content_id: str | None = None
) -> Part:
    """Give a file as an attachment, or inline where it has a Content-ID."""
    disposition = "attachment" if content_id is None else "inline"
    named = _parameter("filename", filename)
    headers = [("Content-Disposition", f"{disposition}; {named}")]
    if content_id is not None:
        headers.append(("Content-ID", f"<{content_id}>"))
    part = _leaf(f"{mime_type}; {_parameter('name', filename)}", "base64", _base64(content))
    return Part(part.content_type, part.content, (*part.headers, *headers))


def multipart(subtype: str, *children: Part) -> Part:
    return Part(f"multipart/{subtype}", children=children)


def verbatim_part(content_type: str, content: str) -> Part:
    """Give ASCII content as it stands: parts of a delivery report, for instance."""
    return Part(content_type, _crlf(content.encode("ascii")))


def write_mail(headers: Iterable[tuple[str, str]], root: Part, *, name: str) -> bytes:
    """Join headers and parts into a message; `name` sets the boundaries apart.

    The values have to be encoded already (`encoded_text`, `encoded_address`).
    """
    block = "".join(_field(key, value) for key, value in headers)
    return block.encode("ascii") + b"MIME-Version: 1.0\r\n" + _node(root, name)


def encoded_text(value: str, charset: str = "utf-8") -> str:
    """Encode a subject or other unstructured value where it is not ASCII."""
    if value.isascii():
        return value
    return Header(value, charset, maxlinelen=MAX_LINE).encode(linesep="\r\n")


def encoded_address(address: str, charset: str = "utf-8") -> str:
    """Encode the display name of `Name <a@b>` where it is not ASCII."""
    name, email = parseaddr(address)
    return formataddr((name, email), charset)


def encoded_addresses(addresses: Sequence[str], charset: str = "utf-8") -> str:
    return ",\r\n ".join(encoded_address(address, charset) for address in addresses)


def folded_ids(message_ids: Sequence[str]) -> str:
    """Put each message id on a line of its own: they are too long to share one."""
    return "\r\n ".join(message_ids)


def _node(part: Part, path: str) -> bytes:
    if not part.children:
        fields = "".join(_field(key, value) for key, value in part.headers)
        start = f"Content-Type: {part.content_type}\r\n{fields}\r\n"
        return start.encode("ascii") + part.content
    boundary = "=_" + hashlib.sha256(path.encode()).hexdigest()[:28]
    joint = "; " if ";" not in part.content_type else ";\r\n "
    start = f'Content-Type: {part.content_type}{joint}boundary="{boundary}"\r\n\r\n'
    body = b"".join(
        f"--{boundary}\r\n".encode() + _node(child, f"{path}/{number}") + b"\r\n"
        for number, child in enumerate(part.children)
    )
    return start.encode("ascii") + body + f"--{boundary}--\r\n".encode()


def _field(name: str, value: str) -> str:
    if "\r\n" in value or len(name) + 2 + len(value) <= MAX_LINE + 2:
        return f"{name}: {value}\r\n"
    lines, line = [], f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > MAX_LINE + 2 and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def _parameter(name: str, value: str) -> str:
    if value.isascii():
        return f'{name}="{value}"'
    return f"{name}*=UTF-8''{quote(value)}"


def _leaf(content_type: str, encoding: str, content: bytes) -> Part:
    return Part(content_type, content, (("Content-Transfer-Encoding", encoding),))


def _mostly_beyond_ascii(content: bytes) -> bool:
    return sum(byte > 127 for byte in content) * 6 > len(content)


def _base64(content: bytes) -> bytes:
    return _crlf(base64.encodebytes(content))


def _crlf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
