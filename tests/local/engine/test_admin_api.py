"""What operators see: providers and connections, and that there are no secrets for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import arcadepy
import pytest

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"


async def test_a_tool_that_asks_for_a_secret_is_refused_by_name(any_stack: Stack) -> None:
    tool = any_stack.definition("Weather", None)
    tool["requirements"]["secrets"] = [{"key": "WEATHER_KEY"}]
    any_stack.worker.tools = [tool]
    for more in ({}, {"run_at": "2027-01-16T08:00:00+00:00"}):
        reply = await any_stack.execute("GmailMultiuser.Weather", "alice", **more)
        assert (reply.status_code, reply.json()["name"]) == (400, "secrets_unsupported")
    assert any_stack.worker.invocations == []
    shown = (await any_stack.http().get("/v1/tools/GmailMultiuser.Weather")).json()["requirements"]
    assert shown["met"] is False
    assert [(one["key"], one["met"]) for one in shown["secrets"]] == [("WEATHER_KEY", False)]
    assert (await any_stack.http().get("/v1/admin/secrets")).status_code == 404


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
    assert stack.app.state.services.manager._uses._used == {}


async def test_arcadepy_reads_and_deletes_a_connection(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    client = stack.arcade()
    found = [one async for one in client.admin.user_connections.list(user={"id": "alice"})]
    assert [one.user_id for one in found] == ["alice"]
    assert found[0].provider_description == "Google"
    await client.admin.user_connections.delete(found[0].id or "")
    assert [one async for one in client.admin.user_connections.list()] == []
