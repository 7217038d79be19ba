"""Make encryption keys and move stored tokens between them; make API keys and revoke them.

`keys new` prints a fresh key of 32 random bytes in base64, for ENGINE_ENCRYPTION_KEYS.
Nothing is stored: keep it where your other secrets are.

`keys rotate` seals everything stored anew under the first key, while everything goes on working:
tokens, secrets of tools and workers, scheduled calls with their outcomes, pending revocations.
  1. add the new key *after* the old one in every process, and restart them
  2. put the new key first in every process, and restart them
  3. run `keys rotate`; after an interruption run it again, and it goes on
  4. when it says that nothing needs the old key, take it away
API keys move by themselves when they are next used; the command names those that were not.

`keys api-new NAME` makes a key for an application that calls the engine, and prints it for the only
time; `api-list` shows their names and when each was last used; `api-revoke NAME` ends one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from arcade_gmail_multiuser.cli import api_keys
from arcade_gmail_multiuser.cli.rotate import DATABASE, KEYS, STORE, rotate
from arcade_gmail_multiuser.security.keys import new_key

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser("new", help="print a fresh base64 key of 32 bytes")
    rotating = actions.add_parser(
        "rotate",
        help="seal everything stored anew under the first key",
        description=f"Keys come from {KEYS}, the engine's database from {DATABASE}, and where"
        f" tokens alone are kept from {STORE} (sqlite, postgresql or redis), because anybody on the"
        " machine can read an argv.",
    )
    rotating.add_argument(
        "--config", type=Path, metavar="PATH", help="keys and place from a security.yaml"
    )
    rotating.add_argument(
        "--schema", metavar="NAME", help="PostgreSQL's schema, or the prefix of Redis's keys"
    )
    api_keys.add_actions(actions)


def run(arguments: argparse.Namespace) -> int:
    if arguments.action in api_keys.ACTIONS:
        return api_keys.run(arguments)
    if arguments.action == "rotate":
        return rotate(arguments.config, arguments.schema)
    print(new_key())
    return 0
