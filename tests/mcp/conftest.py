"""One engine for all tests here, started and asked as an operator does."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from arcadepy import Arcade
from mcp_stage import Issuer, Running, issuing, serving_http
from processes import COMMAND, announced, clean_environment
from visitor import agree


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give this environment without any setting of ours, and a home without a saved login."""
    home = tmp_path_factory.mktemp("home")
    return clean_environment(HOME=str(home), ARCADE_USAGE_TRACKING="0")


@pytest.fixture(scope="session")
def running(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    data = str(tmp_path_factory.mktemp("data"))

    def new_key(name: str) -> str:
        made = subprocess.run(
            [*COMMAND, "engine-keys", "api-new", name, "--data", data],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip()

    more = ["--data", data, "--users", "3", "--token-reader", "mcp"]
    with announced("up", "--json", *more, environment=environment) as told:
        yield Running(
            engine=told["engine"],
            granted=new_key("mcp"),
            plain=new_key("reporting"),
            sandbox=told["sandbox"],
            data=Path(data),
            environment=environment | {"GMAIL_API_ENDPOINT": told["sandbox"]},
        )


@pytest.fixture(scope="session")
def connected(running: Running) -> tuple[str, str]:
    """Connect Alice and Bob through the engine, as any application does."""
    people = ("alice@example.com", "bob@example.com")
    with Arcade(
        base_url=running.engine,
        api_key=running.plain,
        http_client=httpx.Client(trust_env=False),
    ) as client:
        for person in people:
            for tool in ("GmailMultiuser.WhoAmI", "GmailMultiuser.ListEmails"):
                asked = client.tools.authorize(tool_name=tool, user_id=person)
                if asked.status != "completed":
                    assert asked.url is not None
                    asyncio.run(agree(asked.url, person))
    return people


@pytest.fixture(scope="session")
def engine_under_never(running: Running) -> Iterator[str]:
    """Run a second engine on the same data, whose operator grants nobody a token."""
    kept = json.loads((running.data / "credentials.json").read_text())
    secrets = {
        "ARCADE_API_KEY": kept["api_key"],
        "ARCADE_WORKER_SECRET": kept["worker_secret"],
        "ENGINE_ENCRYPTION_KEYS": kept["encryption_key"],
        "GOOGLE_CLIENT_ID": "sandbox-client",
        "GOOGLE_CLIENT_SECRET": "sandbox-secret",
    }
    places = ["--data", str(running.data), "--google-url", running.sandbox, "--port", "0"]
    with announced(
        "engine", "--announce", *places, environment=running.environment | secrets
    ) as told:
        yield told["url"]


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with issuing() as one:
        yield one


@pytest.fixture(scope="session")
def front(
    running: Running, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Serve MCP over HTTP for whoever the issuer vouches for; give the address of /mcp."""
    log = tmp_path_factory.mktemp("front") / "log"
    # Whom the process itself would act for must never matter over HTTP.
    environment = {**running.as_person("nobody@example.com"), "ARCADE_WORKER_SECRET": "s" * 32}
    with serving_http(environment, issuer, log) as url:
        yield url
    said = log.read_text()
    for secret in (running.granted, "ya29.", "Traceback", "eyJ"):
        assert secret not in said
