"""The worked example in CONTRIBUTING.md adds a tool: four files, and the commands named there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_FILES = 4
STEP = re.compile(
    r"^\*\*\d\. [^*]+\*\*, [^`]*`(?P<file>[^`]+)`(?:[^`]*? below `(?P<line>[^`]+)`)?"
    r".*?^```\w+\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "examples"
)


@pytest.fixture(scope="module")
def page() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text[text.index("## Add a tool") : text.index("## Versions")]


def test_a_simple_tool_takes_four_files_by_hand(page: str) -> None:
    files = [step["file"] for step in STEP.finditer(page)]
    assert len(files) == len(set(files)) == MAX_FILES
    assert len(re.findall(r"^```", page, re.MULTILINE)) == 2 * (MAX_FILES + 1)


@pytest.mark.timeout(600)
def test_following_the_page_literally_adds_a_tool(page: str, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    for step in STEP.finditer(page):
        write(copy / step["file"], step["code"], below=step["line"])
    [commands] = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["sh", "-ec", commands],
        cwd=copy,
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'local'}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [int(number) for number in re.findall(r"(\d+) passed", done.stdout)]
    assert len(passed) == 2
    assert passed[1] >= 20, "every claim about all tools is one about the new tool too"
    assert "`CountUnread`" in (copy / "README.md").read_text(encoding="utf-8")
    assert "`CountUnread`" in (copy / "docs" / "tools.md").read_text(encoding="utf-8")
    names = copy / "arcade_gmail_multiuser" / "client" / "tool_names.py"
    assert '"CountUnread"' in names.read_text(encoding="utf-8")


def write(path: Path, code: str, *, below: str | None) -> None:
    """Write a new file, or put code below the first line of a file that is as named."""
    if below is None:
        assert not path.exists(), f"{path} exists already; say below which line to write"
        path.write_text(code, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = [line.strip() for line in lines].index(below)
    path.write_text("".join([*lines[: at + 1], code, *lines[at + 1 :]]), encoding="utf-8")
