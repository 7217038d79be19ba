"""The command. The only room that sees every other one."""

from __future__ import annotations

__all__ = ["main"]


def main() -> int:
    """Run `arcade-gmail-multiuser`; return the process's exit status."""
    from arcade_gmail_multiuser.cli.command import run

    return run()
