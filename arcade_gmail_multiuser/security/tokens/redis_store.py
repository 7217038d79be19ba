"""Keep tokens in Redis, shared by any number of processes.

A record is a hash: g generation, k key id, m the rest as JSON, a and r the sealed tokens, u when it
was last used, i its id and s its account. `<prefix>sealed:<key id>` is the set of the records that
are sealed with a key, `<prefix>ids` finds a record by its id, `<prefix>account:…` is the set of an
account's records, and four sorted sets list records by age: a project's, and those of a user, of a
provider and of both. All names begin with the same `{…}`, so that a cluster keeps them together.
Each script runs as one step.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from redis.asyncio import Redis

from arcade_gmail_multiuser.errors import ConfigurationError, InvalidInput, StorageError
from arcade_gmail_multiuser.security.tokens.record import (
    TokenKey,
    TokenRecord,
    join_scopes,
    split_scopes,
)
from arcade_gmail_multiuser.security.tokens.store import LeaseHolder, Reseal, bounded
from arcade_gmail_multiuser.security.tokens.token_sealer import unreadable

__all__ = ["RedisTokenStore"]

_FIELDS = ("g", "k", "m", "a", "r", "u")

# KEYS: record, names of key ids, ids, then the lists by age.
# ARGV: prefix of the sets, expected, g, k, m, a, r, u, i, prefix of the accounts, s, created at
_PUT = """
local held = redis.call('HMGET', KEYS[1], 'g', 'k')
if (held[1] or '') ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'g', ARGV[3], 'k', ARGV[4], 'm', ARGV[5], 'a', ARGV[6])
redis.call('HSET', KEYS[1], 'i', ARGV[9], 's', ARGV[11])
redis.call('HSET', KEYS[3], ARGV[9], KEYS[1])
redis.call('SADD', ARGV[10] .. ARGV[11], KEYS[1])
for n = 4, #KEYS do redis.call('ZADD', KEYS[n], ARGV[12], KEYS[1]) end
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'r', ARGV[7]) end
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'u', ARGV[8]) end
if held[2] and held[2] ~= ARGV[4] then redis.call('SREM', ARGV[1] .. held[2], KEYS[1]) end
redis.call('SADD', ARGV[1] .. ARGV[4], KEYS[1])
redis.call('SADD', KEYS[2], ARGV[4])
return 1
"""

# KEYS: record, lease, ids, then the lists by age.
# ARGV: prefix of the sets, expected, of the accounts
_DELETE = """
local held = redis.call('HMGET', KEYS[1], 'g', 'k', 'i', 's')
if held[1] ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HDEL', KEYS[3], held[3])
redis.call('SREM', ARGV[3] .. held[4], KEYS[1])
for n = 4, #KEYS do redis.call('ZREM', KEYS[n], KEYS[1]) end
redis.call('SREM', ARGV[1] .. held[2], KEYS[1])
return 1
"""

# KEYS: record, names of key ids. ARGV: prefix of the sets, expected g, expected k, k, a, r
_RESEAL = """
local held = redis.call('HMGET', KEYS[1], 'g', 'k')
if held[1] ~= ARGV[2] or held[2] ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'k', ARGV[4], 'a', ARGV[5])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'r', ARGV[6]) end
redis.call('SREM', ARGV[1] .. ARGV[3], KEYS[1])
redis.call('SADD', ARGV[1] .. ARGV[4], KEYS[1])
redis.call('SADD', KEYS[2], ARGV[4])
return 1
"""

# KEYS: record. ARGV: u
_TOUCH = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'u', ARGV[1])
return 1
"""

