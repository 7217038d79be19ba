"""Start sandbox, worker and engine on free loopback ports and keep them until interrupted.

With --json, one line on stdout says when they are ready and what opens them:
{"engine": URL, "api_key": …, "worker": URL, "worker_secret": …, "sandbox": URL}

--data keeps API keys and what the engine stores. The stand-in for Google keeps nothing: it begins
anew with every start, and people connect again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "start sandbox, worker and engine, and keep them running"

MOST_USERS = 100_000
SETTINGS_KEY = "default"
"""What the engine calls the key that --json prints as api_key."""


def user_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MOST_USERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of users (0 to {MOST_USERS})")
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
        help="keep database, credentials and logs here (a temporary directory)",
    )
    parser.add_argument(
        "--verifier-url",
        metavar="URL",
        help="your application's page that confirms who is signed in (the engine's own page)",
    )
    parser.add_argument(
        "--token-reader",
        action="append",
        default=[],
        metavar="NAME",
        help="an API key, by name, that is handed people's tokens; none by default",
    )


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    from arcade_gmail_local.commands.keep_running import keep_up
    from arcade_gmail_multiuser.security.origins import check_url

    if arguments.verifier_url is not None:
        check_url("--verifier-url", arguments.verifier_url)
    if arguments.token_reader:
        check_token_readers(arguments.token_reader, arguments.data)
    return asyncio.run(
        keep_up(
            arguments.data,
            users=arguments.users,
            as_json=arguments.json,
            verifier_url=arguments.verifier_url,
            token_readers=arguments.token_reader,
        )
    )


def check_token_readers(names: Sequence[str], data: Path | None) -> None:
    """Refuse a name that no API key can ever have, and point out one that none has yet.

    A key may be made while the engine runs, so with --data a name without one is no error.
    """
    from arcade_gmail_local.commands.api_keys import names_in_use
    from arcade_gmail_local.engine.http.api_keys import KEY_NAME

    for name in names:
        if not KEY_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is no name for an API key.")
    here = {SETTINGS_KEY, *(() if data is None else names_in_use(data))}
    for name in sorted(set(names) - here):
        if data is None:
            raise ConfigurationError(
                f"There is no API key {name!r}: without --data there is `{SETTINGS_KEY}` alone."
            )
        print(
            f"There is no API key {name!r} yet; make it with "
            f"`arcade-gmail-multiuser engine-keys api-new {name} --data {data}`.",
            file=sys.stderr,
        )
