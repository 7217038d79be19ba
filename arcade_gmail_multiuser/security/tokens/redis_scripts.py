"""The steps that Redis runs as one, for the token store.

A record is a hash: g generation, k key id, m the rest as JSON, a and r the sealed tokens, u when it
was last used, i its id and s its account. `<prefix>sealed:<key id>` is the set of the records that
are sealed with a key, `<prefix>ids` finds a record by its id, `<prefix>account:…` is the set of an
account's records, and four sorted sets list records by age: a project's, and those of a user, of a
provider and of both. All names begin with the same `{…}`, so that a cluster keeps them together.
"""

from __future__ import annotations

__all__ = ["ACQUIRE", "DELETE", "PUT", "RELEASE", "RENEW", "RESEAL", "TOUCH"]

# KEYS: record, names of key ids, ids, then the lists by age.
# ARGV: prefix of the sets, expected, g, k, m, a, r, u, i, prefix of the accounts, s, created at
PUT = """
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
DELETE = """
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
RESEAL = """
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
TOUCH = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'u', ARGV[1])
return 1
"""

# KEYS: lease. ARGV: owner, milliseconds. Gives {} when taken, else {owner, milliseconds left}.
ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {holder, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {}
"""

# KEYS: lease. ARGV: owner, milliseconds
RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

# KEYS: lease. ARGV: owner, milliseconds in which nobody gets it
RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], '', 'PX', ARGV[2])
return 1
"""
