"""Check the audit log.

`audit verify` reads a whole log and reports the first record that was edited, deleted, inserted
or moved, a cut tail or a replaced head. It changes nothing; the engine may keep writing.

Keys come from the environment, because anyone on the machine can read an argv:
  ENGINE_AUDIT_KEYS       base64 keys separated by commas; if the audit has none of its own,
  ENGINE_ENCRYPTION_KEYS  the engine's
  ENGINE_DATABASE_URL     the database, if --database has no address

Keep the end that it prints on another machine, and pass it to --expect next time: only then does
it notice that the whole log was replaced by an older copy.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.cli.keys import keys_in
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from arcade_gmail_multiuser.security.audit.chain import AuditKeys
    from arcade_gmail_multiuser.security.audit.verify import Anchor, Verdict

__all__ = ["add_arguments", "run"]

BROKEN = 1
FROM_ENVIRONMENT = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    verify = actions.add_parser("verify", help="find the first break, and exit 1 if there is one")
    place = verify.add_mutually_exclusive_group(required=True)
    place.add_argument("--file", type=Path, metavar="PATH", help="an audit in a file of JSON lines")
    place.add_argument(
        "--database",
        nargs="?",
        const=FROM_ENVIRONMENT,
        metavar="URL",
        help="an audit in a database; without URL, the one in ENGINE_DATABASE_URL",
    )
    place.add_argument(
        "--config", type=Path, metavar="PATH", help="a security.yaml with the keys and the place"
    )
    verify.add_argument(
        "--head", type=Path, metavar="PATH", help="the head file, if it is not beside --file"
    )
    verify.add_argument(
        "--expect", type=anchor, metavar="COUNT:DIGEST", help="the end that an earlier run printed"
    )


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    verdict = asyncio.run(_verify(arguments))
    if verdict.broken is not None:
        where = "the head" if verdict.broken.position == 0 else f"record {verdict.broken.position}"
        print(f"BROKEN at {where}: {verdict.broken.why}")
        print(f"{verdict.count} records before it are in order.")
        return BROKEN
    print(f"{verdict.count} records, unbroken.")
    if verdict.anchor is not None and verdict.count:
        print(f"End: {verdict.anchor.count}:{verdict.anchor.digest}")
    return 0


def anchor(text: str) -> Anchor:
    from arcade_gmail_multiuser.security.audit.verify import Anchor

    count, _, digest = text.partition(":")
    if not (count.isascii() and count.isdigit() and len(count) < 16):
        raise argparse.ArgumentTypeError("must be COUNT:DIGEST, as `audit verify` prints it")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise argparse.ArgumentTypeError("must be COUNT:DIGEST, as `audit verify` prints it")
    return Anchor(int(count), digest)


async def _verify(arguments: argparse.Namespace) -> Verdict:
    file, head, database = arguments.file, arguments.head, arguments.database
    if arguments.config is None:
        keys = _keys_of_environment()
    else:
        keys, file, head, database = _place_of_config(arguments.config)
    if file is not None:
        return await _verify_file(file, head, keys, arguments.expect)
    return await _verify_database(database, keys, arguments.expect)


def _place_of_config(path: Path) -> tuple[AuditKeys, Path | None, Path | None, str]:
    from arcade_gmail_multiuser.security.audit.chain import AuditKeys
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig

    boundaries = SecurityConfig.from_yaml(path, env=os.environ).boundaries()
    audit, engine = boundaries.audit, boundaries.engine
    if audit.file is None and engine is None:
        raise ConfigurationError("The configuration names neither an audit file nor an engine.")
    database = engine.database_url if engine is not None else FROM_ENVIRONMENT
    return AuditKeys(audit.keys), audit.file, audit.head_file, database


def _keys_of_environment() -> AuditKeys:
    from arcade_gmail_multiuser.security.audit.chain import AuditKeys

    for name in ("ENGINE_AUDIT_KEYS", "ENGINE_ENCRYPTION_KEYS"):
        keys = keys_in(name)
        if keys:
            return AuditKeys(keys)
    raise ConfigurationError(
        "Neither ENGINE_AUDIT_KEYS nor ENGINE_ENCRYPTION_KEYS is set: "
        "without a key, forged records look genuine."
    )


async def _verify_file(
    path: Path, head: Path | None, keys: AuditKeys, expect: Anchor | None
) -> Verdict:
    from arcade_gmail_multiuser.security.audit.file_store import FileAuditStore
    from arcade_gmail_multiuser.security.audit.verify import verify_audit

    if not await _is_file(path):
        raise ConfigurationError(f"There is no audit file at {path}.")
    return await verify_audit(FileAuditStore(path, head_path=head), keys, expect=expect)


async def _verify_database(url: str, keys: AuditKeys, expect: Anchor | None) -> Verdict:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.ext.asyncio import create_async_engine

    from arcade_gmail_multiuser.security.audit.sql_store import SqlAuditStore
    from arcade_gmail_multiuser.security.audit.verify import verify_audit
    from arcade_gmail_multiuser.security.database import open_token_database

    given = url or os.environ.get("ENGINE_DATABASE_URL", "").strip()
    if not given:
        raise ConfigurationError("ENGINE_DATABASE_URL is not set; give --database an address.")
    try:
        address = make_url(given)
    except ArgumentError:
        raise ConfigurationError("That is not a database address.") from None
    if address.drivername == "sqlite":
        address = address.set(drivername="sqlite+aiosqlite")
    if address.drivername in ("postgresql", "postgresql+asyncpg"):
        engine = open_token_database(
            address.difference_update_query(["search_path"]).render_as_string(hide_password=False),
            schema=next(iter(address.normalized_query.get("search_path", ())), None),
        )
    elif address.drivername != "sqlite+aiosqlite":
        raise ConfigurationError("An audit can be in sqlite+aiosqlite or postgresql+asyncpg.")
    elif not await _is_file(Path(address.database or "")):
        # SQLite would create an empty database and find nothing wrong with it.
        raise ConfigurationError("There is no database file there.")
    else:
        # Nothing that changes the file: the person who verifies may not be allowed to write.
        engine = create_async_engine(address, hide_parameters=True)
    try:
        store = SqlAuditStore(engine)
        if not await store.exists():
            raise ConfigurationError("There is no audit log in that database.")
        return await verify_audit(store, keys, expect=expect)
    finally:
        await engine.dispose()


async def _is_file(path: Path) -> bool:
    import asyncio

    return await asyncio.to_thread(path.is_file)
