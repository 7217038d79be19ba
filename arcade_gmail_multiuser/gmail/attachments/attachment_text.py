"""Tell what kind of file an attachment is, and read its text, bounded in size, time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from arcade_gmail_multiuser.errors import UnreadableAttachment
from arcade_gmail_multiuser.gmail.characters import python_charset

__all__ = ["MAX_BYTES", "AttachmentText", "attachment_text", "close_readers", "kind_of"]

MAX_BYTES = 40_000_000
"""Larger files are not read; Gmail carries none larger than 25 MB."""
MAX_READERS = 2
"""Files read at once in one worker; more wait their turn."""
MAX_SILENCE_S = 20.0
"""A reader that says nothing for so long is ended; it limits itself to half of that."""

_BYTES = "Ask for its bytes as base64 instead"
_WHY = {
    "encrypted": f"The file is locked with a password. Ask the sender for it unlocked. {_BYTES}"
    " only if you can open it.",
    "old_office": "The file is in an Office format from before 2007, which is not read as text."
    f" {_BYTES}, or ask the sender for a .docx, .xlsx or PDF.",
    "archive": f"The file is an archive; archives are not opened. {_BYTES}.",
    "rtf": f"Rich text (RTF) is not read as text. {_BYTES}, or ask the sender for a PDF.",
    "not_text": f"This kind of file is not readable as text. {_BYTES}.",
    "corrupted": f"The file is damaged or is not what its name says. {_BYTES}.",
    "too_large": f"The file is too large, or grows too large when unpacked, to be read. {_BYTES}.",
    "too_slow": f"Reading the file took too long or too much memory and was given up. {_BYTES}.",
}


@dataclass(frozen=True, slots=True, repr=False)
class AttachmentText:
    """Hold a file's text. `kind` is the format it was read as; `complete` False if it was cut."""

    text: str
    kind: str
    warnings: tuple[str, ...] = ()
    complete: bool = True


async def attachment_text(
    content: bytes, *, mime_type: str = "", filename: str = "", charset: str = ""
) -> AttachmentText:
    """Read a file as text: PDF, DOCX, XLSX, CSV, TSV, HTML, mail, calendar, JSON, XML, plain.

    At most a million characters; page through them with `clip`. The file is read in a
    process of its own with limits on time and memory. A scan is no error: it has an empty text and
    a warning that says so.

    Raises:
        UnreadableAttachment: `reason` is encrypted, old_office, archive, rtf, not_text, corrupted,
            too_large or too_slow; the message says what to do.
    """
    if len(content) > MAX_BYTES:
        raise _refusal("too_large")
    if not content:
        return AttachmentText("", "plain", ("The file is empty.",))
    kind = kind_of(content, mime_type, filename)
    if kind == "other":
        raise _refusal("not_text")
    if kind in _WHY:
        raise _refusal(kind)
    job = {"kind": kind, "size": len(content), "charset": python_charset(charset) or ""}
    outcome = await asyncio.get_running_loop().run_in_executor(_threads(), _read, job, content)
    if outcome is None or "reason" in outcome:
        raise _refusal("too_slow" if outcome is None else str(outcome["reason"]))
    return AttachmentText(
        str(outcome["text"]), kind, tuple(outcome["warnings"]), bool(outcome["complete"])
    )


def close_readers() -> None:
    """End the reading processes that wait for files; the next file starts new ones."""
    for reader in list(_readers):
        reader.close()


def _refusal(reason: str) -> UnreadableAttachment:
    return UnreadableAttachment(_WHY.get(reason, _WHY["corrupted"]), reason=reason)


class _Reader:
    """One reading process, used by one thread. It starts with the first file."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, job: dict[str, Any], content: bytes) -> dict[str, Any] | None:
        """Hand a file over and wait for its outcome; None if the process ended over it."""
        try:
            process = self._started()
        except OSError:  # no memory or no more processes
            return None
        if process.stdin is None or process.stdout is None:
            return None
        # Whatever it hangs in, it is ended in time: that ends the reading and writing here too.
        watch = threading.Timer(MAX_SILENCE_S, process.kill)
        watch.daemon = True
        watch.start()
        try:
            process.stdin.write(json.dumps(job).encode("ascii") + b"\n")
            process.stdin.write(content)
            process.stdin.flush()
            answer = _take(process.stdout, int.from_bytes(_take(process.stdout, 8), "big"))
            outcome: dict[str, Any] = json.loads(answer)
        except (OSError, EOFError, ValueError):
            self.close()
            return None
        finally:
            watch.cancel()
        return outcome

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        # No environment: a file's reader has no use for the worker's secrets.
        code = (
            "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
            "from arcade_gmail_multiuser.gmail.attachments.reader_process import main; main()"
        )
        self._process = subprocess.Popen(  # noqa: S603 # this interpreter, and code of our own
            [sys.executable, "-I", "-c", code, json.dumps([path for path in sys.path if path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
        return self._process

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what was not written cannot be any more
                        stream.close()
            process.wait()


def _take(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size or not size:
        raise EOFError
    return data


_readers: weakref.WeakSet[_Reader] = weakref.WeakSet()
_of_thread = threading.local()
_pool: list[ThreadPoolExecutor] = []
_making = threading.Lock()


def _threads() -> ThreadPoolExecutor:
    """Return the threads that wait for readers: their own, so that no other work waits."""
    with _making:
        if not _pool:
            _pool.append(ThreadPoolExecutor(MAX_READERS, thread_name_prefix="attachments"))
        return _pool[0]


def _read(job: dict[str, Any], content: bytes) -> dict[str, Any] | None:
    reader: _Reader | None = getattr(_of_thread, "reader", None)
    if reader is None:
        reader = _of_thread.reader = _Reader()
        _readers.add(reader)
    return reader.read(job, content)


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