# KEYS: lease. ARGV: owner, milliseconds. Returns {} if taken, else {owner, milliseconds left}.
_ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {holder, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {}
"""

# KEYS: lease. ARGV: owner, milliseconds
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

# KEYS: lease. ARGV: owner, milliseconds of cooldown
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], '', 'PX', ARGV[2])
return 1
"""


class RedisTokenStore:
    """Keep sealed records in a Redis that persists (`appendonly yes`) and does not evict.

    Only leases expire. After a failover that loses the last writes, a lease may be held twice;
    the generations still let one writer win.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        prefix: begins every key, in braces, so that a cluster keeps all of them on one node.
        timeout_s: how long one step may take.

    Raises:
        ConfigurationError: not a Redis address.
    """

    def __init__(
        self, url: str, *, prefix: str = "arcade_gmail_multiuser", timeout_s: float = 5.0
    ) -> None:
        try:
            # No socket_timeout: with one, redis-py sends inside asyncio.wait_for, which until
            # Python 3.12 swallows a cancellation. `bounded` bounds every step instead.
            self._redis: Redis = Redis.from_url(
                url, socket_timeout=None, socket_connect_timeout=timeout_s
            )
        except ValueError:
            raise ConfigurationError("The token store's address is not a Redis address.") from None
        self._prefix = f"{{{prefix}}}:"
        self._timeout_s = timeout_s
        # redis-py types a script as taking any client; one registered here needs none.
        self._put: Any = self._redis.register_script(_PUT)
        self._delete: Any = self._redis.register_script(_DELETE)
        self._reseal: Any = self._redis.register_script(_RESEAL)
        self._touch: Any = self._redis.register_script(_TOUCH)
        self._acquire: Any = self._redis.register_script(_ACQUIRE)
        self._renew: Any = self._redis.register_script(_RENEW)
        self._release: Any = self._redis.register_script(_RELEASE)

    async def prepare(self) -> None:
        """Check that Redis answers; there is nothing to create."""
        async with self._bounded():
            await self._redis.ping()

    async def get(self, key: TokenKey) -> TokenRecord | None:
        async with self._bounded():
            found: Any = await self._redis.hmget(self._record(key), *_FIELDS)
        return None if found[0] is None else _read(key, found)

    async def put_if_generation(self, record: TokenRecord, *, expected: int | None) -> bool:
        arguments = [
            self._sets,
            "" if expected is None else expected,
            record.generation,
            record.key_id,
            _rest_of(record),
            record.sealed_access,
            record.sealed_refresh or b"",
            "" if record.last_used_at is None else record.last_used_at,
            record.id,
            self._accounts,
            _joined((record.key.project, record.provider, record.subject)),
            record.created_at,
        ]
        async with self._bounded():
            keys = [self._record(record.key), self._key_names, self._ids, *self._lists(record.key)]
            return bool(await self._put(keys=keys, args=arguments))

    async def delete(self, key: TokenKey, *, expected: int) -> bool:
        async with self._bounded():
            keys = [self._record(key), self._lease(key), self._ids, *self._lists(key)]
            arguments = [self._sets, expected, self._accounts]
            return bool(await self._delete(keys=keys, args=arguments))

    async def find(self, project: str, connection_id: str) -> TokenRecord | None:
        async with self._bounded():
            name: Any = await self._redis.hget(self._ids, connection_id)
        key = None if name is None else self._key_of(name)
        return None if key is None or key.project != project else await self.get(key)

    async def page(
        self,
        project: str,
        *,
        limit: int,
        offset: int,
        user_id: str | None = None,
        provider: str | None = None,
    ) -> tuple[list[TokenRecord], int]:
        by_age = self._list(project, user_id, provider)
        async with self._bounded():
            total: Any = await self._redis.zcard(by_age)
            last = offset + limit - 1
            names: Any = await self._redis.zrange(by_age, offset, last) if limit > 0 else []
        return await self._records_of(names), int(total)

    async def users_of_account(self, project: str, provider: str, subject: str) -> int:
        name = self._accounts + _joined((project, provider, subject))
        async with self._bounded():
            count: Any = await self._redis.scard(name)
        return int(count)

    async def touch(self, used: Mapping[TokenKey, float]) -> None:
        async with self._bounded():
            pipeline = self._redis.pipeline(transaction=False)
            for key, at in used.items():
                await self._touch(keys=[self._record(key)], args=[at], client=pipeline)
            await pipeline.execute()

    async def key_ids(self) -> frozenset[str]:
        async with self._bounded():
            named: Any = await self._redis.smembers(self._key_names)
            names = [name.decode() for name in named]
            sizes = [await self._redis.scard(self._sets + name) for name in names]
        return frozenset(name for name, size in zip(names, sizes, strict=True) if size)

    async def stale(
        self, newest_key_id: str, *, batch: int
    ) -> AsyncIterator[Sequence[TokenRecord]]:
        for key_id in sorted(await self.key_ids() - {newest_key_id}):
            cursor = 0
            while True:
                # SSCAN returns everything that stays in the set, even while other members leave it.
                async with self._bounded():
                    found: Any = await self._redis.sscan(self._sets + key_id, cursor, count=batch)
                cursor, names = int(found[0]), found[1]
                for first in range(0, len(names), batch):
                    yield await self._records_of(names[first : first + batch])
                if cursor == 0:
                    break

    async def reseal(self, pairs: Iterable[Reseal]) -> None:
        async with self._bounded():
            pipeline = self._redis.pipeline(transaction=False)
            for pair in pairs:
                before, after = pair.before, pair.after
                await self._reseal(
                    keys=[self._record(before.key), self._key_names],
                    args=[
                        self._sets,
                        before.generation,
                        before.key_id,
                        after.key_id,
                        after.sealed_access,
                        after.sealed_refresh or b"",
                    ],
                    client=pipeline,
                )
            await pipeline.execute()

    async def acquire_lease(self, key: TokenKey, owner: str, seconds: float) -> LeaseHolder | None:
        async with self._bounded():
            found = await self._acquire(keys=[self._lease(key)], args=[owner, _ms(seconds)])
        if not found:
            return None
        return LeaseHolder(cooling=found[0] == b"", remaining_s=max(found[1], 0) / 1000)

    async def renew_lease(self, key: TokenKey, owner: str, seconds: float) -> bool:
        async with self._bounded():
            return bool(await self._renew(keys=[self._lease(key)], args=[owner, _ms(seconds)]))

    async def release_lease(self, key: TokenKey, owner: str, *, cooldown_s: float = 0.0) -> None:
        cooling = _ms(cooldown_s) if cooldown_s > 0 else 0
        async with self._bounded():
            await self._release(keys=[self._lease(key)], args=[owner, cooling])

    async def close(self) -> None:
        await self._redis.aclose()

    async def _records_of(self, names: Sequence[bytes]) -> list[TokenRecord]:
        async with self._bounded():
            pipeline = self._redis.pipeline(transaction=False)
            for name in names:
                pipeline.hmget(name.decode(), *_FIELDS)
            rows: Any = await pipeline.execute()
        records: list[TokenRecord] = []
        for name, row in zip(names, rows, strict=True):
            if row[0] is not None:
                with contextlib.suppress(StorageError):
                    records.append(_read(self._key_of(name), row))
        return records

    @property
    def _sets(self) -> str:
        return f"{self._prefix}sealed:"

    @property
    def _record_names(self) -> str:
        return f"{self._prefix}token:"

    @property
    def _key_names(self) -> str:
        return f"{self._prefix}keys"

    @property
    def _ids(self) -> str:
        return f"{self._prefix}ids"

    @property
    def _accounts(self) -> str:
        return f"{self._prefix}account:"

    def _lists(self, key: TokenKey) -> list[str]:
        return [
            self._list(key.project, user_id, provider)
            for user_id in (None, key.user_id)
            for provider in (None, key.provider)
        ]

    def _list(self, project: str, user_id: str | None, provider: str | None) -> str:
        # No id is empty, so an empty field can only mean "any".
        return f"{self._prefix}age:{_joined((project, user_id or '', provider or ''))}"

    def _record(self, key: TokenKey) -> str:
        return self._record_names + _name(key)

    def _lease(self, key: TokenKey) -> str:
        return f"{self._prefix}lease:{_name(key)}"

    def _key_of(self, name: bytes) -> TokenKey:
        try:
            fields = name.decode()[len(self._record_names) :].split(":")
            project, user_id, provider = (
                base64.urlsafe_b64decode(field).decode() for field in fields
            )
            return TokenKey(project, user_id, provider)
        except (ValueError, InvalidInput):
            raise unreadable() from None

    def _bounded(self) -> AbstractAsyncContextManager[None]:
        return bounded(self._timeout_s)


def _name(key: TokenKey) -> str:
    return _joined((key.project, key.user_id, key.provider))


def _joined(fields: Iterable[str]) -> str:
    # Encoded one by one, so that no id can run into the next.
    return ":".join(base64.urlsafe_b64encode(field.encode()).decode() for field in fields)


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)


