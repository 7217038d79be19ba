"""What the tests of the command share: running it as a person would, and a stack of their own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

WAIT_S = 20.0
OURS = ("ARCADE_", "ENGINE_", "GMAIL_", "GOOGLE_", "OPENAI_")


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """Give this environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


@pytest.fixture
def command(clean_environment: dict[str, str]) -> Run:
    """Run `arcade-gmail-multiuser …` to its end in an environment without settings."""

    def run(
        *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "arcade_gmail_multiuser", *arguments],
            env={**clean_environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


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
            ended = poll.poll(WAIT_S * 1000)
            if not ended:
                return False
            for handle, _ in ended:
                poll.unregister(handle)
                os.close(handle)
                left.discard(handle)
        return True


@pytest.fixture
def watch() -> Callable[[Iterable[int]], Watch]:
    """Watch processes, by their ids, until they have ended."""
    return Watch


@pytest.fixture
def descendants() -> Callable[[int], list[int]]:
    """List a process's children, their children, and so on."""

    def below(pid: int) -> list[int]:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [one for child in map(int, text.split()) for one in (child, *below(child))]

    return below
