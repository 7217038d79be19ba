"""Show the whole product on this machine: two people, one agent, one worker.

Sandbox, worker and engine start on free loopback ports. Alice and Bob connect through the real
OAuth flow. Then an agent works for both at once through arcadepy: it lists, searches, reads,
sends, replies, drafts and labels. Finally it shows what each of them saw and whether anything
crossed. The exit status is 0 only if every check passes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "two people, one agent, one worker: the whole product on this machine"

TERMINATED = 143


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep database, credentials and logs here (default: a temporary directory)",
    )


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    from arcade_gmail_local.commands.demo.run import show

    try:
        return asyncio.run(show(arguments.data))
    except asyncio.CancelledError:
        return TERMINATED
