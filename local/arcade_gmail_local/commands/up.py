"""Start sandbox, worker and engine on free loopback ports, and run them until interrupted.

With --json, it prints one line when they are ready:
{"engine": URL, "api_key": …, "worker": URL, "worker_secret": …, "sandbox": URL}

--data keeps API keys and everything the engine stores. The sandbox keeps nothing, so after a
restart people connect again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "start sandbox, worker and engine, and keep them running"

MAX_USERS = 100_000
SETTINGS_KEY = "default"
"""The engine's name for the key that --json prints as api_key."""


def user_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MAX_USERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of users (0 to {MAX_USERS})")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready")
    parser.add_argument(
        "--users",
        type=user_count,
        default=0,
        metavar="N",
        help="add the accounts user1@example.com to userN@example.com",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep database, credentials and logs here (default: a temporary directory)",
    )
    parser.add_argument(
        "--verifier-url",
        metavar="URL",
        help="your application's page that confirms who is signed in (default: the engine's own)",
    )
    parser.add_argument(
        "--token-reader",
        action="append",
        default=[],
        metavar="NAME",
        help="the name of an API key that may read people's tokens; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    from arcade_gmail_local.commands.keep_running import keep_running
    from arcade_gmail_multiuser.security.origins import check_url

    if arguments.verifier_url is not None:
        check_url("--verifier-url", arguments.verifier_url)
    if arguments.token_reader:
        check_token_readers(arguments.token_reader, arguments.data)
    return asyncio.run(
        keep_running(
            arguments.data,
            users=arguments.users,
            as_json=arguments.json,
            verifier_url=arguments.verifier_url,
            token_readers=arguments.token_reader,
        )
    )


def check_token_readers(names: Sequence[str], data: Path | None) -> None:
    """Refuse a name that no API key can have, and warn about one that none has yet.

    A key can be made while the engine runs, so with --data a name without a key is not an error.
    """
    from arcade_gmail_local.commands.api_keys import names_in_use
    from arcade_gmail_local.engine.http.api_keys import KEY_NAME

    for name in names:
        if not KEY_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is not a valid name of an API key.")
    here = {SETTINGS_KEY, *(() if data is None else names_in_use(data))}
    for name in sorted(set(names) - here):
        if data is None:
            raise ConfigurationError(
                f"There is no API key {name!r}: without --data there is only `{SETTINGS_KEY}`."
            )
        print(
            f"There is no API key {name!r} yet; make it with "
            f"`arcade-gmail-multiuser engine-keys api-new {name} --data {data}`.",
            file=sys.stderr,
        )
