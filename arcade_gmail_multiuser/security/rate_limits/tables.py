"""The table of the SQL attempt store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text

__all__ = ["attempts", "metadata"]

metadata = MetaData()

attempts = Table(
    "rate_attempts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("times", Text, nullable=False),  # milliseconds, separated by spaces
    Column("expires_ms", BigInteger, nullable=False),
    Index("rate_attempts_by_expiry", "expires_ms"),
)
