"""Run our command as a person would, and watch what it starts."""

from __future__ import annotations

import gc
import io
import json
import os
import select
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from arcade_gmail_multiuser.cli.command import run

__all__ = [
    "COMMAND",
    "Watch",
    "announced",
    "clean_environment",
    "descendants",
    "first_line",
    "run_command",
    "run_here",
    "running_stack",
]

COMMAND = (sys.executable, "-m", "arcade_gmail_multiuser")
END_S = 20.0
READY_S = 60.0
SETTINGS = ("ARCADE_", "ENGINE_", "GMAIL_", "GOOGLE_", "MCP_", "OPENAI_", "SESSION_")


def clean_environment(**more: str) -> dict[str, str]:
    """Return this environment without any setting of ours, and with `more`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return own | more


def run_command(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `arcade-gmail-multiuser …` to its end in an environment with no other settings."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=clean_environment(**(environment or {})),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_here(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command like `run_command`, in this process: for what ends before it serves."""
    out, err = io.StringIO(), io.StringIO()
    settings = clean_environment(**(environment or {}))
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch.dict(os.environ, settings, clear=True),
        # A process that ends closes what it listens on.
        warnings.catch_warnings(action="ignore", category=ResourceWarning),
    ):
        try:
            status = run(arguments)
        except SystemExit as ended:  # argparse's way to end
            status = int(ended.code or 0)
        gc.collect()
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    """Wait until a process announces itself, and return what it says."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], READY_S)[0], "it was not ready in time"
    line = process.stdout.readline()
    assert line, "it ended instead of starting"
    told: dict[str, str] = json.loads(line)
    return told


@contextmanager
def announced(
    *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
) -> Iterator[dict[str, str]]:
    """Run a command until the block ends, and yield the line it announces itself with."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=clean_environment() if environment is None else environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        try:
            yield first_line(process)
        finally:
            process.terminate()


@contextmanager
def running_stack(*arguments: str) -> Iterator[dict[str, str]]:
    """Keep sandbox, worker and engine running, and yield what `up --json` says of them."""
    with announced("up", "--json", *arguments) as told:
        yield told


def descendants(pid: int) -> list[int]:
    """List a process's children, their children, and so on."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [one for child in map(int, text.split()) for one in (child, *descendants(child))]


class Watch:
    """Handles on running processes, which tell the end of any process, not only of a child."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._handles = [os.pidfd_open(pid) for pid in pids]

    def saw_all_end(self) -> bool:
        """Wait for the end of every process; tell whether it came in time."""
        poll = select.poll()
        for handle in self._handles:
            poll.register(handle, select.POLLIN)
        left = set(self._handles)
        while left:
            ended = poll.poll(END_S * 1000)
            if not ended:
                return False
            for handle, _ in ended:
                poll.unregister(handle)
                os.close(handle)
                left.discard(handle)
        return True
