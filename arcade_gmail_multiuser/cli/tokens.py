"""Upgrade a token store's database to the schema of this release.

`tokens upgrade` upgrades the SQLite or PostgreSQL database that TOKEN_STORE_URL names, in one
transaction. Stop what uses it and back it up first; a token store refuses an older database. Redis
needs no upgrade, and an embedded engine's database has `engine-database upgrade`.

`tokens version` shows the schema version without changing anything.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.cli.keys import STORE, refuse_missing_file
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from arcade_gmail_multiuser.security.schema_versions import SchemaHistory

__all__ = ["add_arguments", "print_revisions", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    for name, text in (
        ("upgrade", "upgrade an older database"),
        ("version", "show the schema version"),
    ):
        action = actions.add_parser(
            name,
            help=text,
            description=f"The database comes from {STORE}, because anyone on the machine can read"
            " an argv.",
        )
        action.add_argument("--schema", metavar="NAME", help="PostgreSQL's schema")


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    url = os.environ.get(STORE, "").strip()
    if not url:
        raise ConfigurationError(f"{STORE} is not set. It names where tokens are stored.")
    refuse_missing_file(url)
    upgrade = arguments.action == "upgrade"
    found = asyncio.run(_visit(url, arguments.schema, upgrade=upgrade))
    print_revisions(found, upgraded=upgrade)
    return 0


async def _visit(
    url: str, schema: str | None, *, upgrade: bool
) -> list[tuple[SchemaHistory, str | None]]:
    from arcade_gmail_multiuser.security.database import open_token_database
    from arcade_gmail_multiuser.security.schema_versions import (
        SECURITY,
        revisions_of,
        upgrade_tables,
    )

    database = open_token_database(url, schema=schema)
    try:
        return await (upgrade_tables if upgrade else revisions_of)(database, [SECURITY])
    finally:
        await database.dispose()


def print_revisions(
    revisions: Iterable[tuple[SchemaHistory, str | None]], *, upgraded: bool
) -> None:
    """Print each history's revision before the command, and what was done about it."""
    for history, found in revisions:
        if found is None:
            print(f"{history.name}: no tables yet")
        elif found == history.head:
            print(f"{history.name}: version {found}, up to date")
        elif upgraded:
            print(f"{history.name}: upgraded from version {found} to {history.head}")
        else:
            print(f"{history.name}: version {found}, can be upgraded to {history.head}")
