"""What is special about an audit in a file: killed writers, rubbish, and several processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.audit import file_store as audit_file
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog
from arcade_gmail_multiuser.security.keys import new_key

KEY = new_key()
KEYS = AuditKeys(KEY)
Race = Callable[..., list[int]]


async def filled(path: Path, count: int = 2) -> AuditLog:
    log = AuditLog(FileAuditStore(path), KEYS)
    await log.prepare()
    for _ in range(count):
        await add(log)
    return log


async def add(log: AuditLog) -> None:
    await log.record("token.read", outcome="succeeded", actor="agent", user_id="alice")


@pytest.mark.parametrize(
    "junk", [b"{", b"\xff\n", b"[]\n", b"\n", b'{"mac":1,"record":{}}\n', b"9" * 99]
)
async def test_s56_rubbish_in_a_file_is_a_break_and_no_crash(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "audit.jsonl"
    log = await filled(path)
    path.write_bytes(path.read_bytes() + junk)
    broken = (await log.verify()).broken
    assert broken is not None
    assert broken.position == 3
    with pytest.raises(StorageError):
        await add(log)


@pytest.mark.parametrize(
    "junk", [b"", b"{}", b"[]", b"\xff", b'{"head":{"log":1},"following":null}']
)
async def test_s56_rubbish_in_a_head_file_is_a_break_and_no_crash(
    tmp_path: Path, junk: bytes
) -> None:
    path = tmp_path / "audit.jsonl"
    log = await filled(path)
    path.with_name("audit.jsonl.head").write_bytes(junk)
    broken = (await log.verify()).broken
    assert broken is not None
    assert broken.position == 0


class Killed(BaseException):
    """The process ends here."""


KILLS = ("before the intent", "after the intent", "half a record", "before done")


@pytest.mark.parametrize("moment", KILLS)
async def test_s33_a_writer_killed_at_any_step_leaves_a_log_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "audit.jsonl"
    store = FileAuditStore(path)
    log = await filled(path)
    write_state, write_at = FileAuditStore._write_state, audit_file._write_at

    def state(self: FileAuditStore, new: Any) -> None:
        if new.following is None and moment == "before done":
            raise Killed
        if new.following is not None and moment == "before the intent":
            raise Killed
        write_state(self, new)
        if new.following is not None and moment == "after the intent":
            raise Killed

    def at(file: int, position: int, content: bytes) -> None:
        if position and moment == "half a record":
            os.pwrite(file, content[:50], position)
            raise Killed
        write_at(file, position, content)

    with monkeypatch.context() as patch:
        patch.setattr(FileAuditStore, "_write_state", state)
        patch.setattr(audit_file, "_write_at", at)
        with pytest.raises(Killed):
            store._append([{"event": "x"}], KEYS)
    written = 3 if moment == "before done" else 2
    verdict = await log.verify()
    assert (verdict.count, verdict.broken) == (written, None)
    await add(log)
    verdict = await log.verify()
    assert (verdict.count, verdict.broken) == (written + 1, None)


async def test_s56_8_processes_write_one_chain_in_a_file(race: Race, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    assert sum(race(8, "audit-file", str(path), "-", KEY, "12")) == 192
    assert_every_writer_is_there(path)
    verdict = await AuditLog(FileAuditStore(path), KEYS).verify()
    assert (verdict.count, verdict.broken) == (192, None)


def assert_every_writer_is_there(path: Path) -> None:
    found: dict[str, list[int]] = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)["record"]
        found.setdefault(record["actor"], []).append(record["detail"]["n"])
    # Each writer's own records are in the order of its calls.
    assert len(found) == 8
    assert all(numbers == sorted(numbers) for numbers in found.values())
