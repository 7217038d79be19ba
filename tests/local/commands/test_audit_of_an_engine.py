"""What a real engine wrote is verified by the command, and what was changed since is found."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from processes import run_command
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from arcade_gmail_local.commands.credentials import credentials_in
from arcade_gmail_local.commands.engine import DATABASE_FILE
from arcade_gmail_local.commands.server_process import ServerProcess
from arcade_gmail_local.commands.sign_in import sign_in
from arcade_gmail_local.commands.stack import Stack
from arcade_gmail_local.engine.database import open_database
from arcade_gmail_multiuser.security.audit.chain import AuditKeys
from arcade_gmail_multiuser.security.audit.log import AuditLog
from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
from arcade_gmail_multiuser.security.keys import new_key

CONFIGURATION = """
environment: development
security:
  encryption_keys: ["${{env:T_KEY}}"]
  audit: {audit}
engine:
  public_url: http://127.0.0.1:9099
  database: "sqlite+aiosqlite:///{directory}/engine.sqlite"
  api_keys: {{agent: "${{env:T_API_KEY}}"}}
providers: {{google: {{client_id: c, client_secret: a-client-secret-of-some-length}}}}
workers: [{{url: "http://127.0.0.1:1", secret: "${{env:T_WORKER_SECRET}}"}}]
"""


async def test_s56_a_whole_run_from_consent_to_disconnect_is_verified(tmp_path: Path) -> None:
    async with Stack(tmp_path) as running, aiohttp.ClientSession() as http:
        key = {"Authorization": f"Bearer {running.api_key}"}

        async def call(method: str, path: str, body: Any = None) -> Any:
            url = running.engine + path
            async with http.request(method, url, json=body, headers=key) as answer:
                assert answer.status < 300, await answer.text()
                return await answer.json() if answer.content_type == "application/json" else None

        tool = {"tool_name": "GmailMultiuser.ListLabels", "user_id": "alice"}
        asked = await call("POST", "/v1/tools/authorize", tool)
        await sign_in(asked["url"], "alice@example.com")
        assert (await call("POST", "/v1/tools/execute", {**tool, "input": {}}))["success"]
        (held,) = (await call("GET", "/v1/admin/user_connections"))["items"]
        await call("DELETE", f"/v1/admin/user_connections/{held['id']}")
    database = tmp_path / DATABASE_FILE
    kept = credentials_in(tmp_path)
    made = run_command("engine-keys", "api-new", "agent", "--data", str(tmp_path))
    assert made.returncode == 0, made.stderr
    with sqlite3.connect(database) as db:
        texts = [row[0] for row in db.execute("SELECT record FROM audit_records ORDER BY position")]
    assert [json.loads(one)["event"] for one in texts] == [
        "engine.started",
        "authorization.asked",
        "authorization.started",
        "authorization.confirmed",
        "token.stored",
        "token.released",
        "token.erased",
        "grant.revoked",
        "api_key.created",
    ]
    place = ("--database", f"sqlite+aiosqlite:///{database}")
    environment = {"ENGINE_ENCRYPTION_KEYS": kept.encryption_key}
    done = run_command("audit", "verify", *place, environment=environment)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "9 records, unbroken.")
    with sqlite3.connect(database) as db:
        db.execute("UPDATE audit_records SET record = replace(record, 'erased', 'stored')")
    broken = run_command("audit", "verify", *place, environment=environment)
    assert (broken.returncode, broken.stdout.split(":")[0]) == (1, "BROKEN at record 7")


@pytest.mark.parametrize("place", ["database", "file"])
async def test_s56_what_a_configured_engine_wrote_is_verified_with_its_configuration(
    tmp_path: Path, place: str
) -> None:
    file = tmp_path / "audit.jsonl"
    audit = f"{{file: {file}}}" if place == "file" else "{}"
    config = tmp_path / "security.yaml"
    config.write_text(CONFIGURATION.format(audit=audit, directory=tmp_path))
    environment = {
        "T_KEY": new_key(),
        "T_API_KEY": "canary-api-" + new_key(),
        "T_WORKER_SECRET": "canary-worker-" + new_key(),
    }
    child = await ServerProcess.start(
        "engine", ("--config", str(config)), environment=environment, logs=tmp_path
    )
    try:
        engine = await child.wait_for_url(deadline_s=30)
        await child.wait_until_healthy(f"{engine}/v1/health", deadline_s=30)
        async with aiohttp.ClientSession() as http:
            asked = {"user_id": "alice"}
            for key, status in ((environment["T_API_KEY"], 200), ("arc_wrong", 401)):
                url = f"{engine}/v1/connections_page"
                headers = {"Authorization": f"Bearer {key}"}
                async with http.post(url, json=asked, headers=headers) as answer:
                    assert answer.status == status
    finally:
        await child.stop()
    verify = ("audit", "verify", "--config", str(config))
    done = await asyncio.to_thread(run_command, *verify, environment=environment)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "3 records, unbroken.")
    if place == "file":
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(lines[:1] + lines[2:]))
    else:
        with sqlite3.connect(tmp_path / "engine.sqlite") as db:
            db.execute("DELETE FROM audit_records WHERE position = 2")
    broken = await asyncio.to_thread(run_command, *verify, environment=environment)
    assert (broken.returncode, broken.stdout.split(":")[0]) == (1, "BROKEN at record 2")


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+asyncpg"])
async def test_an_address_that_an_engine_takes_is_verified(database_url: str, driver: str) -> None:
    schema = f"audit_{secrets.token_hex(8)}"
    address = make_url(database_url).update_query_dict({"search_path": schema})
    given = address.set(drivername=driver).render_as_string(hide_password=False)
    server = create_async_engine(database_url)
    async with server.begin() as db:
        await db.execute(text(f"CREATE SCHEMA {schema}"))
    key, engine = new_key(), open_database(given)
    log = AuditLog(SqlAuditStore(engine), AuditKeys([key]))
    try:
        await log.prepare()
        await log.record("token.read", outcome="succeeded", actor="agent", user_id="alice")
        there = {"ENGINE_ENCRYPTION_KEYS": key, "ENGINE_DATABASE_URL": given}
        done = run_command("audit", "verify", "--database", environment=there)
        assert done.stdout.startswith("1 records, unbroken."), done.stderr
    finally:
        await engine.dispose()
        async with server.begin() as db:
            await db.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        await server.dispose()
