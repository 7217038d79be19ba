"""What operators see and set: secrets, providers, connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import arcadepy
import pytest

if TYPE_CHECKING:
    from engine_stack.stack import Stack, StackMaker

READ = "https://www.googleapis.com/auth/gmail.readonly"
SECRETS = "/v1/admin/secrets"
VALUE = 'canary-secret "value" äöü'


def needing(stack: Stack, key: str) -> None:
    tool = stack.definition("Weather", None)
    tool["requirements"]["secrets"] = [{"key": key}]
    stack.worker.tools = [tool]


async def test_a_tool_finds_its_secret_once_it_is_set(any_stack: Stack) -> None:
    needing(any_stack, "WEATHER_KEY")
    tool = "GmailMultiuser.Weather"
    missing = await any_stack.execute(tool, "alice")
    assert (missing.status_code, missing.json()["name"]) == (400, "missing_secret")
    shown = (await any_stack.http().get(f"/v1/tools/{tool}")).json()["requirements"]
    assert (shown["met"], shown["secrets"][0]["met"]) == (False, False)
    for method in ("POST", "PUT"):
        reply = await any_stack.http().request(
            method, f"{SECRETS}/WEATHER_KEY", json={"value": VALUE, "description": "d"}
        )
        assert reply.status_code == 200
    assert (await any_stack.execute(tool, "alice")).status_code == 200
    sent = any_stack.worker.invocations[0]["context"]["secrets"]
    assert sent == [{"key": "WEATHER_KEY", "value": VALUE}]
    shown = (await any_stack.http().get(f"/v1/tools/{tool}")).json()["requirements"]
    assert shown["met"] is True


async def test_arcadepy_lists_and_deletes_secrets_and_sees_no_value(any_stack: Stack) -> None:
    await any_stack.http().post(f"{SECRETS}/KEY", json={"value": VALUE})
    client = any_stack.arcade()
    (found,) = (await client.admin.secrets.list()).items or []
    assert (found.key, found.hint) == ("KEY", None)
    listed = await any_stack.http().get(SECRETS)
    assert "canary" not in listed.text
    await client.admin.secrets.delete(found.id or "")
    assert (await client.admin.secrets.list()).items == []
    with pytest.raises(arcadepy.NotFoundError):
        await client.admin.secrets.delete(found.id or "")


async def test_s45_a_secret_is_sealed_and_a_tool_cannot_echo_it(stack: Stack) -> None:
    needing(stack, "KEY")
    await stack.http().post(f"{SECRETS}/KEY", json={"value": VALUE})
    stack.worker.answer = lambda call: {"value": call["context"]["secrets"]}
    reply = await stack.execute("GmailMultiuser.Weather", "alice")
    assert "canary-secret" not in reply.text
    assert "[redacted]" in reply.text
    assert b"canary-secret" not in stack.stored_bytes()


async def test_secrets_of_the_settings_win_and_change_only_there(make_stack: StackMaker) -> None:
    stack = await make_stack(tool_secrets={"KEY": "from-the-settings"})
    (found,) = (await stack.http().get(SECRETS)).json()["items"]
    assert (found["key"], found["binding"]["type"]) == ("KEY", "static")
    put = await stack.http().post(f"{SECRETS}/KEY", json={"value": "x"})
    removed = await stack.http().delete(f"{SECRETS}/{found['id']}")
    assert {put.status_code, removed.status_code} == {403}


@pytest.mark.parametrize("body", [{}, {"value": ""}, {"value": 7}, {"value": "x" * 65_537}, []])
async def test_a_senseless_secret_is_400(stack: Stack, body: Any) -> None:
    assert (await stack.http().post(f"{SECRETS}/KEY", json=body)).status_code == 400


@pytest.mark.parametrize("key", ["a b", "%00", "x" * 200, "ä"])
async def test_a_senseless_key_of_a_secret_is_refused(stack: Stack, key: str) -> None:
    reply = await stack.http().post(f"{SECRETS}/{key}", json={"value": "x"})
    assert reply.status_code == 400


# Providers


async def test_arcadepy_reads_the_provider_without_its_secret(stack: Stack) -> None:
    client = stack.arcade()
    (found,) = (await client.admin.auth_providers.list()).items or []
    assert (found.id, found.type, found.status) == ("google", "oauth2", "active")
    assert found.oauth2 is not None
    assert found.oauth2.redirect_uri == stack.settings.redirect_uri
    text = (await stack.http().get("/v1/admin/auth_providers/google")).text
    assert stack.CLIENT_SECRET not in text
    with pytest.raises(arcadepy.NotFoundError):
        await client.admin.auth_providers.get("slack")


async def test_a_provider_is_not_changed_over_the_api(stack: Stack) -> None:
    one = "/v1/admin/auth_providers/google"
    client = stack.http()
    for reply in (
        await client.post("/v1/admin/auth_providers", json={"id": "x"}),
        await client.patch(one, json={"oauth2": {"client_id": "evil"}}),
        await client.delete(one),
    ):
        assert (reply.status_code, reply.json()["name"]) == (405, "providers_are_fixed")
        assert reply.headers["allow"] == "GET"


# Connections


async def test_the_last_use_of_a_connection_is_known_to_the_minute(any_stack: Stack) -> None:
    await any_stack.connect("alice", [READ])
    connections = "/v1/admin/user_connections"
    (found,) = (await any_stack.http().get(connections)).json()["items"]
    assert found["last_used_at"] is None
    begun = any_stack.clock.now
    seen = []
    for seconds in (0, 59, 60):
        any_stack.clock.now = begun + seconds
        await any_stack.execute("GmailMultiuser.ListLabels", "alice")
        one = (await any_stack.http().get(f"{connections}/{found['id']}")).json()
        seen.append(one["last_used_at"])
    assert seen[0] == seen[1] == "2027-01-15T08:00:00+00:00"
    assert seen[2] == "2027-01-15T08:01:00+00:00"
    assert (await any_stack.http().delete(f"{connections}/{found['id']}")).status_code == 204
    assert (await any_stack.http().get(f"{connections}/{found['id']}")).status_code == 404


async def test_many_calls_write_one_last_use(stack: Stack, monkeypatch: Any) -> None:
    await stack.connect("alice", [READ])
    (found,) = (await stack.http().get("/v1/admin/user_connections")).json()["items"]
    for _ in range(20):
        await stack.execute("GmailMultiuser.ListLabels", "alice")
    one = (await stack.http().get(f"/v1/admin/user_connections/{found['id']}")).json()
    assert one["last_used_at"] is not None
    # Nothing waits to be written, for the same minute counts once.
    await stack.execute("GmailMultiuser.ListLabels", "alice")
    assert stack.app.state.manager._uses._used == {}


async def test_arcadepy_reads_and_deletes_a_connection(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    client = stack.arcade()
    found = [one async for one in client.admin.user_connections.list(user={"id": "alice"})]
    assert [one.user_id for one in found] == ["alice"]
    assert found[0].provider_description == "Google"
    await client.admin.user_connections.delete(found[0].id or "")
    assert [one async for one in client.admin.user_connections.list()] == []
