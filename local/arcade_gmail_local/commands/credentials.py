"""Make the secrets of a local stack, once for each data directory.

They are stored beside the data they protect, readable only by their owner. That is for development
only: in production, secrets come from a secret store.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.keys import new_key

__all__ = ["Credentials", "credentials_in", "private_directory"]

FILE_NAME = "credentials.json"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    api_key: str
    worker_secret: str
    encryption_key: str


def private_directory(path: Path) -> Path:
    """Create a directory that only its owner may enter, and return it."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as failed:
        reason = os.strerror(failed.errno or 0)
        raise ConfigurationError(f"Cannot use {path} as the data directory: {reason}.") from None
    return path


def credentials_in(directory: Path) -> Credentials:
    """Return the directory's credentials; the first call makes them.

    A later start needs the same encryption key, or no stored token could be opened.
    """
    path = directory / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as failed:
        reason = os.strerror(failed.errno or 0)
        raise ConfigurationError(f"Cannot write {path}: {reason}.") from None
    made = Credentials(
        api_key=f"local_{secrets.token_urlsafe(32)}",
        worker_secret=secrets.token_urlsafe(48),
        encryption_key=new_key(),
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(made), file)
    return made


def _read(path: Path) -> Credentials:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(**{field.name: str(stored[field.name]) for field in fields(Credentials)})
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError(
            f"{path} cannot be read. Delete the data directory to start again."
        ) from None
