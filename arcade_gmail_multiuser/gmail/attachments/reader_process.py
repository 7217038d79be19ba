"""Read attachments in a process of their own, so that a hostile file harms nothing but itself.

The process waits for files on its input. Each is read by a child of its own that has limits on
time and memory and ends with the file, so nothing of one file is left when the next one comes; only
the libraries, which take half a second to load, stay loaded.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

from arcade_gmail_multiuser.gmail.attachments.formats.docx import read_docx
from arcade_gmail_multiuser.gmail.attachments.formats.eml import read_mail
from arcade_gmail_multiuser.gmail.attachments.formats.extract import Extract, Unreadable
from arcade_gmail_multiuser.gmail.attachments.formats.pdf import read_pdf
from arcade_gmail_multiuser.gmail.attachments.formats.plain import (
    read_calendar,
    read_html,
    read_plain,
    read_table,
)
from arcade_gmail_multiuser.gmail.attachments.formats.xlsx import read_xlsx
from arcade_gmail_multiuser.gmail.characters import describe_hidden, strip_hidden_characters

__all__ = ["main"]

MAX_SECONDS = 10
MAX_MEMORY = 1 << 30
_READERS: dict[str, Callable[[bytes], Extract]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "xlsx": read_xlsx,
    "mail": read_mail,
}
_TEXT_READERS: dict[str, Callable[[bytes, str], Extract]] = {
    "table": read_table,
    "html": read_html,
    "calendar": read_calendar,
    "plain": read_plain,
}
"""Those that are told the charset which the mail names."""


def main() -> None:
    """Read files until the input ends, or one of them ends badly."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker decides when this ends
    while select.select([0], [], []):
        child = os.fork()
        if child == 0:
            os._exit(_child())
        _, status = os.waitpid(child, 0)
        if status:  # half a file may be left on the input, so the next one needs a new process
            sys.exit(1)


def _child() -> int:
    try:
        header = _take_line()
        if not header:
            return 1  # the input has ended
        job = json.loads(header)
        content = _take(int(job["size"]))
        _limit()
        _give(_outcome(job, content))
    except BaseException:  # noqa: BLE001 # the other side sees that it ended
        return 1
    return 0


def _outcome(job: dict[str, Any], content: bytes) -> dict[str, Any]:
    kind = job["kind"]
    try:
        if kind in _TEXT_READERS:
            extract = _TEXT_READERS[kind](content, job["charset"])
        else:
            extract = _READERS[kind](content)
    except Unreadable as problem:
        return {"reason": problem.reason}
    except (MemoryError, RecursionError):
        return {"reason": "too_large"}
    text, found = strip_hidden_characters(extract.text)
    return {
        "text": text.strip("\n").rstrip(),
        "warnings": [*extract.warnings, *describe_hidden(found)],
        "complete": extract.complete,
    }


def _limit() -> None:
    signal.alarm(MAX_SECONDS)  # ends the process in any state
    for what, limit in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _take_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            return b""
        line += piece
    return bytes(line)


def _take(size: int) -> bytes:
    pieces = []
    while size:
        piece = os.read(0, min(size, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _give(outcome: dict[str, Any]) -> None:
    answer = json.dumps(outcome).encode("ascii")
    data = len(answer).to_bytes(8, "big") + answer
    while data:
        data = data[os.write(1, data) :]
