"""The tables of the SQL token store, in plain types that PostgreSQL and SQLite both take.

Tokens are sealed before they get here. A user's id is a column of its own, compared byte by byte
(SQLite's BINARY collation, PostgreSQL's deterministic ones), never part of another.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["leases", "metadata", "tokens"]

metadata = MetaData()

tokens = Table(
    "user_tokens",
    metadata,
    Column("project", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("id", String(64), nullable=False),  # the public id of the connection
    Column("generation", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),  # active | reauthorize
    Column("client_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # sorted, separated by spaces
    # Which key the two below are sealed with. No index: PostgreSQL would find rows by it to reseal,
    # when nearly all of them match.
    Column("key_id", String(32), nullable=False),
    Column("access_token", LargeBinary, nullable=False),
    Column("refresh_token", LargeBinary, nullable=True),
    Column("issued_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=True),
    UniqueConstraint("id", name="user_tokens_by_id"),
    # The subject first: else PostgreSQL, while it has no statistics, takes this index to look up a
    # user, and reads every row.
    Index("user_tokens_by_subject", "subject", "project", "provider"),
    Index("user_tokens_by_age", "project", "created_at", "id"),
)

leases = Table(
    "token_leases",
    metadata,
    Column("project", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("owner", String(64), nullable=False),  # empty during a cooldown
    Column("expires_at", Double, nullable=False),  # by the database's clock
)
