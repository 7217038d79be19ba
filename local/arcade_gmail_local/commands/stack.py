"""Run sandbox, worker and engine on free loopback ports, as processes that end together."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType

import aiohttp

from arcade_gmail_local.commands.credentials import Credentials, credentials_in, private_directory
from arcade_gmail_local.commands.server_process import ProcessFailed, ServerProcess
from arcade_gmail_multiuser.errors import ConfigurationError, GmailMultiuserError

__all__ = ["Running", "Stack", "user_emails"]

MAX_ACCOUNTS_IN_FLIGHT = 16
CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"
"""The sandbox's OAuth client. Not a secret: it opens nothing else."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where a running stack is, and what opens it."""

    engine: str
    api_key: str = field(repr=False)
    worker: str
    worker_secret: str = field(repr=False)
    sandbox: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def engine_environment(secrets: Credentials) -> dict[str, str]:
    """Return the engine's secrets, and hide a real database that the shell's environment names."""
    return {
        "ARCADE_API_KEY": secrets.api_key,
        "ARCADE_WORKER_SECRET": secrets.worker_secret,
        "ENGINE_ENCRYPTION_KEYS": secrets.encryption_key,
        "ENGINE_DATABASE_URL": "",
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
    }


def user_emails(count: int) -> list[str]:
    return [f"user{number}@example.com" for number in range(1, count + 1)]


class Stack:
    """Start the processes on entering, stop them on leaving.

    `data` keeps the engine's database, the credentials and the logs; by default they are in a
    temporary directory that is deleted with the stack. The sandbox keeps nothing, so people
    connect again after a restart. Raises ProcessFailed if a process does not start, and
    ConfigurationError if another stack runs on `data`.

    Args:
        users: addresses of more sandbox accounts, besides Alice's and Bob's.
        engine: False leaves out the engine; its address and key are then empty.
        seeded: False leaves out Alice's and Bob's accounts.
        workers: how many processes the worker has.
        verifier_url: the application's page that confirms who is signed in; by default the engine
            asks on its own page.
        token_readers: names of the API keys that may read people's tokens.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        users: Sequence[str] = (),
        engine: bool = True,
        seeded: bool = True,
        workers: int = 1,
        verifier_url: str | None = None,
        token_readers: Sequence[str] = (),
        deadline_s: float = 40.0,
    ) -> None:
        self.processes: list[ServerProcess] = []
        self._data = data
        self._lock: int | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._users = users
        self._with_engine = engine
        self._seeded = seeded
        self._workers = workers
        self._verifier_url = verifier_url
        self._token_readers = token_readers
        self._deadline_s = deadline_s

    async def __aenter__(self) -> Running:
        try:
            return await self._start(self._directory())
        except BaseException:
            await self._stop()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def wait_for_failure(self) -> ProcessFailed:
        """Wait for the first process that ends by itself, and return the error for it."""
        endings = {asyncio.ensure_future(one.wait()): one for one in self.processes}
        try:
            done, _ = await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for ending in endings:
                ending.cancel()
        return endings[done.pop()].failure("ended by itself")

    def _directory(self) -> Path:
        if self._data is not None:
            directory = private_directory(self._data)
            self._lock = acquire_lock(directory)
            return directory
        self._temporary = tempfile.TemporaryDirectory(prefix="arcade-gmail-")
        return Path(self._temporary.name)

    async def _start(self, data: Path) -> Running:
        """Start each process as soon as the addresses it needs are known.

        A process announces its address before its heavy imports, so they all import side by side.
        """
        secrets = credentials_in(data)
        sandbox = await self._launch("sandbox", () if self._seeded else ("--empty",), {}, data)
        worker = await self._launch(
            "serve",
            ("--workers", str(self._workers)),
            {"ARCADE_WORKER_SECRET": secrets.worker_secret, "GMAIL_API_ENDPOINT": sandbox},
            data,
        )
        health = [f"{sandbox}/_sandbox/requests", f"{worker}/worker/health"]
        engine = ""
        if self._with_engine:
            engine = await self._launch(
                "engine",
                (
                    *("--data", str(data), "--worker-url", worker, "--google-url", sandbox),
                    *(("--verifier-url", self._verifier_url) if self._verifier_url else ()),
                    *(word for name in self._token_readers for word in ("--token-reader", name)),
                ),
                engine_environment(secrets),
                data,
            )
            health.append(f"{engine}/v1/health")
        await self._all_healthy(health)
        await add_accounts(sandbox, self._users)
        api_key = secrets.api_key if engine else ""
        return Running(engine, api_key, worker, secrets.worker_secret, sandbox)

    async def _all_healthy(self, urls: Sequence[str]) -> None:
        waiting = [
            asyncio.ensure_future(process.wait_until_healthy(url, deadline_s=self._deadline_s))
            for process, url in zip(self.processes, urls, strict=True)
        ]
        try:
            await asyncio.gather(*waiting)
        finally:
            for one in waiting:
                one.cancel()

    async def _launch(
        self, name: str, arguments: Sequence[str], environment: dict[str, str], data: Path
    ) -> str:
        quiet = {"ARCADE_USAGE_TRACKING": "0", "ARCADE_DISABLE_AUTOUPDATE": "1"}
        process = await ServerProcess.start(
            name, arguments, environment={**quiet, **environment}, logs=data
        )
        self.processes.append(process)
        return await process.wait_for_url(deadline_s=self._deadline_s)

    async def _stop(self) -> None:
        await asyncio.gather(*(process.stop() for process in reversed(self.processes)))
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None


def acquire_lock(directory: Path) -> int:
    """Lock a directory for this process, and return a descriptor whose closing releases the lock.

    Two engines on one SQLite file undo each other. The lock is on the directory itself, so nothing
    is left behind, and the kernel releases it however the process ends. Children do not inherit it.

    Raises:
        ConfigurationError: another process has the lock.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failed:
        os.close(descriptor)
        problem = f"Cannot lock {directory}: {os.strerror(failed.errno or 0)}."
        if isinstance(failed, BlockingIOError):
            problem = f"Another `up` runs on {directory}. Stop it, or use another --data."
        raise ConfigurationError(problem) from None
    return descriptor


async def add_accounts(sandbox: str, emails: Sequence[str]) -> None:
    """Add sandbox accounts, each with one welcome mail."""
    limit = asyncio.Semaphore(MAX_ACCOUNTS_IN_FLIGHT)

    async def add(session: aiohttp.ClientSession, email: str) -> None:
        account = {"email": email, "messages": [_welcome(email)]}
        async with limit, session.post(f"{sandbox}/_sandbox/accounts", json=account) as answer:
            if answer.status >= 300:
                raise GmailMultiuserError(f"The sandbox refused an account ({answer.status}).")

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(add(session, email) for email in emails))


def _welcome(email: str) -> str:
    mail = EmailMessage()
    mail["From"] = "Welcome desk <welcome@example.com>"
    mail["To"] = email
    mail["Subject"] = "Your mailbox is ready"
    mail["Message-ID"] = f"<welcome.{email}>"
    mail.set_content("This mailbox lives in the sandbox and ends with it.\n")
    return base64.b64encode(mail.as_bytes()).decode("ascii")
