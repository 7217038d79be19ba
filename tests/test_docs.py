"""Every block of code in the README, in docs/ and beside the examples runs.

A Python block runs as a script against a running stack; when it prints an address to connect at,
the test goes there as the person would. A shell block runs under `sh -e`. A comment above a block
says what else the test has to know: `docs: until "words"` stops a server once it has said those
words, `docs: make targets` only asks make whether the targets exist, because other tests run
what they do, and `docs: run by FILE` names the test that takes the commands from the page.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import running_stack
from visitor import agree

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
    *sorted((ROOT / "examples").glob("*.md")),
]
BLOCK = re.compile(
    r"(?:<!-- docs: (?P<note>[^>]*) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S
)
NOT_CODE = {"text", "yaml"}
"""What does not run. YAML is a configuration, and its own tests hold it to the schema."""
DEADLINE_S = 60


@dataclass(frozen=True)
class Block:
    page: str
    number: int
    language: str
    code: str
    note: str


def blocks() -> list[Block]:
    return [
        Block(
            str(page.relative_to(ROOT)),
            number,
            found["language"],
            found["code"],
            found["note"] or "",
        )
        for page in PAGES
        for number, found in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")), 1)
        if found["language"] not in NOT_CODE
    ]


BLOCKS = blocks()
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELL = [block for block in BLOCKS if block.language == "sh"]


def name(block: Block) -> str:
    return f"{block.page}-{block.number}"


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, str]]:
    """Keep sandbox, worker and engine running, as the README and docs/mcp.md tell to."""
    with running_stack("--token-reader", "default") as told:
        yield told


def test_every_block_is_of_a_language_that_is_run() -> None:
    assert {block.language for block in BLOCKS} <= {"python", "sh"}
    assert PYTHON
    assert SHELL


@pytest.mark.parametrize("block", PYTHON, ids=name)
async def test_a_python_block_runs_against_a_running_stack(
    block: Block, stack: dict[str, str], tmp_path: Path
) -> None:
    script = tmp_path / "block.py"
    script.write_text(block.code, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ARCADE_BASE_URL": stack["engine"],
        "ARCADE_API_KEY": stack["api_key"],
        "GMAIL_API_ENDPOINT": stack["sandbox"],
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = ""
    try:
        async with asyncio.timeout(DEADLINE_S):
            async for line in process.stdout:
                said += line.decode()
                if "Open this page to connect:" in said.splitlines()[-1]:
                    await agree(line.decode().split()[-1], "alice@example.com")
            complaint = (await process.stderr.read()).decode()
            assert await process.wait() == 0, complaint
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert said, "a block that shows nothing teaches nothing"


@pytest.mark.parametrize("block", SHELL, ids=name)
def test_a_shell_block_does_what_its_page_says(block: Block, tmp_path: Path) -> None:
    if block.note.startswith("make targets"):
        for line in block.code.splitlines():
            target = line.split("#")[0].split()
            subprocess.run([*target, "--dry-run"], cwd=ROOT, check=True, capture_output=True)
        return
    if block.note.startswith("run by"):
        test = (ROOT / block.note.split()[2]).read_text(encoding="utf-8")
        assert Path(block.page).name in test
        return
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "ARCADE_USAGE_TRACKING": "0",
        "ARCADE_DISABLE_AUTOUPDATE": "1",
    }
    if "with ARCADE_WORKER_SECRET" in block.note:
        environment["ARCADE_WORKER_SECRET"] = secrets.token_hex(32)
    code = block.code.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    until = re.search(r'until "([^"]+)"', block.note)
    said = run_until(code, until and until[1], environment)
    if until:
        assert until[1] in said


def run_until(code: str, words: str | None, environment: dict[str, str]) -> str:
    """Run a shell block to its end, or until it has said some words; return what it said."""
    said = ""
    with subprocess.Popen(
        ["sh", "-e", "-c", code],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        timer = threading.Timer(DEADLINE_S, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            for line in process.stdout:
                said += line
                if words is not None and words in line:
                    break
            else:
                assert process.wait() == 0, said
        finally:
            timer.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
    return said
