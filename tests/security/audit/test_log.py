"""What is written into the audit, and that nothing goes on when it cannot be written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    InvalidInput,
    StorageError,
    StorageUnavailable,
)
from arcade_gmail_multiuser.security.audit.chain import AuditKeys, Head, Signed, link, new_head
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog, NoAudit, open_audit
from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
from arcade_gmail_multiuser.security.audit.store import Snapshot
from arcade_gmail_multiuser.security.config.boundaries import AuditBoundary
from arcade_gmail_multiuser.security.keys import new_key

KEY = new_key()


def keys(*encoded: str) -> AuditKeys:
    return AuditKeys(encoded or (KEY,))


class Paper:
    """A store that keeps what it is given, and fails when told to."""

    def __init__(self) -> None:
        self.records: list[Signed] = []
        self.batches: list[int] = []
        self.head: Head | None = None
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def prepare(self, keys: AuditKeys) -> None:
        self.head = new_head(keys)

    async def append(self, contents: Sequence[dict[str, Any]], keys: AuditKeys) -> Head:
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        assert self.head is not None
        signed, self.head = link(self.head, contents, keys)
        self.records += signed
        self.batches.append(len(signed))
        return self.head

    async def snapshot(self) -> Snapshot:
        return Snapshot(self.head, len(self.records))

    async def read(self, snapshot: Snapshot) -> Any:
        for record in self.records[: snapshot.end]:
            yield record

    def content(self, index: int = -1) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.records[index].text)
        return found


@pytest.fixture
async def paper() -> Paper:
    paper = Paper()
    await paper.prepare(keys())
    return paper


def log_on(paper: Paper, **settings: Any) -> AuditLog:
    return AuditLog(paper, keys(), clock=lambda: 1_700_000_000.25, **settings)


async def write(log: AuditLog, **changes: Any) -> None:
    await log.record(
        **{
            "event": "token.refreshed",
            "outcome": "succeeded",
            "actor": "agent",
            "user_id": "alice@example.com",
            "provider": "google",
            **changes,
        }
    )


async def test_a_record_says_who_did_what_to_whom_when_and_how_it_ended(paper: Paper) -> None:
    await write(log_on(paper, project="p", name_users=True), detail={"scopes": 3, "by": "expiry"})
    content = paper.content()
    assert {name: content[name] for name in content if name not in ("prev", "key")} == {
        "v": 1,
        "n": 1,
        "at": "2023-11-14T22:13:20.250000+00:00",
        "event": "token.refreshed",
        "outcome": "succeeded",
        "actor": "agent",
        "project": "p",
        "provider": "google",
        "user": {"id": "alice@example.com", "hash": keys().name_user("p", "alice@example.com")},
        "detail": {"scopes": 3, "by": "expiry"},
    }


async def test_a_user_is_a_keyed_hash_unless_names_are_wanted(paper: Paper) -> None:
    await write(log_on(paper))
    assert "alice" not in paper.records[0].text
    user = paper.content()["user"]
    assert user == {"hash": keys().name_user("default", "alice@example.com")}
    assert user["hash"] not in keys(new_key()).names_of_user("default", "alice@example.com")


async def test_the_events_of_a_user_are_found_after_the_key_was_rotated() -> None:
    newer = keys(new_key(), KEY)
    assert newer.names_of_user("p", "u")[1] == keys().name_user("p", "u")
    assert newer.name_user("p", "u") != keys().name_user("p", "u")


@pytest.mark.parametrize(
    ("one", "other"),
    [(("p", "alice"), ("pa", "lice")), (("p", "a"), ("p", "A")), (("", "p"), ("p", ""))],
)
def test_s18_two_people_never_have_one_hash(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert keys().name_user(*one) != keys().name_user(*other)


async def test_s57_line_breaks_and_invisible_characters_cannot_forge_a_line(paper: Paper) -> None:
    forged = 'agent"}\r\n{"event":"token.erased"\u2028\u202egnp\x1b[2K\x00'
    await write(
        log_on(paper, name_users=True), actor=forged, user_id=forged, detail={forged: forged}
    )
    line = paper.records[0].text
    assert line.isprintable()
    assert line.isascii()
    content = paper.content()
    for shown in (content["actor"], content["user"]["id"], content["detail"].popitem()[1]):
        assert shown.startswith('agent"}\\u000d\\u000a{"event"')
        assert shown.isprintable()


async def test_fields_are_bounded(paper: Paper) -> None:
    many = {f"name-{n}" * 50: "x" * 100_000 for n in range(100)}
    await write(log_on(paper), actor="a" * 1_000_000, user_id="u" * 1_000_000, detail=many)
    assert len(paper.records[0].text) < 8_000


async def test_s46_what_looks_like_a_token_is_masked(paper: Paper) -> None:
    token = "ya29." + "canary" * 20
    await write(log_on(paper), detail={"why": f"Bearer {token}", token: 1}, actor=token)
    assert "canary" not in paper.records[0].text


async def test_a_lone_surrogate_is_written_and_verified(paper: Paper) -> None:
    log = log_on(paper, name_users=True)
    await write(log, user_id="\ud800")
    assert (await log.verify()).broken is None


@pytest.mark.parametrize("event", ["", "Token.Refreshed", "token refreshed", "a\nb", "x" * 200])
async def test_an_event_needs_a_name(paper: Paper, event: str) -> None:
    with pytest.raises(InvalidInput):
        await write(log_on(paper), event=event)
    assert paper.records == []


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (StorageError("no room"), StorageError),
        (OSError("/secret/path"), StorageUnavailable),
        (RuntimeError("a bug"), StorageUnavailable),
    ],
)
async def test_s57_a_record_that_cannot_be_written_stops_its_operation(
    paper: Paper, failure: Exception, error: type[StorageError]
) -> None:
    log = log_on(paper)
    paper.failure = failure
    found = await asyncio.gather(*(write(log) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in found] == [error] * 5
    assert "secret" not in repr(found)
    paper.failure = None
    await write(log)
    assert (await log.verify()).count == 1


async def test_records_that_wait_together_are_written_in_one_go_and_in_order(paper: Paper) -> None:
    log = log_on(paper)
    paper.gate.clear()
    calls = [asyncio.create_task(write(log, detail={"n": n})) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    paper.gate.set()
    await asyncio.gather(*calls)
    assert [json.loads(one.text)["detail"]["n"] for one in paper.records] == list(range(50))
    assert len(paper.batches) <= 2
    assert (await log.verify()).broken is None


async def test_s36_a_caller_that_gives_up_takes_nobody_with_it(paper: Paper) -> None:
    log = log_on(paper)
    paper.gate.clear()
    first, second = (asyncio.create_task(write(log)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    paper.gate.set()
    await second
    assert len(paper.records) == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_waits_for_what_was_asked_for(paper: Paper) -> None:
    log = log_on(paper)
    call = asyncio.create_task(write(log))
    await asyncio.sleep(0)
    await log.close()
    assert len(paper.records) == 1
    await call


async def test_a_queue_that_nobody_empties_is_bounded(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_gmail_multiuser.security.audit.log._MAX_WAITING", 3)
    log = log_on(paper)
    paper.gate.clear()
    calls = [asyncio.create_task(write(log)) for _ in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    paper.gate.set()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, StorageError) for one in found) == 7
    assert len(paper.records) == 3


def modes_in(directory: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mode & 0o777 for one in directory.iterdir()}


def boundary(**changes: Any) -> AuditBoundary:
    given = {"enabled": True, "keys": (KEY,), "file": None, "head_file": None, "name_users": False}
    return AuditBoundary(**{**given, **changes})


async def test_audit_logging_off_writes_nothing(tmp_path: Path) -> None:
    on = open_audit(boundary(file=tmp_path / "on.jsonl"), None, project="p")
    off = open_audit(boundary(enabled=False, file=tmp_path / "off.jsonl"), None, project="p")
    for auditor in (on, off):
        await auditor.prepare()
        await auditor.record("token.read", outcome="succeeded", actor="agent", user_id="alice")
        await auditor.close()
    assert isinstance(off, NoAudit)
    assert sorted(modes_in(tmp_path)) == ["on.jsonl", "on.jsonl.head"]


def test_an_audit_without_a_place_refuses_to_start() -> None:
    with pytest.raises(ConfigurationError):
        open_audit(boundary(), None, project="p")


@pytest.mark.parametrize(
    "url",
    ["postgresql+asyncpg://postgres@127.0.0.1:1/test", "sqlite+aiosqlite:///{}/damaged.sqlite"],
)
async def test_s57_a_lost_database_fails_closed_and_hides_where_it_was(
    url: str, tmp_path: Path
) -> None:
    (tmp_path / "damaged.sqlite").write_bytes(b"no database" * 1000)
    engine = create_async_engine(url.format(tmp_path))
    log = AuditLog(SqlAuditStore(engine), keys())
    for call in (log.prepare(), write(log), log.verify()):
        with pytest.raises(StorageError) as caught:
            await call
        told = f"{caught.value} {caught.value.developer_message}"
        assert "127.0.0.1" not in told
        assert "damaged" not in told
    await engine.dispose()


async def test_s57_a_database_whose_log_was_dropped_fails_closed(
    database: AsyncEngine,
) -> None:
    log = AuditLog(SqlAuditStore(database), keys())
    await log.prepare()
    await write(log)
    async with database.begin() as db:
        await db.execute(text("DROP TABLE audit_records"))
    with pytest.raises(StorageError):
        await write(log)


async def test_s57_a_writer_that_holds_the_lock_delays_and_then_refuses(
    database: AsyncEngine,
) -> None:
    log = AuditLog(SqlAuditStore(database, timeout_s=0.3), keys())
    await log.prepare()
    async with database.begin() as db:
        await db.execute(text("UPDATE audit_head SET count = count"))
        with pytest.raises(StorageError):
            await write(log)
    await write(log)
    assert (await log.verify()).count == 1


async def test_s57_a_full_disk_fails_closed_and_leaves_the_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(FileAuditStore(tmp_path / "a.jsonl"), keys())
    await log.prepare()
    await write(log)
    from arcade_gmail_multiuser.security.audit import file_store as audit_file  # noqa: PLC0415

    real = audit_file._write_at

    def half(file: int, position: int, content: bytes) -> None:
        if position:
            real(file, position, content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        real(file, position, content)

    with monkeypatch.context() as patch:
        patch.setattr(audit_file, "_write_at", half)
        with pytest.raises(StorageError):
            await write(log)
    assert (await log.verify()).count == 1
    await write(log)
    verdict = await log.verify()
    assert (verdict.count, verdict.broken) == (2, None)


async def test_a_file_that_is_not_there_is_not_made_by_writing(tmp_path: Path) -> None:
    log = AuditLog(FileAuditStore(tmp_path / "a.jsonl"), keys())
    with pytest.raises(StorageError):
        await write(log)
    assert modes_in(tmp_path) == {}


async def test_s45_the_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    log = AuditLog(FileAuditStore(tmp_path / "a.jsonl"), keys())
    await log.prepare()
    await write(log)
    assert modes_in(tmp_path) == {"a.jsonl": 0o600, "a.jsonl.head": 0o600}


async def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "real")
    with pytest.raises(StorageError):
        await AuditLog(FileAuditStore(tmp_path / "a.jsonl"), keys()).prepare()


@pytest.mark.parametrize("given", [(), (KEY, KEY)])
def test_audit_keys_are_at_least_one_and_none_twice(given: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        AuditKeys(given)
