"""Every way to falsify an audit is found, in every store, and an honest one is never accused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.errors import StorageError
from arcade_gmail_multiuser.security.audit.chain import AuditKeys, new_head
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog
from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
from arcade_gmail_multiuser.security.audit.store import AuditStore
from arcade_gmail_multiuser.security.audit.verify import Anchor, verify_audit
from arcade_gmail_multiuser.security.keys import new_key

KEY = new_key()
KEYS = AuditKeys(KEY)
Race = Callable[..., list[int]]
OpenDatabase = Callable[[str], AbstractAsyncContextManager[AsyncEngine]]


@dataclass(frozen=True)
class Row:
    record: str
    mac: str


class Attacker(Protocol):
    """Somebody who can write where the log is kept, and has no key."""

    async def read(self) -> tuple[list[Row], Any]: ...

    async def write(self, rows: list[Row], head: Any) -> None: ...


class DatabaseAttacker:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self) -> tuple[list[Row], Any]:
        async with self._engine.connect() as db:
            query = "SELECT record, mac FROM audit_records ORDER BY position"
            rows = [Row(*row) for row in await db.execute(text(query))]
            head = (await db.execute(text("SELECT * FROM audit_head"))).mappings().first()
        return rows, None if head is None else dict(head)

    async def write(self, rows: list[Row], head: Any) -> None:
        async with self._engine.begin() as db:
            for table in ("records", "head"):
                await db.execute(text(f"DELETE FROM audit_{table}"))
            for position, row in enumerate(rows, start=1):
                await db.execute(
                    text("INSERT INTO audit_records VALUES (:position, :record, :mac)"),
                    {"position": position, **asdict(row)},
                )
            if head is not None:
                columns = ", ".join(head)
                values = ", ".join(f":{name}" for name in head)
                insert = f"INSERT INTO audit_head ({columns}) VALUES ({values})"
                await db.execute(text(insert), head)


class FileAttacker:
    def __init__(self, path: Path) -> None:
        self._path, self._head_path = path, path.with_name(f"{path.name}.head")

    async def read(self) -> tuple[list[Row], Any]:
        rows = []
        for line in self._path.read_text().splitlines():
            found = json.loads(line)
            written = json.dumps(found["record"], sort_keys=True, separators=(",", ":"))
            rows.append(Row(written, found["mac"]))
        head = json.loads(self._head_path.read_text()) if self._head_path.exists() else None
        return rows, head

    async def write(self, rows: list[Row], head: Any) -> None:
        lines = [f'{{"mac":"{row.mac}","record":{row.record}}}\n' for row in rows]
        self._path.write_text("".join(lines))
        self._head_path.unlink(missing_ok=True)
        if head is not None:
            self._head_path.write_text(json.dumps(head))


@dataclass
class Place:
    store: AuditStore
    attacker: Attacker

    def log(self, keys: AuditKeys = KEYS) -> AuditLog:
        return AuditLog(self.store, keys, clock=lambda: 1_700_000_000.0)

    async def filled(self, count: int = 5, keys: AuditKeys = KEYS) -> AuditLog:
        log = self.log(keys)
        await log.prepare()
        await self.add(log, count)
        return log

    async def add(self, log: AuditLog, count: int = 1, *, actor: str = "agent") -> None:
        for number in range(count):
            await log.record(
                "token.read",
                outcome="succeeded",
                actor=actor,
                user_id=f"user-{number}",
                detail={"n": number},
            )


@pytest.fixture(params=["sqlite", "postgresql", "file"])
async def place(
    request: pytest.FixtureRequest, open_own_database: OpenDatabase, tmp_path: Path
) -> AsyncIterator[Place]:
    if request.param == "file":
        path = tmp_path / "audit.jsonl"
        yield Place(FileAuditStore(path), FileAttacker(path))
        return
    url = f"sqlite+aiosqlite:///{tmp_path / 'audit.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    async with open_own_database(url) as engine:
        yield Place(SqlAuditStore(engine), DatabaseAttacker(engine))


Attack = Callable[[list[Row], Any], tuple[list[Row], Any]]


def edited(rows: list[Row], index: int, old: str, new: str) -> list[Row]:
    changed = rows[index].record.replace(old, new)
    assert changed != rows[index].record
    return [*rows[:index], Row(changed, rows[index].mac), *rows[index + 1 :]]


ATTACKS: dict[str, tuple[Attack, int]] = {
    "edit a value": (lambda rows, head: (edited(rows, 2, '"n":2}', '"n":9}'), head), 3),
    "edit the last": (lambda rows, head: (edited(rows, 4, "agent", "other"), head), 5),
    "edit and name an unknown key": (
        lambda rows, head: (
            edited(edited(rows, 1, "agent", "other"), 1, '"key":"', '"key":"0'),
            head,
        ),
        3,  # the record itself cannot be checked then, but the next one does not continue it
    ),
    "edit the last and name an unknown key": (
        lambda rows, head: (edited(rows, 4, '"key":"', '"key":"0'), head),
        5,
    ),
    "add a second value for a name": (
        lambda rows, head: (edited(rows, 1, '{"actor"', '{"actor":"x","actor"'), head),
        2,
    ),
    "add a space": (lambda rows, head: (edited(rows, 1, '{"actor"', '{ "actor"'), head), 2),
    "swap signatures": (
        lambda rows, head: (
            [Row(rows[0].record, rows[1].mac), Row(rows[1].record, rows[0].mac), *rows[2:]],
            head,
        ),
        1,
    ),
    "empty a signature": (lambda rows, head: ([Row(rows[0].record, ""), *rows[1:]], head), 1),
    "delete the first": (lambda rows, head: (rows[1:], head), 1),
    "delete in the middle": (lambda rows, head: (rows[:2] + rows[3:], head), 3),
    "swap two": (lambda rows, head: ([rows[0], rows[2], rows[1], *rows[3:]], head), 2),
    "reverse all": (lambda rows, head: (rows[::-1], head), 1),
    "repeat one": (lambda rows, head: ([*rows[:3], rows[1], *rows[3:]], head), 4),
    "append a copy": (lambda rows, head: ([*rows, rows[4]], head), 6),
    "insert a forged one": (
        lambda rows, head: ([*rows[:2], Row('{"n":3}', "0" * 64), *rows[2:]], head),
        3,
    ),
    "cut the last": (lambda rows, head: (rows[:4], head), 5),
    "cut all": (lambda _rows, head: ([], head), 1),
    "delete the head": (lambda rows, _head: (rows, None), 0),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_s56_a_falsified_log_is_found_at_its_first_break(place: Place, name: str) -> None:
    attack, position = ATTACKS[name]
    log = await place.filled()
    assert (await log.verify()).broken is None
    await place.attacker.write(*attack(*await place.attacker.read()))
    broken = (await log.verify()).broken
    assert broken is not None
    assert broken.position == position


async def test_an_attacker_who_changes_nothing_is_not_accused(place: Place) -> None:
    log = await place.filled()
    await place.attacker.write(*await place.attacker.read())
    verdict = await log.verify()
    assert (verdict.count, verdict.broken) == (5, None)
    await place.add(log)
    assert (await log.verify()).count == 6


async def test_s56_an_older_head_put_back_is_found(place: Place) -> None:
    log = await place.filled(3)
    _, older = await place.attacker.read()
    await place.add(log, 2)
    rows, _ = await place.attacker.read()
    await place.attacker.write(rows, older)
    broken = (await log.verify()).broken
    assert broken is not None
    assert broken.position == 4
    with pytest.raises(StorageError):
        await place.add(log)


@pytest.mark.parametrize("count", [4, 6])
async def test_s56_a_head_without_the_key_is_found_and_nothing_is_added(
    place: Place, count: int
) -> None:
    log = await place.filled()
    rows, head = await place.attacker.read()
    head.get("head", head)["count"] = count
    await place.attacker.write(rows, head)
    assert (await log.verify()).broken is not None
    with pytest.raises(StorageError):
        await place.add(log)
    assert len((await place.attacker.read())[0]) == 5


async def test_s56_another_logs_head_does_not_fit(place: Place) -> None:
    log = await place.filled()
    rows, head = await place.attacker.read()
    other = new_head(KEYS)
    if "head" in head:
        head["head"] = asdict(other)
    else:
        columns = {"log": other.log, "count": 0, "digest": other.digest}
        head.update(columns, key_id=other.key, mac=other.mac)
    await place.attacker.write(rows, head)
    broken = (await log.verify()).broken
    assert broken is not None
    assert broken.position == 1


async def test_s56_records_and_head_put_back_together_are_found_with_a_noted_end(
    place: Place,
) -> None:
    log = await place.filled(3)
    older = await place.attacker.read()
    await place.add(log, 2)
    noted = (await log.verify()).anchor
    assert noted is not None
    await place.attacker.write(*older)
    # Nothing on the machine itself can tell: this is what the noted end is for.
    assert (await log.verify()).broken is None
    broken = (await log.verify(expect=noted)).broken
    assert broken is not None
    assert broken.position == 4
    await place.add(log, 9, actor="somebody else")
    broken = (await log.verify(expect=noted)).broken
    assert broken is not None
    assert broken.position == 5
    assert "rewritten" in broken.why


async def test_a_noted_end_still_holds_when_the_log_went_on(place: Place) -> None:
    log = await place.filled(3)
    noted = (await log.verify()).anchor
    await place.add(log, 4)
    verdict = await log.verify(expect=noted)
    assert (verdict.count, verdict.broken) == (7, None)


async def test_s56_a_log_whose_head_is_gone_gets_no_new_one(place: Place) -> None:
    log = await place.filled()
    rows, _ = await place.attacker.read()
    await place.attacker.write(rows, None)
    await log.prepare()
    assert (await log.verify()).broken is not None
    with pytest.raises(StorageError):
        await place.add(log)


async def test_s43_the_audit_key_is_rotated_and_the_whole_log_stays_verifiable(
    place: Place,
) -> None:
    newer = new_key()
    await place.filled(3)
    both = place.log(AuditKeys([newer, KEY]))
    await place.add(both, 2)
    assert (await both.verify()).count == 5
    alone = place.log(AuditKeys(newer))
    await place.add(alone)
    verdict = await alone.verify()
    assert (verdict.count, verdict.broken) == (6, None)
    # The old key is gone, and an edit of what it signed is found all the same.
    rows, head = await place.attacker.read()
    await place.attacker.write(edited(rows, 1, "agent", "other"), head)
    broken = (await alone.verify()).broken
    assert broken is not None
    assert broken.position == 3


async def test_s43_without_the_heads_key_nothing_is_added_or_believed(place: Place) -> None:
    await place.filled()
    stranger = place.log(AuditKeys(new_key()))
    broken = (await stranger.verify()).broken
    assert broken is not None
    assert broken.position == 0
    with pytest.raises(StorageError):
        await place.add(stranger)


async def test_an_empty_log_is_whole(place: Place) -> None:
    log = place.log()
    await log.prepare()
    await log.prepare()
    verdict = await log.verify()
    assert (verdict.count, verdict.broken) == (0, None)
    assert (await log.verify(expect=Anchor(1, "0" * 64))).broken is not None


async def test_a_log_is_verified_while_others_write(place: Place) -> None:
    log = await place.filled(2)
    snapshot = place.store.snapshot

    async def then_write() -> Any:
        taken = await snapshot()
        await place.add(log, 3)
        return taken

    place.store.snapshot = then_write  # type: ignore[method-assign]  # the moment that matters
    verdict = await verify_audit(place.store, KEYS)
    assert (verdict.count, verdict.broken) == (2, None)


async def test_a_log_longer_than_a_page_is_read_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_gmail_multiuser.security.audit.sql_store._PAGE", 3)
    monkeypatch.setattr("arcade_gmail_multiuser.security.audit.file_store._PAGE_BYTES", 600)
    log = await place.filled(12)
    assert (await log.verify()).count == 12


async def test_s56_8_processes_write_one_chain_in_sql(
    race: Race, sql_url: str, database: AsyncEngine, prefix: str
) -> None:
    assert sum(race(8, "audit-sql", sql_url, prefix, KEY, "12")) == 192
    log = AuditLog(SqlAuditStore(database), KEYS)
    verdict = await log.verify()
    assert (verdict.count, verdict.broken) == (192, None)


def test_a_heads_signature_covers_every_field() -> None:
    head = new_head(KEYS)
    assert head.is_genuine(KEYS)
    for changed in (
        replace(head, log="0" * 32),
        replace(head, count=1),
        replace(head, digest="0" * 64),
        replace(head, size=1),
        replace(head, key="0" * 16),
    ):
        assert not changed.is_genuine(KEYS)
