"""Check this machine and its settings, and say what is missing.

Each line is ok, note (fine unless you need it) or FAIL with what to do. Nothing is sent anywhere
except to the engine in ARCADE_BASE_URL, if that is set. No secret is shown.

With --config it checks only that security.yaml and explains every finding.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

from arcade_gmail_multiuser.cli.command import GROUP
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.extras import EXTRAS, INSTALL_LOCAL_STACK, install_line

__all__ = ["Finding", "add_arguments", "examine", "run"]

PORTS = {"worker": 8002, "engine": 9099, "sandbox": 9100}
MIN_PYTHON = (3, 11)
MIN_SECRET_BYTES = 32
HEALTH_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["ok", "note", "FAIL"]
    subject: str
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="check this security.yaml, and nothing else"
    )


def run(arguments: argparse.Namespace) -> int:
    failed = 0
    for finding in examine() if arguments.config is None else check_config(arguments.config):
        failed += finding.level == "FAIL"
        print(f"{finding.level:<5} {finding.subject:<10} {finding.text}", flush=True)
    if failed:
        print(f"{failed} to fix", file=sys.stderr)
    return 1 if failed else 0


def examine() -> Iterator[Finding]:
    """Yield the findings one by one, the quick ones first."""
    checks: tuple[Callable[[], Iterable[Finding]], ...] = (
        check_python,
        check_extras,
        check_local_stack,
        check_secret,
        check_endpoints,
        check_ports,
        check_discovery,
    )
    for check in checks:
        yield from check()


def check_config(path: Path) -> Iterator[Finding]:
    """Yield what prevents a start (FAIL) or is worth knowing (note), each with what to do."""
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig

    try:
        config, findings = SecurityConfig.examine(path, env=os.environ)
    except ConfigurationError as unreadable:
        detail = unreadable.developer_message
        text = f"{unreadable.message} ({detail})" if detail else unreadable.message
        yield Finding("FAIL", "config", text)
        return
    for found in findings:
        yield Finding("FAIL" if found.severity == "error" else "note", "config", str(found))
    if config is None:
        return
    boundaries = config.boundaries()
    for name, value in boundaries.facts().items():
        yield Finding("ok", "config", f"{name}: {value}")
    if boundaries.engine is None:
        yield Finding("note", "config", "there is no engine section; `engine --config` needs one")


def check_python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= MIN_PYTHON:
        yield Finding("ok", "python", version)
    else:
        yield Finding("FAIL", "python", f"{version} is too old; 3.11 or newer is needed")


def check_extras() -> Iterator[Finding]:
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        if not missing:
            yield Finding("ok", "extra", extra)
            continue
        names = ", ".join(missing)
        yield Finding("note", "extra", f"{extra} lacks {names}: {install_line(extra)}")


def check_local_stack() -> Iterator[Finding]:
    commands = sorted(entry.name for entry in entry_points(group=GROUP))
    if commands:
        yield Finding("ok", "local", f"the local stack adds {', '.join(commands)}")
    else:
        text = f"the local stack is not installed; `demo` and `up` need it: {INSTALL_LOCAL_STACK}"
        yield Finding("note", "local", text)


def check_secret() -> Iterator[Finding]:
    secret = os.environ.get("ARCADE_WORKER_SECRET", "")
    length = len(secret.encode())
    if not secret:
        yield Finding("note", "secret", "ARCADE_WORKER_SECRET is not set; `serve` needs it")
    elif length < MIN_SECRET_BYTES:
        yield Finding(
            "FAIL",
            "secret",
            f"ARCADE_WORKER_SECRET has {length} bytes, not {MIN_SECRET_BYTES}",
        )
    else:
        yield Finding("ok", "secret", f"ARCADE_WORKER_SECRET has {length} bytes")


def check_endpoints() -> Iterator[Finding]:
    from arcade_gmail_multiuser.gmail.api.requests import gmail_endpoint

    try:
        yield Finding("ok", "gmail", gmail_endpoint())
    except ConfigurationError as refused:
        yield Finding("FAIL", "gmail", refused.message)
    engine = os.environ.get("ARCADE_BASE_URL", "")
    if not engine:
        yield Finding("note", "engine", "ARCADE_BASE_URL is not set; arcadepy uses Arcade Cloud")
    else:
        health = _engine_health(engine.rstrip("/"))
        yield health
        if health.level == "ok":
            yield _engine_key(engine.rstrip("/"), os.environ.get("ARCADE_API_KEY", ""))


def _engine_health(engine: str) -> Finding:
    answered = _status_of(f"{engine}/v1/health")
    if answered == 200:
        return Finding("ok", "engine", "ARCADE_BASE_URL answers and is healthy")
    if isinstance(answered, str):
        return Finding("FAIL", "engine", f"ARCADE_BASE_URL does not answer: {answered}")
    return Finding("FAIL", "engine", f"ARCADE_BASE_URL answers {answered} to /v1/health")


def _engine_key(engine: str, key: str) -> Finding:
    if not key:
        return Finding("note", "engine", "ARCADE_API_KEY is not set; clients of the engine need it")
    answered = _status_of(f"{engine}/v1/tools?limit=1", {"Authorization": f"Bearer {key}"})
    if answered == 200:
        return Finding("ok", "engine", "ARCADE_API_KEY is accepted")
    if answered in (401, 403):
        return Finding("FAIL", "engine", "ARCADE_API_KEY is refused; use a key of this engine")
    return Finding("FAIL", "engine", f"ARCADE_API_KEY cannot be tried: /v1/tools gives {answered}")


def _status_of(url: str, headers: Mapping[str, str] | None = None) -> int | str:
    """Return the status, or the kind of failure. Redirects are not followed: a key may be sent."""
    import asyncio

    import aiohttp

    async def status() -> int:
        timeout = aiohttp.ClientTimeout(total=HEALTH_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status

    try:
        return asyncio.run(status())
    except (aiohttp.ClientError, TimeoutError, ValueError) as failed:
        # Its text could repeat a password in the address.
        return type(failed).__name__


def check_ports() -> Iterator[Finding]:
    for name, port in PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                yield Finding("note", "port", f"{port} is in use; run `{name}` with another --port")
            else:
                yield Finding("ok", "port", f"{port} is free for the {name}")


def check_discovery() -> Iterator[Finding]:
    """Load the toolkit as Arcade does. No tools is not an error there, but it is one here."""
    from arcade_core.errors import ToolkitLoadError
    from arcade_core.toolkit import Toolkit

    try:
        toolkit = Toolkit.from_package("arcade_gmail_multiuser")
    except ToolkitLoadError:
        yield Finding("FAIL", "toolkit", "Arcade cannot load this package; install it with pip")
        return
    tools = sum(len(names) for names in toolkit.tools.values())
    if toolkit.name == "gmail_multiuser" and tools:
        yield Finding("ok", "toolkit", f"Arcade finds {tools} tools")
    else:
        yield Finding("FAIL", "toolkit", f"Arcade finds {tools} tools in {toolkit.name!r}")
