"""The engine's own tables, in types that PostgreSQL and SQLite share, and what seals them.

Connections with their tokens are the token manager's, in the tables of `security.tokens.tables`. A
change here needs a revision in `migrations/versions`, and `HEAD` set to it.

Secrets are sealed before they get here: their columns hold bytes that open only with the values
that they are bound to. A user's id is a column of its own, compared byte by byte (SQLite's BINARY
collation, PostgreSQL's deterministic ones), never part of another.
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
)

__all__ = [
    "Binding",
    "api_keys",
    "attempts",
    "bind_attempt",
    "bind_grant",
    "bind_input",
    "call_attempts",
    "flows",
    "metadata",
    "page_visits",
    "revocations",
    "scheduled_calls",
]

metadata = MetaData()

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

Binding = tuple[str, ...]
"""What a sealed value opens with: whose it is, and which column. The last part rises when what the
column means changes."""


def bind_grant(project: str, provider: str, revocation: str) -> Binding:
    """Bind `revocations.sealed_grant`."""
    return (project, provider, revocation, "revocation", "2")


def bind_input(project: str, user_id: str, call: str) -> Binding:
    """Bind `scheduled_calls.input`."""
    return (project, user_id, call, "input", "1")


def bind_attempt(project: str, user_id: str, call: str, attempt: str) -> Binding:
    """Bind `call_attempts.outcome`."""
    return (project, user_id, call, attempt, "1")
