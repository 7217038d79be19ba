"""Which application is calling, and what its key may do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from arcade_gmail_local.engine.http.api_keys import PREFIX, ApiKeyStore
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.security.masking import HiddenBytes

__all__ = ["Caller", "Callers", "caller_of"]

_TRUSTED_FOR_S = 1.0
_MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """The name of the key that was presented, and its grants."""

    name: str
    may_read_tokens: bool = False


class Callers:
    """Recognise keys: those of the settings, and those that were made on the command line.

    A stored key is looked up at most once a second, so a revoked one works that much longer.
    """

    def __init__(
        self, settings: EngineSettings, store: ApiKeyStore, *, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._set = {name: _digest(key.encode()) for name, key in settings.every_api_key.items()}
        self._found: dict[bytes, tuple[float, str | None]] = {}

    async def recognise(self, presented: HiddenBytes) -> Caller | None:
        digest = _digest(presented)
        name = None
        for known, expected in self._set.items():
            # Digests have one length, and every one is compared: the time taken says nothing.
            if hmac.compare_digest(digest, expected):
                name = known
        if name is None and presented.startswith(PREFIX.encode()):
            name = await self._stored(presented, digest)
        if name is None:
            return None
        return Caller(name, may_read_tokens=self._settings.may_read_tokens(name))

    async def _stored(self, presented: HiddenBytes, digest: bytes) -> str | None:
        now = self._clock()
        seen = self._found.get(digest)
        if seen is not None and 0 <= now - seen[0] < _TRUSTED_FOR_S:
            return seen[1]
        record = await self._store.find(presented)
        # A name of the settings belongs to the key there, with whatever is granted to it.
        name = None if record is None or record.name in self._set else record.name
        if len(self._found) >= _MOST_REMEMBERED:
            self._found.clear()
        self._found[digest] = (now, name)
        return name


def caller_of(request: Request) -> Caller:
    """Give the caller whom the guard let in."""
    caller: Caller = request.state.caller
    return caller


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
