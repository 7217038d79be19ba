"""Create tables that several processes ask for at the same moment."""

from __future__ import annotations

from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateIndex, CreateTable

__all__ = ["create_missing_tables"]

_LOCK = 0x6172_6367  # any number, the same for everybody


async def create_missing_tables(engine: AsyncEngine, metadata: MetaData) -> None:
    """Create what is missing. `MetaData.create_all` looks first and creates then, which races."""
    async with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            # CREATE TABLE IF NOT EXISTS alone fails there when two do it at once.
            await db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        for table in metadata.sorted_tables:
            await db.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                await db.execute(CreateIndex(index, if_not_exists=True))
