"""Start a server process, learn its address, wait until it is healthy, and stop it.

Secrets reach it through its environment, because any user of the machine can read an argv. Its
stdin is a pipe from us: when we end, even if killed, it sees its stdin close and ends too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from arcade_gmail_multiuser.errors import GmailMultiuserError

__all__ = ["ProcessFailed", "ServerProcess"]

STOP_S = 6.0
LOG_LINES = 12


class ProcessFailed(GmailMultiuserError):
    """A server process ended, or never became healthy. `log` has its last lines."""

    code = "process_failed"

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class ServerProcess:
    """A subcommand running as its own process; its stderr goes to `log_file`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log_file: Path) -> None:
        self.name = name
        self.log_file = log_file
        self._process = process

    @classmethod
    async def start(
        cls, name: str, arguments: Sequence[str], *, environment: Mapping[str, str], logs: Path
    ) -> ServerProcess:
        """Start `arcade-gmail-multiuser NAME --port 0 …` in its own session.

        So a Ctrl-C in the terminal reaches only us, and we stop the processes in order.
        """
        log_file = logs / f"{name}.log"
        descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "arcade_gmail_multiuser", name, "--port", "0", "--announce"),
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=descriptor,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        return cls(name, process, log_file)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait_for_url(self, *, deadline_s: float) -> str:
        """Wait for the one line in which the process announces its address."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - we asked for a pipe
        try:
            line = await asyncio.wait_for(stdout.readline(), deadline_s)
        except TimeoutError:
            raise self.failure("did not announce its address in time") from None
        if not line:
            await self.wait()
            raise self.failure(self._describe_end())
        url: str = json.loads(line)["url"]
        return url

    async def wait_until_healthy(self, url: str, *, deadline_s: float) -> None:
        """Wait until `url` answers 200; raise ProcessFailed if the process ends first."""
        answering = asyncio.ensure_future(_answers(url))
        ending = asyncio.ensure_future(self.wait())
        try:
            done, _ = await asyncio.wait(
                {answering, ending}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED
            )
            if answering in done:
                return answering.result()
            raise self.failure(self._describe_end() if ending in done else "is not healthy in time")
        finally:
            answering.cancel()
            ending.cancel()
            await asyncio.gather(answering, ending, return_exceptions=True)

    async def wait(self) -> None:
        await self._process.wait()

    async def stop(self) -> None:
        """Terminate it, and kill it if it does not end within a few seconds."""
        if self._process.returncode is None:
            self._signal("terminate")
            try:
                await asyncio.wait_for(self._process.wait(), STOP_S)
            except TimeoutError:
                self._signal("kill")
                await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def failure(self, what: str) -> ProcessFailed:
        return ProcessFailed(f"The process `{self.name}` {what}.", log=self.tail())

    def tail(self) -> str:
        """Return the last lines of its log."""
        try:
            text = self.log_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-LOG_LINES:])

    def _signal(self, method: str) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may end just before the signal
            getattr(self._process, method)()

    def _describe_end(self) -> str:
        status = self._process.returncode
        if status is not None and status < 0:
            return f"was ended by signal {-status}"
        return f"ended with status {status}"


async def _answers(url: str) -> None:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.05)
