"""The tables of the SQL audit store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

__all__ = ["head", "metadata", "records"]

metadata = MetaData()

# SQLite wants INTEGER for a row id, and has 64 bits in it.
_number = BigInteger().with_variant(Integer(), "sqlite")

records = Table(
    "audit_records",
    metadata,
    Column("position", _number, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
    Column("mac", String(64), nullable=False),
)

head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # there is one row
    Column("log", String(32), nullable=False),
    Column("count", _number, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("mac", String(64), nullable=False),
)
