"""Start our own commands as processes, and stop them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["COMMAND", "announced", "clean_environment", "first_line"]

COMMAND = (sys.executable, "-m", "arcade_gmail_multiuser")
READY_S = 60
SETTINGS = ("ARCADE_", "ENGINE_", "GMAIL_", "GOOGLE_", "MCP_", "OPENAI_")


def clean_environment() -> dict[str, str]:
    """Return this environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


def first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    """Wait until a process announces itself, and return what it says."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], READY_S)[0], "it was not ready in time"
    told: dict[str, str] = json.loads(process.stdout.readline())
    return told


@contextmanager
def announced(
    *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
) -> Iterator[dict[str, str]]:
    """Run a server until the block ends, and yield the line it announces itself with."""
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
