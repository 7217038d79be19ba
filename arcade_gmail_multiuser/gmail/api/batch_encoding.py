"""Many calls in one request: how a batch is written, and how its answer is taken apart."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message

from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest
from arcade_gmail_multiuser.gmail.api.transport import Answer

__all__ = ["BATCH_PATH", "MAX_CALLS", "Envelope", "decode", "encode"]

BATCH_PATH = "/batch/gmail/v1"

MAX_CALLS = 50
"""Google takes 100, and advises against more than this."""


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """A batch, written out but not signed. No repr: its parts hold what their calls hold."""

    content_type: str
    body: bytes


def encode(requests: Sequence[BuiltRequest]) -> Envelope:
    """Write the calls as parts of one request.

    No part is signed: the Authorization of the request that carries the batch counts for all.
    """
    if not 1 <= len(requests) <= MAX_CALLS:
        raise ValueError(f"a batch holds 1 to {MAX_CALLS} calls")
    boundary = f"batch_{secrets.token_hex(16)}"
    parts = [
        b"--%s\r\n%s\r\n" % (boundary.encode("ascii"), _part(place, request))
        for place, request in enumerate(requests)
    ]
    return Envelope(
        content_type=f'multipart/mixed; boundary="{boundary}"',
        body=b"".join(parts) + b"--%s--\r\n" % boundary.encode("ascii"),
    )


def _part(place: int, request: BuiltRequest) -> bytes:
    head = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: <item-{place}>",
        "",
        f"{request.http_method} {request.path} HTTP/1.1",
        f"Accept: {request.headers.get('accept', 'application/json')}",
    ]
    body = request.body or b""
    if request.body is not None:
        head.append(f"Content-Type: {request.headers.get('content-type', 'application/json')}")
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def decode(answer: Answer, count: int) -> list[Answer | None]:
    """Return the answer to each of the `count` calls, whatever the order they came in.

    None stands for an answer that is missing, cut off, unreadable, or there twice, in which case
    neither can be believed.
    """
    found: list[Answer | None] = [None] * count
    seen: set[int] = set()
    for raw in _raw_parts(answer):
        place, part = _read_part(raw)
        if place is None or place >= count:
            continue
        found[place] = None if place in seen else part
        seen.add(place)
    return found


def _raw_parts(answer: Answer) -> list[bytes]:
    declared = Message()
    # Through get_param, for quotes and further parameters.
    declared["content-type"] = answer.headers.get("content-type", "").replace("\n", " ")
    boundary = declared.get_param("boundary")
    if declared.get_content_maintype() != "multipart" or not isinstance(boundary, str):
        return []
    line = re.escape(boundary.encode("utf-8", "replace"))
    # What stands before the first and after the last boundary is no part: an epilogue, or the
    # beginning of a part that was cut off.
    return re.split(rb"(?:\A|\r?\n)--%s(?:--)?[ \t]*(?=\r?\n|\Z)" % line, answer.body)[1:-1]


_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_ITEM = re.compile(r"<?(?:response-)?item-(\d{1,3})>?")
_STATUS = re.compile(rb"\s*HTTP/\d(?:\.\d)? (\d{3})\b")


def _read_part(raw: bytes) -> tuple[int | None, Answer | None]:
    head, inner = _parted(raw)
    item = _ITEM.fullmatch(_headers(head).get("content-id", ""))
    if item is None:
        return None, None
    place = int(item[1])
    head, body = _parted(inner)
    status = _STATUS.match(head)
    if status is None:
        return place, None
    headers = _headers(head)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > len(body):
        return place, None
    return place, Answer(int(status[1]), headers, body)


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    blank = _BLANK_LINE.search(raw)
    return (raw, b"") if blank is None else (raw[: blank.start()], raw[blank.end() :])


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers
