"""Read all that a PostgreSQL schema holds."""

from __future__ import annotations

import asyncpg

__all__ = ["dump_of"]


async def dump_of(db: asyncpg.Connection, schema: str) -> bytes:
    """Dump every table of a schema in each form in which PostgreSQL writes it."""
    dump = bytearray()

    async def keep(part: bytes) -> None:
        dump.extend(part)

    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    for row in tables:
        for form in ("text", "binary"):
            await db.copy_from_table(row["tablename"], schema_name=schema, output=keep, format=form)
    return bytes(dump)
