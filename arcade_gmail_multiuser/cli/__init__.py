"""The command `arcade-gmail-multiuser`. It may import every other part of the package."""

from __future__ import annotations

__all__ = ["main"]


def main() -> int:
    """Run `arcade-gmail-multiuser`; return the process's exit status."""
    from arcade_gmail_multiuser.cli.command import run

    return run()
