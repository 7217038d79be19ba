"""Upgrade an engine's database to the schema of this release.

`engine-database upgrade` upgrades the engine's tables and those of the token manager in the same
database, in one transaction. Stop the engine and back the database up first. A production engine
refuses to start on an older database; in development it upgrades by itself.

`engine-database version` shows the schema versions without changing anything.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_local.commands.api_keys import configured_place, database_url_of
from arcade_gmail_multiuser.cli.tokens import print_revisions

if TYPE_CHECKING:
    from arcade_gmail_multiuser.security.schema_versions import SchemaHistory

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "upgrade an engine's database to the schema of this release"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    for name, text in (
        ("upgrade", "upgrade an older database"),
        ("version", "show the schema versions"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument(
            "--data",
            type=Path,
            default=Path("engine-data"),
            metavar="DIR",
            help="the engine's data directory, or that of `up` (%(default)s);"
            " ENGINE_DATABASE_URL takes its place",
        )
        action.add_argument(
            "--config", type=Path, metavar="PATH", help="the database from a security.yaml"
        )


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    url = (
        configured_place(arguments.config).database_url
        if arguments.config
        else database_url_of(arguments.data)
    )
    upgrade = arguments.action == "upgrade"
    print_revisions(asyncio.run(_visit(url, upgrade=upgrade)), upgraded=upgrade)
    return 0


async def _visit(url: str, *, upgrade: bool) -> list[tuple[SchemaHistory, str | None]]:
    from arcade_gmail_local.engine.database import HISTORIES, open_database
    from arcade_gmail_multiuser.security.schema_versions import revisions_of, upgrade_tables

    database = open_database(url)
    try:
        return await (upgrade_tables if upgrade else revisions_of)(database, HISTORIES)
    finally:
        await database.dispose()
