"""Create tables, keep their schema version, and upgrade older ones.

A history is a folder of Alembic revisions, `0001` being the schema before versions were recorded. A
table that is missing is created as the newest revision has it, so a revision must tolerate that a
table which it changes does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["SECURITY", "SchemaHistory", "prepare_tables", "revisions_of", "upgrade_tables"]

_FIRST = "0001"
_LOCK = 0x6172_6367  # any number, as long as every process takes the same


@dataclass(frozen=True, slots=True)
class SchemaHistory:
    """The revisions of some tables that share a version."""

    name: str
    """What the tables are called in messages."""
    version_table: str
    head: str
    """The newest revision. Revisions are numbered, so that a newer release's are recognised."""
    folder: Path
    tables: frozenset[str]
    """Any of these in a database without a version means that it is of the first revision."""
    upgrade_command: str


SECURITY = SchemaHistory(
    name="token store",
    version_table="security_schema_version",
    head="0001",
    folder=Path(__file__).parent / "migrations",
    tables=frozenset(
        {"user_tokens", "token_leases", "audit_records", "audit_head", "rate_attempts"}
    ),
    upgrade_command="tokens upgrade",
)


async def prepare_tables(
    engine: AsyncEngine,
    metadata: MetaData,
    history: SchemaHistory = SECURITY,
    *,
    beside: Sequence[SchemaHistory] = (),
    upgrade: bool = False,
) -> None:
    """Create the tables that are missing; several processes may do so at once.

    Args:
        history: of these tables.
        beside: of other tables in the same database, which are checked too.
        upgrade: whether to upgrade older tables in place of refusing them.

    Raises:
        ConfigurationError: the tables are older, or of a newer release. Nothing was changed.
    """

    def prepare(connection: Connection) -> None:
        _lock(connection)
        for one in (history, *beside):
            found = _revision(connection, one)
            if found is not None and found != one.head:
                if not upgrade:
                    raise _too_old(one, found)
                _migrate(connection, one, found)
        metadata.create_all(connection)
        _record_head(connection, history)

    async with engine.begin() as db:
        await db.run_sync(prepare)


async def upgrade_tables(
    engine: AsyncEngine, histories: Sequence[SchemaHistory]
) -> list[tuple[SchemaHistory, str | None]]:
    """Upgrade a database; return each history with its revision before, None without tables.

    Raises:
        ConfigurationError: the database is of a newer release. Nothing was changed.
    """

    def upgrade(connection: Connection) -> list[tuple[SchemaHistory, str | None]]:
        _lock(connection)
        before = [(one, _revision(connection, one)) for one in histories]
        for one, found in before:
            if found is not None and found != one.head:
                _migrate(connection, one, found)
            elif found is not None:
                _record_head(connection, one)
        return before

    async with engine.begin() as db:
        return await db.run_sync(upgrade)


async def revisions_of(
    engine: AsyncEngine, histories: Sequence[SchemaHistory]
) -> list[tuple[SchemaHistory, str | None]]:
    """Return each history with its revision in the database, None without tables.

    Raises:
        ConfigurationError: the database is of a newer release.
    """
    async with engine.connect() as db:
        return await db.run_sync(
            lambda connection: [(one, _revision(connection, one)) for one in histories]
        )


def _too_old(history: SchemaHistory, found: str) -> ConfigurationError:
    return ConfigurationError(
        f"The {history.name}'s database has schema version {found}, and this release needs "
        f"{history.head}. Back it up, and run `arcade-gmail-multiuser {history.upgrade_command}`."
    )


def _lock(connection: Connection) -> None:
    """Keep other processes out until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        # sqlite3 begins a transaction before INSERT and the like only, and not before DDL.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _revision(connection: Connection, history: SchemaHistory) -> str | None:
    """Read the schema version; None where there are no tables yet."""
    tables = set(inspect(connection).get_table_names())
    found: str | None = None
    if history.version_table in tables:
        found = connection.execute(select(_version_table(history))).scalar_one_or_none()
    if found is None and tables & history.tables:
        found = _FIRST
    if found is not None and found > history.head:
        raise ConfigurationError(
            f"The {history.name}'s database was written by a newer release (schema version {found};"
            f" this release knows {history.head}). Start that release, or use another database."
        )
    return found


def _migrate(connection: Connection, history: SchemaHistory, found: str) -> None:
    # Alembic takes long to import, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(history.folder).replace("%", "%%"))
    config.attributes.update(connection=connection, version_table=history.version_table)
    if not inspect(connection).has_table(history.version_table):
        command.stamp(config, found)
    command.upgrade(config, history.head)


def _record_head(connection: Connection, history: SchemaHistory) -> None:
    table = _version_table(history)
    table.create(connection, checkfirst=True)
    if connection.execute(select(table)).scalar_one_or_none() is None:
        connection.execute(table.insert().values(version_num=history.head))


def _version_table(history: SchemaHistory) -> Table:
    # As Alembic creates it.
    name = f"{history.version_table}_pkc"
    column = Column("version_num", String(32), primary_key=True)
    table = Table(history.version_table, MetaData(), column)
    table.primary_key.name = name
    return table
