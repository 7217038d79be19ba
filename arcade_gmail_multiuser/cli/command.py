"""Define the subcommands, and turn each failure into one line and an exit status.

Nothing but the standard library and our errors is imported here, so that `--help` answers at
once; each subcommand's module does the same and imports what it needs when it runs.
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

from arcade_gmail_multiuser.errors import ConfigurationError, GmailMultiuserError
from arcade_gmail_multiuser.extras import INSTALL_LOCAL_STACK, missing_line

__all__ = ["COMMANDS", "GROUP", "LOCAL_COMMANDS", "run"]

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

LOCAL_COMMANDS = ("demo", "up", "engine", "sandbox", "engine-keys", "engine-database")
"""What the local stack adds; without it, each says how to install it."""

OURS = ("arcade_gmail_multiuser", "arcade_gmail_local")

FAILED = 1
REFUSED = 2
CRASHED = 70
INTERRUPTED = 130


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 (it failed), 2 (it refused to start) or 130 (Ctrl-C)."""
    given = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run(given)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConfigurationError as refused:
        return _fail(refused.message, REFUSED)
    except GmailMultiuserError as failed:
        return _fail(failed.message, FAILED)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith(OURS):
            return _fail(_place_of(missing), CRASHED)
        return _fail(missing_line(missing.name or ""), REFUSED)
    except BrokenPipeError:
        # The reader of our output is gone; without this the interpreter complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as crash:  # noqa: BLE001 - a person gets one line, and it must hold no secret
        return _fail(_place_of(crash), CRASHED)


def _run(given: Sequence[str]) -> int:
    parser, missing = build_parser()
    if given and given[0] in missing:
        # Before parsing: which options it takes is known to the local stack alone.
        raise ConfigurationError(f"`{given[0]}` needs the local stack: {INSTALL_LOCAL_STACK}")
    arguments = parser.parse_args(given)
    status: int = arguments.run(arguments)
    return status


def build_parser() -> tuple[argparse.ArgumentParser, frozenset[str]]:
    """Build the parser; return with it the subcommands whose distribution is not installed."""
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
    missing = [name for name in LOCAL_COMMANDS if name not in subparsers.choices]
    for name in missing:
        subparsers.add_parser(name, help=f"not installed: {INSTALL_LOCAL_STACK}")
    return parser, frozenset(missing)


def _add(subparsers: Any, name: str, module: Any, summary: str) -> None:
    subparser = subparsers.add_parser(name, help=summary, description=module.__doc__)
    subparser.formatter_class = argparse.RawDescriptionHelpFormatter
    module.add_arguments(subparser)
    subparser.set_defaults(run=module.run)


def _fail(sentence: str, status: int) -> int:
    print(f"arcade-gmail-multiuser: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def _place_of(crash: Exception) -> str:
    """Describe a crash by its type and place; its text could quote mail or a token."""
    frames = traceback.extract_tb(crash.__traceback__)
    ours = [frame for frame in frames if any(name in frame.filename for name in OURS)] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"
    return f"This is a bug: {type(crash).__name__} at {place}."
