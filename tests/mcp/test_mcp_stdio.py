"""Over stdio a host works for one person, with a key that is granted token reading by name."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from mcp_stage import Running, answer_of, over_stdio, said
from visitor import agree

ARCADES_OWN = f"{sys.executable} -m arcade_mcp_server stdio -p arcade_gmail_multiuser".split()
OURS = [sys.executable, "-m", "arcade_gmail_multiuser", "mcp", "stdio"]
TOOL = "GmailMultiuser_WhoAmI"


@pytest.mark.parametrize(
    ("argv", "person"), [(ARCADES_OWN, "user1@example.com"), (OURS, "user2@example.com")]
)
async def test_a_pending_authorization_brings_its_url_and_after_consent_the_call_works(
    running: Running, tmp_path: Path, argv: list[str], person: str
) -> None:
    with (tmp_path / "log").open("w+") as log:
        async with over_stdio(argv, running.as_person(person), log) as session:
            assert TOOL in {tool.name for tool in (await session.list_tools()).tools}
            pending = said(await session.call_tool(TOOL, {}))
            url = re.search(r"https?://[^\s\"\\]+/v1/oauth/start\?flow_id=[^\s\"\\]+", pending)
            assert url, pending
            assert url[0].startswith(running.engine)
            await agree(url[0], person)
            found = answer_of(await session.call_tool(TOOL, {}))
            assert person in json.dumps(found)
            mail = await session.call_tool("GmailMultiuser_ListEmails", {"n_emails": 3})
            assert answer_of(mail)["emails"]
        log.seek(0)
        written = log.read()
    assert running.granted not in written
    assert "ya29." not in written
    assert answer_of(mail)["emails"][0]["snippet"] not in written


@pytest.mark.parametrize("engine", ["another key", "an engine under never"])
async def test_without_the_grant_a_connected_person_gets_a_typed_refusal_and_no_token(
    running: Running,
    engine_under_never: str,
    connected: tuple[str, str],
    tmp_path: Path,
    engine: str,
) -> None:
    if engine == "another key":
        environment = running.as_person(connected[0], ARCADE_API_KEY=running.plain)
    else:
        environment = running.as_person(connected[0], ARCADE_API_URL=engine_under_never)
    with (tmp_path / "log").open("w+") as log:
        async with over_stdio(OURS, environment, log) as session:
            refused = await session.call_tool(TOOL, {})
        log.seek(0)
        assert "ya29." not in log.read()
    assert "not allowed to read tokens" in said(refused)
    assert "tell the operator" in said(refused)
    assert refused.meta is not None
    assert refused.meta["arcade"] == {
        "errorKind": "UPSTREAM_RUNTIME_AUTH_ERROR",
        "canRetry": False,
        "statusCode": 403,
    }
