"""Rotate an engine's encryption keys, and manage its API keys.

`engine-keys rotate` seals everything an engine stores with the first key while it keeps running:
tokens, scheduled calls with their outcomes, pending revocations.
  1. add the new key *after* the old one in every process, and restart them
  2. put the new key first in every process, and restart them
  3. run `engine-keys rotate`; if it is interrupted, run it again and it continues
  4. when it says that nothing needs the old key, remove it
API keys move by themselves when they are next used; the command names those that were not.

`engine-keys api-new NAME` makes a key for an application that calls the engine, and prints it
once; `api-list` shows names and last use; `api-revoke NAME` ends one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from arcade_gmail_local.commands import api_keys
from arcade_gmail_local.commands.engine_rotation import DATABASE, rotate
from arcade_gmail_multiuser.cli.keys import KEYS, STORE

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "rotate an engine's encryption keys, and manage its API keys"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    rotating = actions.add_parser(
        "rotate",
        help="seal everything an engine stores with the first key",
        description=f"Keys come from {KEYS}, the engine's database from {DATABASE}, and a token"
        f" store outside it from {STORE}, because anyone on the machine can read an argv.",
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
    return rotate(arguments.config, arguments.schema)
