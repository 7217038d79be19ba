"""Start the Google sandbox: OAuth with a consent page, Gmail, and two mailboxes full of mail.

Anyone who can reach it can read every mailbox in it and make tokens, so it listens on loopback
unless you pass --expose. Everything is in memory and ends with the process.
"""

from __future__ import annotations

import argparse

from arcade_gmail_multiuser.cli import http_server
from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "start the Google sandbox: OAuth and two mailboxes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    http_server.add_arguments(parser, port=9100)
    parser.add_argument(
        "--expose", action="store_true", help="allow a --host that other machines can reach"
    )
    parser.add_argument(
        "--empty", action="store_true", help="start without alice@example.com and bob@example.com"
    )


def run(arguments: argparse.Namespace) -> int:
    if not arguments.expose and not http_server.is_loopback(arguments.host):
        raise ConfigurationError(
            f"The sandbox hands its mail to anyone who asks, and {arguments.host} is not loopback. "
            "Use 127.0.0.1, or pass --expose if that is what you want."
        )
    listener = http_server.listen(arguments)
    from arcade_gmail_local.sandbox.app import create_sandbox

    app = create_sandbox(seeded=not arguments.empty, loopback_only=not arguments.expose)
    return http_server.serve(app, listener, "sandbox")
