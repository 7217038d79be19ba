"""Processes that start a race at one moment: `racer.py PROCESSES KIND PLACE PREFIX KEY COUNT`.

They are forked once everything is imported, which costs seconds, and before anything is opened.
Each writes one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_multiuser.errors import RateLimited
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
from arcade_gmail_multiuser.security.audit.log import AuditLog
from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
from arcade_gmail_multiuser.security.audit.store import AuditStore
from arcade_gmail_multiuser.security.rate_limits.limiter import AttemptLimiter, AttemptStore
from arcade_gmail_multiuser.security.rate_limits.redis_store import RedisAttemptStore
from arcade_gmail_multiuser.security.rate_limits.sql_store import SqlAttemptStore

NOW = 1_700_000_000.0


async def write_records(store: AuditStore, key: str, count: int, name: str) -> int:
    log = AuditLog(store, AuditKeys(key), project="race")
    await log.prepare()
    for number in range(count):
        # Two at a time: some are written in one go, most are not.
        one = log.record("race.run", outcome="succeeded", actor=name, detail={"n": number})
        two = log.record("race.run", outcome="failed", actor=name, detail={"n": number})
        await asyncio.gather(one, two)
    return 2 * count


async def try_attempts(store: AttemptStore, count: int) -> list[int]:
    """Give 0 for each attempt that was let in, else the milliseconds it has to wait."""
    limiter = AttemptLimiter(store, clock=lambda: NOW)
    await limiter.prepare()

    async def attempt() -> int:
        try:
            await limiter.admit("race", "alice@example.com")
        except RateLimited as limited:
            return limited.retry_after_ms or -1
        return 0

    found = await asyncio.gather(*(attempt() for _ in range(count)))
    await limiter.close()
    return list(found)


async def run(name: str, kind: str, place: str, prefix: str, key: str, count: int) -> Any:
    if kind == "audit-file":
        return await write_records(FileAuditStore(place), key, count, name)
    if kind == "attempts-redis":
        return await try_attempts(RedisAttemptStore(place, prefix=prefix), count)
    engine = create_async_engine(place, connect_args=connect_args(place, prefix))
    try:
        if kind == "audit-sql":
            return await write_records(SqlAuditStore(engine), key, count, name)
        return await try_attempts(SqlAttemptStore(engine), count)
    finally:
        await engine.dispose()


def connect_args(url: str, schema: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"timeout": 10.0}
    return {"server_settings": {"search_path": schema}}


def main() -> int:
    processes, kind, place, prefix, key, count = sys.argv[1:]
    waiting, starting = os.pipe()
    children = []
    for number in range(int(processes)):
        child = os.fork()
        if child == 0:
            os.close(starting)
            os.read(waiting, 1)  # returns when the parent closes its end
            found = asyncio.run(run(f"writer-{number}", kind, place, prefix, key, int(count)))
            os.write(1, json.dumps(found).encode() + b"\n")
            os._exit(0)
        children.append(child)
    os.close(starting)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    return 1 if any(statuses) else 0


sys.exit(main())
