"""Check that a zip file is an Office document that is safe to open."""

from __future__ import annotations

import io
import zipfile
import zlib

from arcade_gmail_multiuser.gmail.attachments.formats.extract import Unreadable

__all__ = ["check_package"]

MAX_ENTRIES = 5_000
MAX_UNPACKED = 200_000_000
MAX_XML = 60_000_000  # bytes of one part; as a tree in memory it is ten times that
MAX_RATIO = 150
_MAX_SMALL = 5_000_000  # bytes; what is no larger unpacked may be packed as tightly as it likes
_ENCRYPTED = 1
_MAX_LOOKED_AT = 65_536


def check_package(content: bytes) -> None:
    """Refuse bombs, locked files and XML with a document type, before any library opens them.

    What the directory says of an entry's size can be trusted: no more than that is ever unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
                raise Unreadable("too_large")
            if unpacked > _MAX_SMALL and unpacked > MAX_RATIO * len(content):
                raise Unreadable("too_large")
            if any(entry.flag_bits & _ENCRYPTED for entry in entries):
                raise Unreadable("encrypted")
            for entry in entries:
                if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_part(package, entry)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError):
        raise Unreadable("corrupted") from None


def _check_part(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    if entry.file_size > MAX_XML:
        raise Unreadable("too_large")
    with package.open(entry) as part:
        start = part.read(_MAX_LOOKED_AT).replace(b"\0", b"").upper()  # UTF-16 is half zeros
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:  # no Office program writes one
        raise Unreadable("corrupted")
