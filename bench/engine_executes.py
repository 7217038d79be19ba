"""Measure the embedded engine: executes a second, and the milliseconds it adds to each.

    python -m bench.engine_executes [--seconds 4] [--users 100]

A worker that does nothing, the engine and the load each have a process of their own on loopback;
the engine runs on SQLite and, where TEST_DATABASE_URL (or the local default) answers, on
PostgreSQL. `direct` is the same call made to the worker without an engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import uvicorn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arcade_gmail_local.engine.app import create_engine_app
from arcade_gmail_local.engine.authorization.provider import OAuthProvider
from arcade_gmail_local.engine.database import open_database
from arcade_gmail_local.engine.outbound import AiohttpOutbound
from arcade_gmail_local.engine.settings import EngineSettings, ProviderSettings, WorkerSettings
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.sql_store import SqlTokenStore

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
POSTGRESQL = os.environ.get(
    "TEST_DATABASE_URL", "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
)
TOOL = {
    "name": "ListLabels",
    "fully_qualified_name": "GmailMultiuser.ListLabels",
    "description": "List labels.",
    "toolkit": {"name": "GmailMultiuser", "description": "Gmail", "version": "0.1.0"},
    "input": {"parameters": []},
    "output": {"available_modes": ["value"]},
    "requirements": {
        "authorization": {
            "provider_id": "google",
            "provider_type": "oauth2",
            "oauth2": {"scopes": [SCOPE]},
        }
    },
}
INVOKED = json.dumps({"success": True, "output": {"value": {"labels": ["INBOX"] * 20}}}).encode()


def worker_app() -> Starlette:
    async def tools(_request: Request) -> Response:
        return JSONResponse([TOOL])

    async def invoke(request: Request) -> Response:
        await request.body()
        return Response(INVOKED, media_type="application/json")

    return Starlette(
        routes=[
            Route("/worker/tools", tools),
            Route("/worker/tools/invoke", invoke, methods=["POST"]),
        ]
    )


def settings_of(given: dict[str, Any]) -> EngineSettings:
    return EngineSettings(
        api_key=given["api_key"],
        encryption_keys=(given["key"],),
        public_url=given["engine"],
        worker=WorkerSettings(url=given["worker"], secret=given["secret"]),
        provider=ProviderSettings(client_id="bench", client_secret="bench"),
        database_url=given["database"],
    )


def serve(kind: str, descriptor: int, given: dict[str, Any]) -> None:
    app = worker_app() if kind == "worker" else create_engine_app(settings_of(given))
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


async def connect_users(given: dict[str, Any], users: int) -> None:
    """Store a connection for each user, as a consent does."""
    settings = settings_of(given)
    database = open_database(settings.database_url)
    outbound = AiohttpOutbound()
    provider = OAuthProvider(settings.provider, outbound, redirect_uri=settings.redirect_uri)
    manager = SecureTokenManager(
        SqlTokenStore(database, owns_engine=True),
        settings.keyring(),
        project="default",
        providers={"google": provider},
    )
    await manager.prepare()
    for number in range(users):
        await manager.store_user_token(
            f"user-{number}",
            access_token="ya29." + "x" * 200,
            refresh_token="1//" + "x" * 100,
            expires_in=3600,
            scopes={SCOPE},
            subject=f"sub-{number}",
            email=f"u{number}@example.com",
        )
    await manager.close()
    await outbound.close()


@asynccontextmanager
async def running(given: dict[str, Any]) -> AsyncIterator[int]:
    """Run the worker and the engine in processes of their own; give the engine's id."""
    children = []
    listeners = {kind: socket.create_server(("127.0.0.1", 0), backlog=1024) for kind in ROLES}
    for kind, listener in listeners.items():
        given[kind] = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for kind, listener in listeners.items():
        command = [sys.executable, "-m", "bench.engine_executes", "--serve", kind]
        children.append(
            subprocess.Popen(  # noqa: ASYNC220  (started once, before anything is measured)
                [*command, "--socket", str(listener.fileno())],
                pass_fds=[listener.fileno()],
                env={**os.environ, "BENCH": json.dumps(given)},
            )
        )
        listener.close()
    try:
        yield children[-1].pid
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


