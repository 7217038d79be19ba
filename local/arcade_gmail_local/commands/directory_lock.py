"""One process at a time on a data directory: two engines on one SQLite file undo each other."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["hold", "let_go"]


def hold(directory: Path) -> int:
    """Lock a directory for this process and return the descriptor to let go of.

    The lock lies on the directory itself, so nothing is left behind, and the kernel takes it back
    however the process ends. Children do not get it.

    Raises:
        ConfigurationError: another process holds it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failed:
        os.close(descriptor)
        if isinstance(failed, BlockingIOError):
            told = f"Another `up` runs on {directory}. End that one, or give another --data."
        else:
            told = f"Cannot lock {directory}: {os.strerror(failed.errno or 0)}."
        raise ConfigurationError(told) from None
    return descriptor


def let_go(descriptor: int) -> None:
    os.close(descriptor)
