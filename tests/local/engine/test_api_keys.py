"""API keys: several, revocable, hashed; and tokens for nobody but whom it was granted."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from engine_stack.facts import Clock
from sqlalchemy.exc import OperationalError

from arcade_gmail_local.engine.database import open_database, prepare_database
from arcade_gmail_local.engine.http.api_keys import ApiKeyStore
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import ConfigurationError, Conflict, InvalidInput
from arcade_gmail_multiuser.security.keys import new_key

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

READ = "https://www.googleapis.com/auth/gmail.readonly"
OTHER_KEY = "arc_canary-of-the-reader-0123456789"
TOOLS = "/v1/tools"


def store_of(stack: Stack, **changes: Any) -> ApiKeyStore:
    settings = replace(stack.settings, **changes)
    return ApiKeyStore(
        stack.app.state.services.database,
        settings.encryption_keys,
        project=settings.project,
        clock=stack.clock,
    )


async def test_a_stored_key_opens_the_door_until_it_is_revoked(any_stack: Stack) -> None:
    store = store_of(any_stack)
    key = await store.create("agent")
    assert (await any_stack.http(key=key).get(TOOLS)).status_code == 200
    assert await store.revoke("agent")
    any_stack.clock.now += 1
    assert (await any_stack.http(key=key).get(TOOLS)).status_code == 401
    assert not await store.revoke("agent")


async def test_a_name_is_used_once_and_again_after_it_was_revoked(any_stack: Stack) -> None:
    store = store_of(any_stack)
    first = await store.create("agent")
    with pytest.raises(Conflict):
        await store.create("agent")
    await store.revoke("agent")
    second = await store.create("agent")
    assert (await any_stack.http(key=first).get(TOOLS)).status_code == 401
    assert (await any_stack.http(key=second).get(TOOLS)).status_code == 200


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "ä", "a\n"])
async def test_a_senseless_name_of_a_key_is_refused(stack: Stack, name: str) -> None:
    with pytest.raises(InvalidInput):
        await store_of(stack).create(name)


async def test_only_a_keyed_digest_of_a_key_is_stored(stack: Stack) -> None:
    key = await store_of(stack).create("agent")
    assert (await stack.http(key=key).get(TOOLS)).status_code == 200
    stored = stack.stored_bytes()
    assert b"agent" in stored
    assert key.encode() not in stored
    assert key.removeprefix("arc_").encode() not in stored


async def test_a_database_without_its_encryption_key_admits_nobody(stack: Stack) -> None:
    key = await store_of(stack).create("agent")
    assert await store_of(stack, encryption_keys=(new_key(),)).find(key.encode()) is None


async def test_s43_a_key_outlives_the_rotation_when_it_is_used_meanwhile(stack: Stack) -> None:
    old, new = stack.settings.encryption_keys[0], new_key()
    key = (await store_of(stack).create("agent")).encode()
    assert await store_of(stack, encryption_keys=(new, old)).find(key) is not None
    assert await store_of(stack, encryption_keys=(new,)).find(key) is not None
    assert await store_of(stack, encryption_keys=(old,)).find(key) is None


async def test_the_last_use_of_a_key_is_written_at_most_once_a_minute(any_stack: Stack) -> None:
    store = store_of(any_stack)
    key = await store.create("agent")
    begun = any_stack.clock.now
    for seconds in (0, 30, 59, 61):
        any_stack.clock.now = begun + seconds
        await store.find(key.encode())
        (record,) = await store.every()
        assert record.last_used_at == begun + (61 if seconds == 61 else 0)


async def test_keys_of_another_project_open_nothing(stack: Stack) -> None:
    key = await store_of(stack, project="other").create("agent")
    assert (await stack.http(key=key).get(TOOLS)).status_code == 401


@pytest.mark.parametrize(
    "key", ["", "arc_", "arc_" + "x" * 43, "é" * 20, "arc_" + "x" * 100_000, "Bearer"]
)
async def test_what_is_no_key_is_401(stack: Stack, key: str) -> None:
    client = stack.http(key=None)
    headers = {"Authorization": key.encode("latin-1")}
    reply = await client.get(TOOLS, headers=headers)  # type: ignore[arg-type]
    assert (reply.status_code, reply.json()["name"]) == (401, "unauthorized")


async def test_s39_a_lost_database_is_503_and_not_an_open_door(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await store_of(stack).create("agent")

    async def lose(*_given: Any) -> None:
        raise OperationalError("SELECT canary", None, RuntimeError("lost"))

    monkeypatch.setattr(ApiKeyStore, "find", lose)
    reply = await stack.http(key=key).get(TOOLS)
    assert (reply.status_code, reply.json()["name"]) == (503, "storage_unavailable")
    assert "canary" not in reply.text
    assert (await stack.http().get(TOOLS)).status_code == 200


# Tokens


async def reader_stack(make_stack: StackMaker, **changes: Any) -> Stack:
    return await make_stack(
        api_keys={"mcp": OTHER_KEY},
        token_exposure="granted",
        token_readers=frozenset({"mcp"}),
        **changes,
    )


async def test_s21_only_a_key_that_was_granted_it_is_handed_a_token(
    make_stack: StackMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stack = await reader_stack(make_stack)
    await stack.connect("alice", [READ])
    token = next(iter(stack.provider.tokens))
    body = {
        "user_id": "alice",
        "auth_requirement": {"provider_id": "google", "oauth2": {"scopes": [READ]}},
    }
    for key, expected in ((OTHER_KEY, token), (stack.API_KEY, None)):
        found = (await stack.http(key=key).post("/v1/auth/authorize", json=body)).json()
        assert found["context"].get("token") == expected
        asked = {"id": found["id"]}
        status = (await stack.http(key=key).get("/v1/auth/status", params=asked)).json()
        assert status["context"].get("token") == expected
    assert token not in caplog.text
    assert "'mcp'" in caplog.text


async def test_a_token_that_is_handed_out_is_fresh(make_stack: StackMaker) -> None:
    stack = await reader_stack(make_stack)
    await stack.connect("alice", [READ])
    old = set(stack.provider.tokens)
    stack.clock.now += 3599
    body = {
        "user_id": "alice",
        "auth_requirement": {"provider_id": "google", "oauth2": {"scopes": [READ]}},
    }
    found = (await stack.http(key=OTHER_KEY).post("/v1/auth/authorize", json=body)).json()
    assert found["context"]["token"] in set(stack.provider.tokens) - old
    stack.clock.now += 3600
    stack.provider.refresh_tokens.clear()
    again = (await stack.http(key=OTHER_KEY).post("/v1/auth/authorize", json=body)).json()
    assert again["status"] == "pending"
    assert "token" not in again["context"]


async def test_s21_a_grant_names_a_key_and_no_other_gets_it_by_taking_the_name(
    make_stack: StackMaker,
) -> None:
    stack = await reader_stack(make_stack)
    imposter = await store_of(stack).create("mcp")
    assert (await stack.http(key=imposter).get(TOOLS)).status_code == 401


async def test_a_grant_under_never_refuses_to_start(stack: Stack) -> None:
    with pytest.raises(ConfigurationError, match="token_readers"):
        replace(stack.settings, token_readers=frozenset({"default"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": None},
        {"api_keys": {"default": "x" * 20}},
        {"api_keys": {"other": "short"}},
        {"api_keys": {"a b": "x" * 20}},
        {"api_keys": {"same": "arc_canary-api-key-0123456789"}},
        {"token_exposure": "always"},
    ],
)
async def test_settings_that_are_unsafe_or_senseless_refuse_to_start(
    stack: Stack, changes: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        replace(stack.settings, **changes)
    assert "arc_canary" not in str(refused.value)


def test_the_settings_show_no_key_in_their_repr(stack: Stack) -> None:
    settings: EngineSettings = replace(stack.settings, api_keys={"mcp": OTHER_KEY})
    assert OTHER_KEY not in repr(settings)
    assert stack.API_KEY not in repr(settings)


async def test_the_clock_of_a_new_database_is_its_owners() -> None:
    database = open_database("sqlite+aiosqlite:///:memory:")
    await prepare_database(database)
    store = ApiKeyStore(database, (new_key(),), project="p", clock=Clock())
    await store.create("agent")
    (record,) = await store.every()
    assert (record.created_at, record.last_used_at) == (Clock().now, None)
    await database.dispose()
