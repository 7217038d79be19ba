"""Each of Arcade's own commands finds every tool, by reading the decorator `tool` in the source."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp_stage import over_stdio
from tool_rows import ROWS

from arcade_gmail_multiuser import server

ARCADE = str(Path(sys.executable).with_name("arcade"))
TIMEOUT_S = 120
MCP_COMMANDS = {
    "arcade mcp": [ARCADE, "mcp", "stdio", "--tool-package", "gmail_multiuser"],
    "python -m arcade_mcp_server": [
        *(sys.executable, "-m", "arcade_mcp_server", "stdio"),
        *("-p", "arcade_gmail_multiuser"),
    ],
}

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        importlib.util.find_spec("arcade_cli") is None, reason="the extra `evals` is not installed"
    ),
    pytest.mark.timeout(2 * TIMEOUT_S),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give a home without a login, and no setting of Arcade's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ARCADE_")}
    quiet = {"ARCADE_USAGE_TRACKING": "0", "ARCADE_DISABLE_AUTOUPDATE": "1"}
    return own | quiet | {"HOME": str(tmp_path), "COLUMNS": "200"}


def run(argv: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        argv,
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_arcade_show_lists_every_tool(environment: dict[str, str]) -> None:
    shown = run([ARCADE, "show", "--local"], environment)
    cells = {cell.strip() for line in shown.splitlines() for cell in line.split("│")}
    assert {c for c in cells if c.startswith("GmailMultiuser.")} == {
        f"GmailMultiuser.{name}" for name in ROWS
    }


@pytest.mark.parametrize("argv", MCP_COMMANDS.values(), ids=list(MCP_COMMANDS))
async def test_arcades_mcp_servers_offer_every_tool(
    argv: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w") as log:
        async with over_stdio(argv, environment, log) as session:
            offered: list[Any] = (await session.list_tools()).tools
    ours = {tool.name for tool in offered if tool.name.startswith("GmailMultiuser_")}
    assert ours == {f"GmailMultiuser_{name}" for name in ROWS}


def test_the_local_checks_of_arcade_deploy_pass_and_find_every_tool(
    environment: dict[str, str],
) -> None:
    """It starts the entry file, and asks for its health, its name over MCP, and its tools."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "from arcade_cli import deploy\n"
        f"deploy.random.randint = lambda *_: {port}\n"
        f"print(deploy.verify_server_and_get_metadata({server.__file__!r}))\n"
    )
    said = run([sys.executable, "-c", code], environment)
    assert f"Found {len(ROWS)} tools" in said
    assert "('gmail_multiuser', " in said
    assert "set())" in said, "no tool needs a secret"
