"""Split multipart bodies: uploads are multipart/related, batches multipart/mixed.

Not python-multipart, which reads form data only, and not the standard library's mail parser, which
takes seconds for tens of megabytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from arcade_gmail_local.sandbox.google_error import GoogleError, invalid

_NEWLINE = 0x0A
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One part; header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def split_multipart(body: bytes, content_type: str) -> list[Part]:
    """Return the parts in order; lines may end in CRLF or LF.

    Raises ValueError when there is no boundary, or none of it in the body.
    """
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary()
    if not boundary:
        raise ValueError("no boundary")
    # The pattern begins with plain text, which is what makes it fast over tens of megabytes.
    line = re.compile(
        b"--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    )
    marks = [m for m in line.finditer(body) if m.start() == 0 or body[m.start() - 1] == _NEWLINE]
    if not marks:
        raise ValueError("the boundary does not occur")
    parts: list[Part] = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        if mark[1]:
            break
        end = len(body) if following is None else _before_line_end(body, following.start())
        parts.append(split_head(body[mark.end() : end]))
    return parts


def _before_line_end(body: bytes, start: int) -> int:
    """Step back over the line end in front of a boundary, which belongs to the boundary."""
    end = start - 1
    return end - 1 if body[max(end - 1, 0) : end] == b"\r" else max(end, 0)


def split_head(given: bytes) -> Part:
    """Split "headers, blank line, body"; one leading line end is dropped."""
    given = given.removeprefix(b"\r\n") if given[:2] == b"\r\n" else given.removeprefix(b"\n")
    if given.startswith((b"\r\n", b"\n")):
        return Part({}, given.partition(b"\n")[2])
    blank = _BLANK_LINE.search(given)
    head = given if blank is None else given[: blank.start()]
    body = b"" if blank is None else given[blank.end() :]
    headers = HeaderParser().parsestr(head.decode("latin-1"))
    return Part({name.lower(): value.strip() for name, value in headers.items()}, body)


# Uploads


def read_upload(body: bytes, content_type: str, upload_type: str) -> tuple[bytes, bytes]:
    """Return (JSON body, message) of an upload; plain media has an empty JSON body.

    Without an uploadType the content type decides, as at Google.
    """
    kind = upload_type or ("multipart" if content_type.startswith("multipart/") else "media")
    if kind == "media":
        _check_media_type(content_type)
        return b"", body
    if kind != "multipart":
        raise invalid(f"Upload type {kind[:20]} is not supported.", "badRequest")
    try:
        parts = split_multipart(body, content_type)
    except ValueError:
        parts = []
    if len(parts) != 2:
        raise invalid("Missing end boundary in multipart body.", "badContent")
    metadata, media = parts
    _check_media_type(media.headers.get("content-type", ""))
    return metadata.body, media.body


def _check_media_type(content_type: str) -> None:
    kind = media_type(content_type)
    if not kind.startswith("message/"):
        raise GoogleError(
            400,
            f"Media type '{kind}' is not supported. Valid media types: [message/*]",
            "badContent",
        )
