"""`arcade deploy` starts server.py, and finds health, MCP and the tools there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from arcade_core.toolkit import Toolkit

from arcade_gmail_multiuser import server

SECRET = "temp-validation-secret"
START_S = 60.0


def every_tool() -> int:
    """Count the tools; tests/tools/test_toolkit.py names them one by one."""
    found = Toolkit.from_package("arcade_gmail_multiuser").tools
    return sum(len(names) for names in found.values())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str, body: Any = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the entry file with the environment that `arcade deploy` gives it."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    entry = Path(server.__file__)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ARCADE_USAGE_TRACKING": "0",
        "ARCADE_DISABLE_AUTOUPDATE": "1",
        "ARCADE_SERVER_HOST": "127.0.0.1",
        "ARCADE_SERVER_PORT": str(port),
        "ARCADE_SERVER_TRANSPORT": "http",
        "ARCADE_AUTH_DISABLED": "true",
        "ARCADE_WORKER_SECRET": SECRET,
    }
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(entry)],
            cwd=entry.parent.parent,
            env=environment,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_S
        while True:
            try:
                ask(f"{url}/worker/health")
                break
            except OSError:
                said = (home / "log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < until, said
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_it_is_healthy_with_every_tool(deployed: str) -> None:
    status, body = ask(f"{deployed}/worker/health")
    assert status == 200
    assert json.loads(body)["tool_count"] == str(every_tool())


def test_the_worker_routes_list_the_tools(deployed: str) -> None:
    token = jwt.encode(
        {"aud": "worker", "ver": "1", "exp": time.time() + 60}, SECRET.ljust(32, "-"), "HS256"
    )
    status, body = ask(f"{deployed}/worker/tools", Authorization=f"Bearer {token}")
    assert status == 200
    names = {tool["fully_qualified_name"] for tool in json.loads(body)}
    assert "GmailMultiuser.MultiUserGmailSend" in names
    assert len(names) == every_tool()


def test_mcp_initialises_under_a_name_without_dashes(deployed: str) -> None:
    status, body = ask(
        f"{deployed}/mcp",
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        Accept="application/json, text/event-stream",
    )
    assert status == 200
    assert '"gmail_multiuser"' in body


def test_importing_the_entry_file_starts_nothing_and_sets_up_no_logging() -> None:
    code = (
        "import logging, threading; before = len(logging.getLogger().handlers);"
        "import arcade_gmail_multiuser.server;"
        "assert len(logging.getLogger().handlers) == before;"
        "assert threading.active_count() == 1, threading.enumerate()"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "ARCADE_USAGE_TRACKING": "0"},
    )
