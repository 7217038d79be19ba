"""Databases as an earlier release wrote them, restored from dumps."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

TESTS = Path(__file__).parents[1]
ENGINE_1 = TESTS / "local" / "engine" / "databases" / "engine_1"
TOKENS_1 = TESTS / "security" / "tokens" / "databases" / "tokens_1"
ENCRYPTION_KEY = base64.b64encode(hashlib.sha256(b"a database for tests").digest()).decode()
STORED_API_KEY = "arc_a-key-of-a-database-for-tests"
CLOCK = 1_800_003_600.0


async def restore(dump: Path, url: str) -> None:
    """Restore ENGINE_1 or TOKENS_1 into an empty database."""
    address = make_url(url)
    kind = address.get_backend_name()
    text = dump.with_name(f"{dump.name}_{kind}.sql").read_text(encoding="utf-8")
    if kind == "sqlite":
        with closing(sqlite3.connect(str(address.database))) as file:
            file.executescript(text)
        return
    schema = str(address.query["search_path"])
    plain = address.set(drivername="postgresql").difference_update_query(["search_path"])
    server = await asyncpg.connect(
        plain.render_as_string(hide_password=False), server_settings={"search_path": schema}
    )
    try:
        await server.execute(text)
    finally:
        await server.close()
