"""The engine with people's tokens in Redis, and everything else in its database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from engine_stack.facts import READ, SEND
from engine_stack.stack import Stack, StackMaker
from redis.asyncio import Redis

from arcade_gmail_multiuser.errors import ConfigurationError, StorageUnavailable
from arcade_gmail_multiuser.security.tokens.redis_store import RedisTokenStore

LIST = "GmailMultiuser.ListLabels"
CONNECTIONS = "/v1/admin/user_connections"


@pytest.fixture
async def stack(
    make_stack: StackMaker, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stack]:
    """An engine whose tokens are in a corner of Redis that goes with the test."""
    prefix = f"engine_{secrets.token_hex(8)}"
    begin = RedisTokenStore.__init__

    def in_a_corner(self: RedisTokenStore, url: str, **options: Any) -> None:
        begin(self, url, **{**options, "prefix": prefix})

    monkeypatch.setattr(RedisTokenStore, "__init__", in_a_corner)
    made: Stack = await make_stack(token_store=redis_url)
    yield made
    client: Redis = Redis.from_url(redis_url)
    names = [name async for name in client.scan_iter(match=f"{{{prefix}}}:*", count=1000)]
    if names:
        await client.delete(*names)
    await client.aclose()


async def connections(stack: Stack, **params: Any) -> Any:
    return (await stack.http().get(CONNECTIONS, params=params)).json()


async def test_a_connection_lives_its_whole_life_in_redis(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    assert (await stack.execute(LIST, "alice")).status_code == 200
    await stack.connect("alice", [SEND])
    stack.clock.now += 4000
    replies = await asyncio.gather(*(stack.execute(LIST, "alice") for _ in range(20)))
    assert {reply.status_code for reply in replies} == {200}
    assert stack.provider.count("refresh_token") == 1
    (found,) = (await connections(stack))["items"]
    assert {READ, SEND} <= set(found["scopes"])
    assert found["last_used_at"] is not None
    assert (await stack.status(found["id"]))["status"] == "completed"
    assert (await stack.http().delete(f"{CONNECTIONS}/{found['id']}")).status_code == 204
    assert (await connections(stack))["total_count"] == 0
    assert stack.provider.count("revoke") == 1
    assert (await stack.execute(LIST, "alice")).status_code == 403


async def test_connections_are_paged_with_their_number(stack: Stack) -> None:
    for number in range(5):
        stack.clock.now += 1
        await stack.connect(f"user{number}", [READ])
    found = await connections(stack, limit=2, offset=2)
    assert [one["user_id"] for one in found["items"]] == ["user2", "user3"]
    assert found["total_count"] == 5
    found = await connections(stack, user_id="user4")
    assert [one["user_id"] for one in found["items"]] == ["user4"]


async def test_a_shared_account_is_revoked_when_its_last_user_leaves(stack: Stack) -> None:
    for user_id in ("alice", "bob"):
        await stack.connect(user_id, [READ], "shared@example.com")
    seen = []
    for one in (await connections(stack))["items"]:
        await stack.http().delete(f"{CONNECTIONS}/{one['id']}")
        seen.append(stack.provider.count("revoke"))
    assert seen == [0, 1]


async def test_s45_the_database_holds_no_token(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    assert b"user_tokens" not in stack.stored_bytes()


async def test_s39_a_lost_redis_is_503_and_nothing_is_kept_elsewhere(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stack.connect("alice", [READ])
    store, lost = stack.app.state.services.manager._store, Redis.from_url("redis://127.0.0.1:1/0")
    with monkeypatch.context() as broken:
        broken.setattr(store, "_redis", lost)
        for reply in (await stack.execute(LIST, "alice"), await stack.http().get(CONNECTIONS)):
            assert (reply.status_code, reply.json()["name"]) == (503, "storage_unavailable")
            assert "retry-after" in reply.headers
        assert stack.worker.invocations == []
    await lost.aclose()
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_s39_an_engine_whose_redis_is_away_does_not_start(make_stack: StackMaker) -> None:
    with pytest.raises(StorageUnavailable):
        await make_stack(token_store="redis://127.0.0.1:1/0")


@pytest.mark.parametrize("address", ["", "memory:", "postgresql://db/x", "127.0.0.1:6379"])
async def test_another_kind_of_token_store_is_refused(make_stack: StackMaker, address: str) -> None:
    with pytest.raises(ConfigurationError, match="token_store"):
        await make_stack(token_store=address)
