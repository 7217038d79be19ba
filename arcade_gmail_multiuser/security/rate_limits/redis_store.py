"""Count attempts in Redis: one sorted set a key, changed by one atomic script."""

from __future__ import annotations

import secrets
from typing import Any

from redis.asyncio import Redis

from arcade_gmail_multiuser.security.backend_errors import fail_closed
from arcade_gmail_multiuser.security.rate_limits.limiter import limiter_unavailable

__all__ = ["RedisAttemptStore"]

# The same rule as `weigh_attempt`. Each attempt has a random name: if the client sends the script
# again because the answer was lost, the attempt is found and not counted twice.
_ADMIT = """
local key, name = KEYS[1], ARGV[1]
local limit, window, now = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', key, '(' .. (now + window), '+inf')
if redis.call('ZSCORE', key, name) then return 0 end
local count = redis.call('ZCARD', key)
if count < limit then
  redis.call('ZADD', key, now, name)
  redis.call('PEXPIRE', key, 2 * window)
  return 0
end
local oldest = tonumber(redis.call('ZRANGE', key, -limit, -limit, 'WITHSCORES')[2])
return math.max(1, math.min(oldest + window - now, window))
"""


class RedisAttemptStore:
    """Share counts through a Redis that does not evict (`maxmemory-policy noeviction`).

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        prefix: begins every key.
        timeout_s: how long an attempt may wait for an answer before it is refused.
    """

    def __init__(
        self, url: str, *, prefix: str = "arcade_gmail_multiuser:attempts:", timeout_s: float = 5.0
    ) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
        self._admit: Any = self._redis.register_script(_ADMIT)
        self._prefix = prefix
        self._timeout_s = timeout_s

    async def prepare(self) -> None:
        async with fail_closed(self._timeout_s, limiter_unavailable):
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    async def admit(self, key: str, *, limit: int, window_ms: int, now_ms: int) -> int:
        arguments = [secrets.token_hex(8), limit, window_ms, now_ms]
        async with fail_closed(self._timeout_s, limiter_unavailable):
            return int(await self._admit(keys=[self._prefix + key], args=arguments))
