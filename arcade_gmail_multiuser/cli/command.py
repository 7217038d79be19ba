"""Which subcommands there are, and what a person sees when one fails.

Nothing but the standard library and our errors is imported here, so that `--help` answers at
once; each subcommand's module does the same and imports what it runs when it runs it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from arcade_gmail_multiuser.cli.extras import missing_line
from arcade_gmail_multiuser.errors import ConfigurationError, GmailMultiuserError

__all__ = ["COMMANDS", "run"]

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": (f"{__package__}.serve", "start the worker that an Arcade Engine calls"),
    "mcp": (f"{__package__}.mcp", "serve the tools over the Model Context Protocol"),
    "doctor": (f"{__package__}.doctor", "check this machine and its settings"),
    "keys": (f"{__package__}.keys", "make encryption keys, and rotate stored tokens to a new one"),
    "tokens": (f"{__package__}.tokens", "upgrade a token store's database"),
    "audit": (f"{__package__}.audit", "verify the audit log"),
}
"""Each subcommand's name with its module and one line about it."""

GROUP = "arcade_gmail_multiuser.commands"
"""The entry points by which another distribution adds subcommands: a module with `SUMMARY`,
`add_arguments` and `run`."""

LOCAL = ("demo", "up", "engine", "sandbox", "engine-keys", "engine-database")
"""What the local stack adds; without it each says how to install it."""

OURS = ("arcade_gmail_multiuser", "arcade_gmail_local")

FAILED = 1
REFUSED = 2
CRASHED = 70
INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="arcade-gmail-multiuser",
        description="Gmail for AI agents, for thousands of people at once.",
        epilog="Try `arcade-gmail-multiuser demo` first; it needs no account and no network.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (module_name, summary) in COMMANDS.items():
        _add(subparsers, name, importlib.import_module(module_name), summary)
    for entry in entry_points(group=GROUP):
        module = entry.load()
        _add(subparsers, entry.name, module, module.SUMMARY)
    for name in set(LOCAL) - set(subparsers.choices):
        missing = subparsers.add_parser(name, add_help=False, prefix_chars="\0")
        missing.add_argument("ignored", nargs="*")
        missing.set_defaults(run=_refuse_without_local_stack)
    return parser


def _add(subparsers: Any, name: str, module: Any, summary: str) -> None:
    subparser = subparsers.add_parser(name, help=summary, description=module.__doc__)
    subparser.formatter_class = argparse.RawDescriptionHelpFormatter
    module.add_arguments(subparser)
    subparser.set_defaults(run=module.run)


def _refuse_without_local_stack(arguments: argparse.Namespace) -> int:
    raise ConfigurationError(
        f"`{arguments.command}` belongs to the local stack. Try: pip install arcade_gmail_local"
    )


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 (it failed), 2 (it refused to start) or 130 (Ctrl-C)."""
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConfigurationError as refused:
        return _fail(refused.message, REFUSED)
    except GmailMultiuserError as failed:
        return _fail(failed.message, FAILED)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith(OURS):
            return _fail(_where(missing), CRASHED)
        return _fail(missing_line(missing.name or ""), REFUSED)
    except BrokenPipeError:
        # Whoever read our output has gone; without this the interpreter complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as crash:  # noqa: BLE001 - a person gets one line, and it must hold no secret
        return _fail(_where(crash), CRASHED)
    return status


def _fail(sentence: str, status: int) -> int:
    print(f"arcade-gmail-multiuser: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def _where(crash: Exception) -> str:
    """Name a crash by its type and place; its text could quote mail or a token."""
    frames = traceback.extract_tb(crash.__traceback__)
    ours = [frame for frame in frames if any(name in frame.filename for name in OURS)] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"
    return f"This is a bug: {type(crash).__name__} at {place}."
