"""Keep the audit in a file of JSON lines, written by any number of processes on one machine.

Beside it is the signed head file: the number of records, the last digest and the file's size.
An append first writes there what it is about to do, then the records, then that it is done; each
step is on disk before the next. So a process killed in between leaves a log that the next one can
finish or undo, and that differs from a log that was cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.audit.chain import (
    AuditKeys,
    ChainReader,
    Head,
    Signed,
    canonical,
    link,
    new_head,
)
from arcade_gmail_multiuser.security.audit.store import Snapshot, tampered, unavailable

__all__ = ["FileAuditStore"]

_PAGE_BYTES = 1 << 20
_MAX_HEAD_BYTES = 1 << 16
_POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class _State:
    """The head file: where the log ends, and the end that an append was writing."""

    head: Head
    following: Head | None = None


class FileAuditStore:
    """Append to a file; its lock (`fcntl.flock`) lets one writer in at a time.

    Args:
        path: the records; created with mode 0600. Not on a network file system.
        head_path: the signed head; by default beside the records.
        timeout_s: how long to wait for other writers.
    """

    def __init__(
        self, path: Path | str, *, head_path: Path | str | None = None, timeout_s: float = 10.0
    ) -> None:
        self._path = Path(path)
        self._head_path = (
            Path(head_path) if head_path else self._path.with_name(f"{self._path.name}.head")
        )
        self._timeout_s = timeout_s

    async def prepare(self, keys: AuditKeys) -> None:
        """Create both files, unless there are records; records without a head get no new one."""
        await asyncio.to_thread(self._prepare, keys)

    async def append(self, contents: Sequence[dict[str, Any]], keys: AuditKeys) -> Head:
        return await asyncio.to_thread(self._append, contents, keys)

    async def snapshot(self) -> Snapshot:
        return await asyncio.to_thread(self._snapshot)

    async def read(self, snapshot: Snapshot) -> AsyncIterator[Signed]:
        position = 0
        while position < snapshot.end:
            page = await asyncio.to_thread(self._read_lines, position, snapshot.end)
            if not page:
                return
            for line in page:
                position += len(line)
                yield _signed_of(line)

    def _prepare(self, keys: AuditKeys) -> None:
        with self._locked(create=True) as file:
            if not self._head_path.exists() and os.fstat(file).st_size == 0:
                self._write_state(_State(new_head(keys)))

    def _append(self, contents: Sequence[dict[str, Any]], keys: AuditKeys) -> Head:
        with self._locked() as file:
            start = self._settle(file, keys)
            records, end = link(start, contents, keys)
            block = b"".join(_line_of(one) for one in records)
            end = replace(end, size=start.size + len(block)).signed(keys)
            self._write_state(_State(start, end))
            _write_at(file, start.size, block)
            self._write_state(_State(end))
        return end

    def _settle(self, file: int, keys: AuditKeys) -> Head:
        """Find where to continue: finish or undo a killed writer's append, refuse anything else."""
        state = self._read_state()
        start, following = state.head, state.following
        size = os.fstat(file).st_size
        if not start.is_genuine(keys):
            raise tampered("its head was changed, or signed with an unknown key.")
        if not start.size <= size <= (following or start).size:
            raise tampered("the file is longer or shorter than its head says.")
        if following is None:
            return start
        reader = ChainReader(keys, log=start.log, start=start)
        rest = _read_at(file, start.size, size - start.size)
        fits = all(reader.feed(_signed_of(line)) is None for line in rest.splitlines(True))
        if fits and following.is_genuine(keys) and reader.digest == following.digest:
            return following
        # No caller was told that these were written.
        os.ftruncate(file, start.size)
        return start

    def _snapshot(self) -> Snapshot:
        with self._locked(to_read=True) as file:
            size = os.fstat(file).st_size
            try:
                state = self._read_state()
            except StorageError:
                return Snapshot(None, size)
        following = state.following
        if following is None or size > following.size:
            return Snapshot(state.head, size)
        # A writer was killed: the log ends where its append ended, or else where it began.
        if size == following.size:
            return Snapshot(following, size)
        return Snapshot(state.head, min(size, state.head.size))

    def _read_lines(self, position: int, end: int) -> list[bytes]:
        with self._path.open("rb") as file:
            file.seek(position)
            block = file.read(min(_PAGE_BYTES, end - position))
        lines = block.splitlines(keepends=True)
        # The last one may continue in the next page, unless it is too long to be a record.
        if len(lines) > 1 and position + len(block) < end and not lines[-1].endswith(b"\n"):
            lines.pop()
        return lines

    @contextlib.contextmanager
    def _locked(self, *, create: bool = False, to_read: bool = False) -> Iterator[int]:
        """Open the records and lock them; every failure becomes a StorageError."""
        # The person who verifies may not be allowed to write.
        flags = (os.O_RDONLY if to_read else os.O_RDWR) | (os.O_CREAT if create else 0)
        flags |= os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            if create:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._path, flags, 0o600)
        except OSError as failed:
            raise unavailable(failed) from None
        try:
            self._wait_for_lock(file, fcntl.LOCK_SH if to_read else fcntl.LOCK_EX)
            yield file
        except OSError as failed:
            raise unavailable(failed) from None
        finally:
            os.close(file)

    def _wait_for_lock(self, file: int, kind: int) -> None:
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                return
            except BlockingIOError as busy:
                if time.monotonic() > deadline:
                    raise unavailable(busy) from None
                time.sleep(_POLL_S)

    def _read_state(self) -> _State:
        try:
            found = json.loads(self._head_path.read_bytes()[:_MAX_HEAD_BYTES])
            following = found["following"]
            return _State(_head_of(found["head"]), following and _head_of(following))
        except OSError as failed:
            raise unavailable(failed) from None
        except (ValueError, KeyError, TypeError):
            raise tampered("its head cannot be read.") from None

    def _write_state(self, state: _State) -> None:
        """Replace the head file atomically: a reader sees the old one or the new one."""
        draft = self._head_path.with_name(f".{self._head_path.name}.{secrets.token_hex(8)}")
        try:
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                _write_at(file, 0, canonical(asdict(state)).encode() + b"\n")
            finally:
                os.close(file)
            draft.replace(self._head_path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        directory = os.open(self._head_path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _head_of(found: dict[str, Any]) -> Head:
    head = Head(**found)
    texts = (head.log, head.digest, head.key, head.mac)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if not all(isinstance(number, int) for number in (head.count, head.size)):
        raise TypeError
    return head


def _line_of(record: Signed) -> bytes:
    return f'{{"mac":"{record.mac}","record":{record.text}}}\n'.encode()


def _signed_of(line: bytes) -> Signed:
    """Parse a line; anything else becomes a record that no chain accepts."""
    try:
        found = json.loads(line)
        signed = Signed(canonical(found["record"]), found["mac"])
        return (
            signed if isinstance(signed.mac, str) and _line_of(signed) == line else Signed("", "")
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return Signed("", "")


def _write_at(file: int, position: int, content: bytes) -> None:
    while content:
        written = os.pwrite(file, content, position)
        content, position = content[written:], position + written
    os.fsync(file)


def _read_at(file: int, position: int, length: int) -> bytes:
    content = b""
    while len(content) < length:
        more = os.pread(file, length - len(content), position + len(content))
        if not more:
            break
        content += more
    return content