def _rest_of(record: TokenRecord) -> str:
    return json.dumps(
        {
            "id": record.id,
            "status": record.status,
            "client_id": record.client_id,
            "subject": record.subject,
            "email": record.email,
            "scopes": join_scopes(record.scopes),
            "issued_at": record.issued_at,
            "expires_at": record.expires_at,
            "created_at": record.created_at,
            "updated_at": record.updated_at,
        }
    )


def _read(key: TokenKey, found: Sequence[bytes | None]) -> TokenRecord:
    generation, key_id, rest, access, refresh, used = found
    try:
        known = json.loads(rest or b"")
        return TokenRecord(
            key=key,
            id=str(known["id"]),
            generation=int(generation or b""),
            status="active" if known["status"] == "active" else "reauthorize",
            client_id=str(known["client_id"]),
            subject=str(known["subject"]),
            email=str(known["email"]),
            scopes=split_scopes(known["scopes"]),
            key_id=(key_id or b"").decode(),
            sealed_access=access or b"",
            sealed_refresh=refresh,
            issued_at=float(known["issued_at"]),
            expires_at=float(known["expires_at"]),
            created_at=float(known["created_at"]),
            updated_at=float(known["updated_at"]),
            last_used_at=None if used is None else float(used),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise unreadable() from None