async def measure(call: Callable[[int], Awaitable[None]], seconds: float, at_once: int) -> Any:
    """Give calls a second, and the median and 99th percentile in milliseconds."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def one(number: int) -> None:
        while time.perf_counter() < until:
            begun = time.perf_counter()
            await call(number)
            took.append((time.perf_counter() - begun) * 1000)
            number += at_once

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(at_once)))
    elapsed = time.perf_counter() - begun
    took.sort()
    return len(took) / elapsed, took[len(took) // 2], took[int(len(took) * 0.99)]


async def compare(name: str, database: str, seconds: float, users: int) -> None:
    given = {
        "api_key": secrets.token_urlsafe(32),
        "secret": secrets.token_urlsafe(32),
        "key": new_key(),
        "database": database,
        "engine": "http://127.0.0.1:1",
        "worker": "http://127.0.0.1:1",
    }
    await connect_users(given, users)
    async with running(given) as engine, aiohttp.ClientSession() as http:
        await _ready(http, f"{given['engine']}/v1/health")
        now = int(time.time())
        claims = {"aud": "worker", "ver": "1", "iat": now, "exp": now + 600}
        token = jwt.encode(claims, given["secret"], algorithm="HS256")

        async def direct(number: int) -> None:
            body = {"tool": {"name": "ListLabels"}, "inputs": {}, "user": f"user-{number}"}
            headers = {"Authorization": f"Bearer {token}"}
            address = f"{given['worker']}/worker/tools/invoke"
            async with http.post(address, json=body, headers=headers) as reply:
                assert reply.status == 200
                await reply.read()

        async def execute(number: int) -> None:
            body = {
                "tool_name": "GmailMultiuser.ListLabels",
                "user_id": f"user-{number % users}",
                "input": {},
            }
            headers = {"Authorization": given["api_key"]}
            address = f"{given['engine']}/v1/tools/execute"
            async with http.post(address, json=body, headers=headers) as reply:
                assert reply.status == 200, await reply.text()
                await reply.read()

        await measure(execute, 1.0, 8)  # warm
        plain = await measure(direct, seconds / 2, 1)
        alone = await measure(execute, seconds, 1)
        before = processor_ms(engine)
        many = await measure(execute, seconds, 32)
        spent = (processor_ms(engine) - before) / (many[0] * seconds)
        most = await measure(direct, seconds / 2, 32)
    added = alone[1] - plain[1]
    print(
        f"{name:<12}{many[0]:>8.0f} executes/s (p50 {many[1]:.0f} ms, p99 {many[2]:.0f} ms, "
        f"32 at once); direct {most[0]:.0f}/s, ratio {many[0] / most[0]:.2f}; "
        f"engine's processor {spent:.2f} ms each, so {1000 / spent:.0f}/s at most; "
        f"one at a time it adds {added:.2f} ms to {plain[1]:.2f} ms "
        f"(ratio {alone[1] / plain[1]:.1f})"
    )


def processor_ms(process: int) -> float:
    """Give what a process has used of a processor, which its neighbours hardly change."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def _ready(http: aiohttp.ClientSession, address: str) -> None:
    async with http.get(address, timeout=aiohttp.ClientTimeout(total=30)) as reply:
        assert reply.status == 200


async def main(seconds: float, users: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "bench.db"
        await compare("SQLite", f"sqlite+aiosqlite:///{path}", seconds, users)
    schema = f"bench_{secrets.token_hex(6)}"
    server = create_async_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as db:
            await db.execute(text(f"CREATE SCHEMA {schema}"))
    except OSError:
        print("PostgreSQL does not answer; it is left out")
        return
    try:
        await compare("PostgreSQL", f"{POSTGRESQL}?search_path={schema}", seconds, users)
    finally:
        async with server.connect() as db:
            await db.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        await server.dispose()


ROLES = ("worker", "engine")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--serve", choices=ROLES, help=argparse.SUPPRESS)
    parser.add_argument("--socket", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.socket, json.loads(os.environ["BENCH"]))
    else:
        asyncio.run(main(arguments.seconds, arguments.users))
