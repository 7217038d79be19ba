"""Two engines on one PostgreSQL, and what a database may and may not be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError

from arcade_gmail_local.engine.database import open_database, prepare_database
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

READ = "https://www.googleapis.com/auth/gmail.readonly"


async def two_engines(make_stack: StackMaker, postgresql: str) -> tuple[Stack, Stack]:
    first = await make_stack(database_url=postgresql)
    second = await make_stack(
        database_url=postgresql,
        encryption_keys=first.settings.encryption_keys,
        clock=first.clock,
        provider_app=first.provider,
        worker_app=first.worker,
    )
    return first, second


async def test_a_flow_that_began_on_one_engine_ends_on_the_other(
    postgresql: str, make_stack: StackMaker
) -> None:
    first, second = await two_engines(make_stack, postgresql)
    started = await first.start("alice", [READ])
    waiting = asyncio.create_task(first.status(started["id"], wait=59))
    browser = second.browser()
    page = await browser.consent(started["url"])
    assert (await browser.answer(page, "confirm")).status_code == 200
    # The other engine's bell is not heard here, so it looks again once a second.
    found = await asyncio.wait_for(waiting, 5)
    assert found["status"] == "completed"
    for engine in (first, second):
        reply = await engine.execute("GmailMultiuser.ListLabels", "alice")
        assert reply.status_code == 200


async def test_of_two_engines_that_confirm_at_once_one_exchanges_and_both_answer(
    postgresql: str, make_stack: StackMaker
) -> None:
    verifier = {"verifier_url": "https://app.example.com/verify"}
    first = await make_stack(database_url=postgresql, **verifier)
    second = await make_stack(
        database_url=postgresql,
        encryption_keys=first.settings.encryption_keys,
        clock=first.clock,
        provider_app=first.provider,
        **verifier,
    )
    started = await first.start("alice", [READ])
    back = await first.browser().consent(started["url"])
    flow_id = first.flow_id_of(back.headers["location"])
    replies = await asyncio.gather(*(one.confirm(flow_id, "alice") for one in (first, second) * 4))
    assert {reply.status_code for reply in replies} == {200}
    assert first.provider.count("authorization_code") == 1


async def test_two_engines_that_refresh_at_once_keep_a_working_connection(
    postgresql: str, make_stack: StackMaker
) -> None:
    first, second = await two_engines(make_stack, postgresql)
    await first.connect("alice", [READ])
    first.clock.now += 3600
    replies = await asyncio.gather(
        *(one.execute("GmailMultiuser.ListLabels", "alice") for one in (first, second) * 10)
    )
    assert {reply.status_code for reply in replies} == {200}
    assert first.provider.count("refresh_token") <= 2


async def test_many_processes_may_create_the_tables_at_once(any_database: str) -> None:
    engines = [open_database(any_database) for _ in range(8)]
    await asyncio.gather(*(prepare_database(engine) for engine in engines))
    for engine in engines:
        await engine.dispose()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u@127.0.0.1/x", "postgresql+psycopg://u@127.0.0.1/x"]
)
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_database(url)


async def test_a_postgresql_that_is_away_fails_as_storage_and_hides_its_password() -> None:
    engine = open_database("postgresql://u:canary-password@127.0.0.1:1/x")
    with pytest.raises(OperationalError) as lost:
        await prepare_database(engine)
    assert "canary" not in str(lost.value)
    await engine.dispose()


async def test_s39_a_lost_postgresql_is_503_and_nothing_is_kept_elsewhere(
    postgresql: str, make_stack: StackMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = await make_stack(database_url=postgresql)
    await stack.connect("alice", [READ])

    async def away(*_args: Any, **_options: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr("asyncpg.connect", away)
    await stack.app.state.services.database.dispose()
    reply = await stack.execute("GmailMultiuser.ListLabels", "alice")
    assert (reply.status_code, reply.json()["name"]) == (503, "storage_unavailable")
    assert "retry-after" in reply.headers
    monkeypatch.undo()
    assert (await stack.execute("GmailMultiuser.ListLabels", "alice")).status_code == 200
