"""Store project API keys as keyed hashes, and recognise the key that a caller presents."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from arcade_gmail_local.engine import tables
from arcade_gmail_local.engine.database import insert_or_update
from arcade_gmail_multiuser.errors import Conflict, InvalidInput
from arcade_gmail_multiuser.security.keys import decode_key, derive_key_id
from arcade_gmail_multiuser.security.masking import HiddenBytes

__all__ = [
    "KEY_NAME",
    "ApiKeyRecord",
    "ApiKeyStore",
    "Caller",
    "Callers",
    "caller_of",
    "check_key_name",
]

PREFIX = "arc_"
"""The prefix of stored keys; redaction knows it."""

KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_USE_EVERY_S = 60.0
_TRUSTED_FOR_S = 1.0
_MAX_REMEMBERED = 1024
_K = tables.api_keys


@dataclass(frozen=True, slots=True)
class ApiKeyRecord:
    """A stored key. The key itself is nowhere."""

    name: str
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


class ApiKeyStore:
    """Keep the keys of one project.

    A stored digest is keyed with an encryption key, so a reader of the database can neither use it
    nor check a guess. After a rotation a digest moves to the newest encryption key when its API key
    is next used; an API key not used before the old encryption key is dropped has to be replaced.

    Args:
        encryption_keys: base64, newest first.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        encryption_keys: Iterable[str],
        *,
        project: str,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock
        materials = [decode_key(one) for one in encryption_keys]
        self._peppers = {derive_key_id(material): _pepper(material) for material in materials}

    async def create(self, name: str) -> str:
        """Make a key and return it, for the only time.

        Raises:
            InvalidInput: the name is not usable.
            Conflict: a key with that name is in use; revoke it first.
        """
        check_key_name(name)
        key = PREFIX + secrets.token_urlsafe(32)
        key_id, pepper = next(iter(self._peppers.items()))
        values = {
            "digest": _digest(pepper, key.encode()),
            "key_id": key_id,
            "created_at": self._clock(),
            "last_used_at": None,
            "revoked_at": None,
        }
        unused = insert_or_update(
            self._engine, _K, {"project": self._project, "name": name, **values}, {}
        )
        revoked = self._row(name).where(_K.c.revoked_at.is_not(None)).values(values)
        async with self._engine.begin() as db:
            made = (await db.execute(unused)).rowcount or (await db.execute(revoked)).rowcount
        if not made:
            raise Conflict("A key with that name is in use; revoke it or choose another.")
        return key

    async def every(self) -> list[ApiKeyRecord]:
        """List the keys, revoked ones too, by name."""
        query = select(_K).where(_K.c.project == self._project).order_by(_K.c.name)
        async with self._engine.connect() as db:
            return [_record(row) for row in await db.execute(query)]

    async def revoke(self, name: str) -> bool:
        """Refuse a key from now on; return False when none with that name is in use."""
        change = self._row(name).where(_K.c.revoked_at.is_(None)).values(revoked_at=self._clock())
        async with self._engine.begin() as db:
            return (await db.execute(change)).rowcount == 1

    async def find(self, presented: bytes) -> ApiKeyRecord | None:
        """Find a presented key, unless it is revoked, and note its use."""
        digests = {key_id: _digest(pepper, presented) for key_id, pepper in self._peppers.items()}
        query = select(_K).where(
            _K.c.project == self._project,
            _K.c.digest.in_(digests.values()),
            _K.c.revoked_at.is_(None),
        )
        async with self._engine.connect() as db:
            row = (await db.execute(query)).first()
        if row is None or not hmac.compare_digest(row.digest, digests.get(row.key_id, "")):
            return None
        await self._note_use(row, digests)
        return _record(row)

    async def _note_use(self, row: Row[Any], digests: dict[str, str]) -> None:
        now, newest = self._clock(), next(iter(self._peppers))
        recent = row.last_used_at is not None and now - row.last_used_at < _USE_EVERY_S
        if recent and row.key_id == newest:
            return
        change = self._row(row.name).where(_K.c.digest == row.digest)
        async with self._engine.begin() as db:
            await db.execute(change.values(last_used_at=now, digest=digests[newest], key_id=newest))

    def _row(self, name: str) -> Any:
        return update(_K).where(_K.c.project == self._project, _K.c.name == name)


def check_key_name(name: str) -> None:
    """Refuse a name that is not 1 to 64 letters, digits, dots, dashes or underscores."""
    if not KEY_NAME.fullmatch(name):
        raise InvalidInput("A key's name has 1 to 64 letters, digits, dots, dashes or underscores.")


def _pepper(material: bytes) -> bytes:
    # Not the encryption key itself: one key, one purpose.
    return hmac.new(material, b"arcade_gmail_multiuser api keys", hashlib.sha256).digest()


def _digest(pepper: bytes, key: bytes) -> str:
    return hmac.new(pepper, key, hashlib.sha256).hexdigest()


def _record(row: Row[Any]) -> ApiKeyRecord:
    return ApiKeyRecord(row.name, row.created_at, row.last_used_at, row.revoked_at)


@dataclass(frozen=True, slots=True)
class Caller:
    """The name of the key that was presented, and its grants."""

    name: str
    may_read_tokens: bool = False


class Callers:
    """Recognise the keys of the settings and those made on the command line.

    A stored key is looked up at most once a second, so a revoked one works that much longer.
    """

    def __init__(
        self,
        fixed: Mapping[str, str],
        store: ApiKeyStore,
        *,
        may_read_tokens: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        self._fixed = {name: _plain_digest(key.encode()) for name, key in fixed.items()}
        self._store = store
        self._may_read_tokens = may_read_tokens
        self._clock = clock
        self._found: dict[bytes, tuple[float, str | None]] = {}

    async def recognise(self, presented: HiddenBytes) -> Caller | None:
        digest = _plain_digest(presented)
        name = None
        for known, expected in self._fixed.items():
            # Every digest is compared and all have one length: the time taken reveals nothing.
            if hmac.compare_digest(digest, expected):
                name = known
        if name is None and presented.startswith(PREFIX.encode()):
            name = await self._stored(presented, digest)
        return None if name is None else Caller(name, self._may_read_tokens(name))

    async def _stored(self, presented: HiddenBytes, digest: bytes) -> str | None:
        now = self._clock()
        seen = self._found.get(digest)
        if seen is not None and 0 <= now - seen[0] < _TRUSTED_FOR_S:
            return seen[1]
        record = await self._store.find(presented)
        # A name in the settings belongs to the key there, with its grants.
        name = None if record is None or record.name in self._fixed else record.name
        if len(self._found) >= _MAX_REMEMBERED:
            self._found.clear()
        self._found[digest] = (now, name)
        return name


def caller_of(request: Request) -> Caller:
    """Return the caller that the guard let in."""
    caller: Caller = request.state.caller
    return caller


def _plain_digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
