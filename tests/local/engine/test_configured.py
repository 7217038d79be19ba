"""The security configuration decides what the engine does: each key, on and off."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from engine_stack.facts import READ, SEND
from engine_stack.stack import Stack, StackMaker

from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.boundaries import RateBoundary
from arcade_gmail_multiuser.security.config.security_config import SecurityConfig
from arcade_gmail_multiuser.security.keys import new_key

DOCUMENT = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
YAML = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT, re.M | re.S)
ENV = {
    "ENCRYPTION_KEY": new_key(),
    "PREVIOUS_ENCRYPTION_KEY": new_key(),
    "DATABASE_PASSWORD": "p" + new_key()[:12].replace("/", "a").replace("+", "b"),
    "ARCADE_API_KEY": "k" + new_key(),
    "GOOGLE_CLIENT_ID": "id.apps.googleusercontent.com",
    "GOOGLE_CLIENT_SECRET": "GOCSPX-" + new_key()[:24],
    "ARCADE_WORKER_SECRET": "w" + new_key(),
}


def loaded(text: str, env: Mapping[str, str] = ENV) -> SecurityConfig:
    return SecurityConfig.from_yaml(text, env=env)


def test_the_documented_configuration_is_accepted_without_a_finding() -> None:
    (text,) = YAML
    config, findings = SecurityConfig.examine(text, env=ENV)
    assert config is not None
    assert list(findings) == []


def test_every_boundary_reaches_the_engine() -> None:
    boundaries = loaded(YAML[0]).boundaries()
    settings = EngineSettings.configured(boundaries)
    assert boundaries.engine is not None
    assert boundaries.google is not None
    assert settings.environment == "production"
    assert settings.encryption_keys == (ENV["ENCRYPTION_KEY"], ENV["PREVIOUS_ENCRYPTION_KEY"])
    assert settings.every_api_key == {"agent": ENV["ARCADE_API_KEY"]}
    assert settings.public_url == "https://engine.example.com"
    assert ENV["DATABASE_PASSWORD"] in settings.database_url
    assert settings.redirect_urls == {settings.redirect_uri}
    assert (settings.verifier_url, settings.next_uris) == (
        "https://app.example.com/arcade/verify",
        ("https://app.example.com/connected",),
    )
    assert (settings.token_exposure, settings.token_readers) == ("never", frozenset())
    assert (settings.state_validation, settings.pkce_enabled) == (True, True)
    assert settings.limiting == boundaries.rate
    assert settings.auditing == boundaries.audit
    assert settings.provider.client_secret == ENV["GOOGLE_CLIENT_SECRET"]
    assert [one.id for one in settings.workers] == ["mail"]
    assert settings.worker.secret == ENV["ARCADE_WORKER_SECRET"]


@pytest.mark.parametrize(
    ("written", "reached"),
    [("", None), ("token_store: database", None), ("token_store: rediss://r/0", "rediss://r/0")],
)
def test_token_store_decides_where_tokens_are(written: str, reached: str | None) -> None:
    text = YAML[0].replace("engine:\n", f"engine:\n  {written}\n", 1)
    boundaries = loaded(text).boundaries()
    assert EngineSettings.configured(boundaries).token_store == reached
    assert boundaries.facts()["tokens"] == ("redis" if reached else "database")


def test_s14_only_registered_addresses_end_a_flow_in_production() -> None:
    settings = EngineSettings.configured(loaded(YAML[0]).boundaries())
    assert settings.may_continue_at("https://app.example.com/connected")
    assert not settings.may_continue_at("https://app.example.com/connected/")
    assert not settings.may_continue_at("http://127.0.0.1:1/")


def test_a_configuration_without_an_engine_starts_none() -> None:
    boundaries = loaded("security: {encryption_keys: ['${env:ENCRYPTION_KEY}']}").boundaries()
    with pytest.raises(ConfigurationError, match="engine"):
        EngineSettings.configured(boundaries)


@pytest.mark.parametrize("name", ["state_validation", "pkce_enabled"])
async def test_s55_flow_protection_is_off_in_development_only(
    make_stack: StackMaker, name: str
) -> None:
    with pytest.raises(ConfigurationError, match=name):
        await make_stack(**{name: False})


async def test_s13_a_callback_that_is_not_registered_refuses_to_start(
    make_stack: StackMaker,
) -> None:
    with pytest.raises(ConfigurationError, match="redirect_urls"):
        await make_stack(redirect_urls=frozenset({"https://engine.example.com/other"}))


@pytest.mark.parametrize(("validated", "status"), [(True, 400), (False, 303)])
async def test_s8_state_validation_decides_whether_another_browser_may_come_back(
    make_stack: StackMaker, validated: bool, status: int
) -> None:
    stack: Stack = await make_stack(environment="development", state_validation=validated)
    started = await stack.start("alice", [READ])
    address = await stack.browser().callback_address(started["url"])
    assert (await stack.browser().get(address)).status_code == status


@pytest.mark.parametrize("enabled", [True, False])
async def test_s9_pkce_enabled_decides_whether_a_challenge_is_sent(
    make_stack: StackMaker, enabled: bool
) -> None:
    stack: Stack = await make_stack(environment="development", pkce_enabled=enabled)
    started = await stack.start("alice", [READ])
    target = await stack.browser().leave(started["url"])
    assert ("code_challenge=" in target, "code_challenge_method=S256" in target) == (
        enabled,
        enabled,
    )


# --- attempts ------------------------------------------------------------------------------------

STRICT = RateBoundary(enabled=True, max_attempts=5, window_s=900.0, backend="database")
UNLIMITED = RateBoundary(enabled=False, max_attempts=5, window_s=900.0, backend="memory")


async def try_to_authorize(stack: Stack, user_id: str = "alice", scope: str = READ) -> Any:
    body = {
        "user_id": user_id,
        "auth_requirement": {"provider_id": "google", "oauth2": {"scopes": [scope]}},
    }
    return await stack.http().post("/v1/auth/authorize", json=body)


async def test_s52_of_100_attempts_at_two_engines_five_are_let_in(
    make_stack: StackMaker, any_database: str
) -> None:
    first = await make_stack(database_url=any_database, rate=STRICT)
    second = await make_stack(
        database_url=any_database,
        rate=STRICT,
        encryption_keys=first.settings.encryption_keys,
        clock=first.clock,
    )
    replies = await asyncio.gather(
        *(try_to_authorize((first, second)[turn % 2]) for turn in range(100))
    )
    statuses = [reply.status_code for reply in replies]
    assert (statuses.count(200), statuses.count(429)) == (5, 95)
    assert (await try_to_authorize(first, "bob")).status_code == 200
    first.clock.now += 901
    assert (await try_to_authorize(second)).status_code == 200


async def test_s53_too_many_attempts_say_when_to_come_back_and_not_to_repeat(
    make_stack: StackMaker,
) -> None:
    stack: Stack = await make_stack(rate=STRICT)
    replies = [await try_to_authorize(stack) for _ in range(6)]
    assert [one.status_code for one in replies] == [200] * 5 + [429]
    assert 890 <= int(replies[-1].headers["retry-after"]) <= 900
    assert replies[-1].headers["x-should-retry"] == "false"
    assert replies[-1].json()["name"] == "rate_limited"


async def test_s52_an_execute_that_would_start_an_authorization_counts_too(
    make_stack: StackMaker,
) -> None:
    stack: Stack = await make_stack(rate=STRICT)
    replies = [await stack.execute("GmailMultiuser.ListLabels", "alice") for _ in range(6)]
    assert [one.status_code for one in replies] == [403] * 5 + [429]


async def test_what_is_held_already_costs_no_attempt(make_stack: StackMaker) -> None:
    stack: Stack = await make_stack(rate=STRICT)
    await stack.connect("alice", [READ])
    for _ in range(10):
        assert (await try_to_authorize(stack)).json()["status"] == "completed"
    assert (await try_to_authorize(stack, scope=SEND)).json()["status"] == "pending"


async def test_without_a_limit_nobody_waits(make_stack: StackMaker) -> None:
    stack: Stack = await make_stack(rate=UNLIMITED)
    replies = [await try_to_authorize(stack) for _ in range(7)]
    assert {one.status_code for one in replies} == {200}


async def test_s54_wrong_keys_are_counted_by_socket_and_lock_nobody_else_out(
    make_stack: StackMaker,
) -> None:
    stack: Stack = await make_stack(rate=STRICT)
    body = {"user_id": "alice"}
    statuses = [
        (
            await stack.http(key="arc_wrong").post(
                "/v1/auth/authorize", json=body, headers={"X-Forwarded-For": f"192.0.2.{turn}"}
            )
        ).status_code
        for turn in range(51)
    ]
    assert statuses == [401] * 50 + [429]
    assert (await try_to_authorize(stack)).status_code == 200


async def test_s54_invented_links_are_counted_too(make_stack: StackMaker) -> None:
    stack: Stack = await make_stack(rate=STRICT)
    address = f"{stack.settings.origin}/v1/oauth/start?flow_id=fl_invented"
    replies = [await stack.http(key=None).get(address) for _ in range(51)]
    assert [one.status_code for one in replies] == [404] * 50 + [429]
    assert int(replies[-1].headers["retry-after"]) > 0
    assert "Too many" in replies[-1].text
