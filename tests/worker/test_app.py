"""The worker refuses weak settings and tells strangers nothing."""

from __future__ import annotations

from typing import Any

import pytest
from arcade_core.toolkit import Toolkit
from fastapi import FastAPI
from fastapi.testclient import TestClient
from worker_calls import SECRET, signed

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit
from arcade_gmail_multiuser.worker import app as app_module
from arcade_gmail_multiuser.worker import create_app


@pytest.mark.parametrize("weak", ["", "dev", "short", "x" * 31])
@pytest.mark.parametrize("environment", ["", "local", "production", "Development", "dev"])
def test_a_weak_secret_refuses_to_start(weak: str, environment: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_app(secret=weak, environment=environment)
    if weak:
        assert weak not in str(caught.value).replace("development", "")


def test_a_weak_secret_is_accepted_where_development_is_spelled_out() -> None:
    assert create_app(secret="dev", environment="development")


def test_a_secret_is_measured_in_bytes() -> None:
    assert create_app(secret="ü" * 16, environment="production")


def test_secret_and_environment_default_to_the_process_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ARCADE_ENVIRONMENT", raising=False)
    monkeypatch.delenv("ARCADE_WORKER_SECRET", raising=False)
    with pytest.raises(ConfigurationError, match="ARCADE_WORKER_SECRET"):
        create_app()
    monkeypatch.setenv("ARCADE_WORKER_SECRET", SECRET)
    assert create_app()


def test_the_pool_of_connections_is_closed_at_the_end(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    async def close() -> None:
        closed.append(True)

    monkeypatch.setattr(app_module, "close_transport", close)
    with TestClient(app):
        assert closed == []
    assert closed == [True]


def test_the_toolkit_is_the_one_that_arcade_itself_would_find() -> None:
    found, ours = Toolkit.from_package("arcade_gmail_multiuser"), describe_toolkit()
    assert (ours.name, ours.version, ours.description) == (
        found.name,
        found.version,
        found.description,
    )
    for toolkit in (found, ours):
        toolkit.tools = {module: names for module, names in toolkit.tools.items() if names}
    assert ours.tools == found.tools


def test_health_needs_no_token_and_counts_the_tools(client: TestClient) -> None:
    answer = client.get("/worker/health")
    count = sum(len(names) for names in describe_toolkit().tools.values())
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "tool_count": str(count)})


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
@pytest.mark.parametrize("headers", [{}, signed])
def test_nothing_describes_the_worker_to_strangers(
    client: TestClient, path: str, headers: Any
) -> None:
    answer = client.get(path, headers=headers() if callable(headers) else headers)
    assert answer.status_code in {401, 404}


def test_a_right_token_sees_the_tools_with_their_scopes(client: TestClient) -> None:
    answer = client.get("/worker/tools", headers=signed())
    assert answer.status_code == 200
    tools = {tool["fully_qualified_name"]: tool for tool in answer.json()}
    assert len(tools) == sum(len(names) for names in describe_toolkit().tools.values())
    requirement = tools["GmailMultiuser.SendEmail"]["requirements"]["authorization"]
    assert requirement["oauth2"]["scopes"] == ["https://www.googleapis.com/auth/gmail.send"]


DEEP = b'{"inputs": ' + b"[" * 200_000
LONG_NUMBER = b'{"inputs": {"a": ' + b"1" * 6_000 + b"}}"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b"null", b'{"tool": 1}', DEEP, LONG_NUMBER],
    ids=["empty", "list", "cut off", "not utf-8", "null", "not a call", "deep", "long number"],
)
def test_a_body_that_is_no_call_is_a_400(client: TestClient, body: bytes) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), content=body)
    assert answer.status_code == 400
