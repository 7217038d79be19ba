"""The engine's own tables. Plain types only, so that PostgreSQL takes them as SQLite does.

Connections with their tokens are the token manager's, in the tables of `security.tokens.schema`.

Secrets are sealed before they get here: their columns hold bytes that open only together with the
project, the user, the provider and the column's name. A user's id is a column of its own, compared
byte by byte (SQLite's BINARY collation, PostgreSQL's deterministic ones), never part of another.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "VERSION",
    "api_keys",
    "attempts",
    "call_attempts",
    "flows",
    "metadata",
    "page_visits",
    "revocations",
    "scheduled_calls",
    "tool_secrets",
    "version_metadata",
    "versions",
    "workers",
]

VERSION = 1
"""Rises when a column changes its meaning; a database of a newer version is refused."""

metadata = MetaData()
version_metadata = MetaData()

versions = Table(
    "engine_version",
    version_metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("version", Integer, nullable=False),
)

flows = Table(
    "flows",
    metadata,
    Column("id", String(64), primary_key=True),  # the id of /v1/auth/status
    Column("flow_id", String(64), nullable=False, unique=True),  # in the browser's address
    Column("project", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("next_uri", Text, nullable=True),
    Column("phase", String(16), nullable=False),  # pending held exchanging completed failed
    Column("reason", Text, nullable=True),  # why it failed
    Column("attempt", String(64), nullable=True),  # the one that brought the code
    Column("code", LargeBinary, nullable=True),  # sealed, and gone once exchanged
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("flows_by_user", "project", "user_id", "phase"),
    Index("flows_by_expiry", "expires_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("flow", String(64), nullable=False),
    Column("cookie_hash", String(64), nullable=False),
    Column("verifier", LargeBinary, nullable=False),  # sealed
    Column("created_at", Double, nullable=False),
    Column("consumed_at", Double, nullable=True),
    Index("attempts_by_flow", "flow"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("sealed_grant", LargeBinary, nullable=False),  # sealed: token, account, user
    Column("tries", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
)

# A link to the page of connections, and then the visit of the one browser that followed it.
page_visits = Table(
    "page_visits",
    metadata,
    Column("link_hash", String(64), primary_key=True),
    Column("project", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("cookie_hash", String(64), nullable=True),
    Column("expires_at", Double, nullable=False),  # of the link, and later of the visit
    Index("page_visits_by_cookie", "cookie_hash"),
    Index("page_visits_by_expiry", "expires_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("project", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("digest", String(64), nullable=False),  # keyed: useless without an encryption key
    Column("key_id", String(32), nullable=False),  # which encryption key the digest is keyed with
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=True),
    Column("revoked_at", Double, nullable=True),
    Index("api_keys_by_digest", "digest"),
)

workers = Table(
    "workers",
    metadata,
    Column("project", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("timeout_s", Double, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

tool_secrets = Table(
    "tool_secrets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),  # sealed
    Column("description", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("last_accessed_at", Double, nullable=True),
    UniqueConstraint("project", "key", name="one_secret_per_key"),
)

scheduled_calls = Table(
    "scheduled_calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("toolkit", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("version", Text, nullable=True),
    Column("read_only", Boolean, nullable=False),  # only such a call is ever repeated unasked
    Column("stacktrace", Boolean, nullable=False),
    Column("input", LargeBinary, nullable=False),  # sealed
    Column("phase", String(16), nullable=False),  # pending running success failed
    Column("tries", Integer, nullable=False),
    Column("run_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),  # when it is tried next
    Column("owner", String(64), nullable=True),  # who runs it, or ran it last
    Column("lease_until", Double, nullable=True),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("started_at", Double, nullable=True),
    Column("finished_at", Double, nullable=True),
    Index("scheduled_calls_by_due", "project", "phase", "due_at"),
    Index("scheduled_calls_by_user", "project", "user_id", "phase"),
    Index("scheduled_calls_by_age", "project", "created_at"),
)

call_attempts = Table(
    "call_attempts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("call", String(64), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double, nullable=False),
    Column("success", Boolean, nullable=False),
    Column("outcome", LargeBinary, nullable=False),  # sealed
    Index("call_attempts_by_call", "call"),
)
