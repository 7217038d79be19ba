"""One engine for all tests here, started and asked as an operator does."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from arcadepy import Arcade
from mcp_stage import COMMAND, Issuer, Running, first_line, issuing, serving_http

from arcade_gmail_local.commands.credentials import FILE_NAME
from arcade_gmail_local.commands.sign_in import sign_in
from arcade_gmail_local.commands.stack import CLIENT_ID, CLIENT_SECRET

OURS = ("ARCADE_", "ENGINE_", "GMAIL_", "GOOGLE_", "MCP_", "OPENAI_")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give this environment without any setting of ours, and a home without a saved login."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    home = tmp_path_factory.mktemp("home")
    return {**own, "HOME": str(home), "ARCADE_USAGE_TRACKING": "0"}


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

    with subprocess.Popen(
        [*COMMAND, "up", "--json", "--data", data, "--users", "3", "--token-reader", "mcp"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            told = first_line(process)
            sandbox = {"GMAIL_API_ENDPOINT": told["sandbox"]}
            yield Running(
                engine=told["engine"],
                granted=new_key("mcp"),
                plain=new_key("reporting"),
                sandbox=told["sandbox"],
                data=Path(data),
                environment=environment | sandbox,
            )
        finally:
            process.terminate()


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
                    asyncio.run(sign_in(asked.url, person))
    return people


@pytest.fixture(scope="session")
def engine_under_never(running: Running) -> Iterator[str]:
    """Run a second engine on the same data, whose operator grants nobody a token."""
    kept = json.loads((running.data / FILE_NAME).read_text())
    secrets = {
        "ARCADE_API_KEY": kept["api_key"],
        "ARCADE_WORKER_SECRET": kept["worker_secret"],
        "ENGINE_ENCRYPTION_KEYS": kept["encryption_key"],
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
    }
    places = ["--data", str(running.data), "--google-url", running.sandbox, "--port", "0"]
    with subprocess.Popen(
        [*COMMAND, "engine", "--announce", *places],
        env=running.environment | secrets,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield first_line(process)["url"]
        finally:
            process.terminate()


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
