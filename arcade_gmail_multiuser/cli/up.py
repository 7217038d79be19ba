"""Start sandbox, worker and engine on free loopback ports and keep them until interrupted.

With --json, one line on stdout says when they are ready and what opens them:
{"engine": URL, "api_key": …, "worker": URL, "worker_secret": …, "sandbox": URL}
"""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments", "run"]

MOST_USERS = 100_000


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

    from arcade_gmail_multiuser.cli.keeping import keep_up

    return asyncio.run(
        keep_up(
            arguments.data,
            users=arguments.users,
            as_json=arguments.json,
            verifier_url=arguments.verifier_url,
            token_readers=arguments.token_reader,
        )
    )
