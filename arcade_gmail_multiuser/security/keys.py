"""Make, check and store encryption keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import os
import secrets
import stat
from pathlib import Path

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["KEY_BYTES", "check_key", "decode_key", "derive_key_id", "load_or_create_key", "new_key"]

KEY_BYTES = 32
"""AES-256 takes exactly this many."""

_MIN_DISTINCT_BYTES = 16
"""32 random bytes hold about 30 different values; below 16 happens once in more than 10^15 keys."""


def new_key() -> str:
    """Make a random key in base64, as settings and key files have it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


def decode_key(encoded: str) -> bytes:
    """Read a base64 key (either alphabet, padding optional) and refuse a weak one.

    Raises:
        ConfigurationError: not base64, not 32 bytes, or not random. The key is never repeated.
    """
    text = encoded.strip().translate(str.maketrans("-_", "+/"))
    try:
        material = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError("An encryption key is not valid base64.") from None
    check_key(material)
    return material


def check_key(material: bytes) -> None:
    """Refuse a key that is not random: a wrong length, a default, a pass phrase.

    Raises:
        ConfigurationError: says what is wrong and how to make a key, never the value.
    """
    advice = "Make one with `openssl rand -base64 32`."
    if len(material) != KEY_BYTES:
        raise ConfigurationError(f"An encryption key must be exactly {KEY_BYTES} bytes. {advice}")
    steps = {(b - a) % 256 for a, b in itertools.pairwise(material)}
    if len(set(material)) < _MIN_DISTINCT_BYTES or len(steps) == 1:
        raise ConfigurationError(f"An encryption key is a default or a pattern. {advice}")
    if all(0x20 <= byte < 0x7F for byte in material):
        raise ConfigurationError(f"An encryption key is readable text, not random bytes. {advice}")


def derive_key_id(material: bytes) -> str:
    """Derive a key's id from the key itself, so that lists of keys need no names.

    The digest is keyed with the key, so an id in a database reveals nothing about it.
    """
    return hmac.new(material, b"arcade_gmail_multiuser key id", hashlib.sha256).hexdigest()[:16]


def load_or_create_key(path: Path | str) -> str:
    """Read the key in a file, or create the file (mode 0600) with a new key.

    Two processes that start together get the same key: the file appears whole or not at all.

    Returns:
        The key in base64, as `Keyring` and `EngineSettings` take it.

    Raises:
        ConfigurationError: others can read the file, or it has no usable key.
    """
    path = Path(path)
    try:
        return _read_key(path)
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_private(draft, new_key())
        # link() refuses to replace, unlike rename(): the second process reads the first one's key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    return _read_key(path)


def _read_key(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise ConfigurationError(
            "The key file cannot be opened; it must be a regular file of this user.",
            developer_message=f"{path}: {problem.strerror}",
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise ConfigurationError(
                "The key file can be read by others; make it private with `chmod 600`.",
                developer_message=str(path),
            )
        text = file.read(1024).decode("ascii", errors="replace").strip()
    decode_key(text)
    return text


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
