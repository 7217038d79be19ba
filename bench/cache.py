"""Measure a hit, a miss and a warm-up of UserContextCache.

    .venv/bin/python -m bench.cache [--users 1000] [--tools 30] [--warm 2000]

The warm-up goes through arcadepy to an engine inside this process, so it shows what client and
cache cost, without a network.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client import UserContextCache

MAX_US = 20.0
LOOKUPS = 200_000


def definition(number: int) -> dict[str, Any]:
    parameters = [
        {"name": f"p{n}", "description": "x" * 80, "value_schema": {"val_type": "string"}}
        for n in range(6)
    ]
    return {
        "name": f"GetThing{number}",
        "qualified_name": f"GmailMultiuser.GetThing{number}",
        "fully_qualified_name": f"GmailMultiuser.GetThing{number}@1",
        "description": "x" * 300,
        "toolkit": {"name": "GmailMultiuser"},
        "input": {"parameters": parameters},
    }


def microseconds(work: Callable[[str], object], users: list[str]) -> float:
    started = time.perf_counter()
    for user in users:
        work(user)
    return (time.perf_counter() - started) / len(users) * 1e6


async def warm_up(tools: list[dict[str, Any]], users: int) -> float:
    page = {"items": tools, "offset": 0, "total_count": len(tools)}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    async with AsyncArcade(
        api_key="k", base_url="http://engine", http_client=httpx.AsyncClient(transport=transport)
    ) as client:
        cache = UserContextCache(users)
        started = time.perf_counter()
        report = await cache.warm_cache(client, (f"user{n}" for n in range(users)))
        assert report.loaded == users
        return users / (time.perf_counter() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--tools", type=int, default=30)
    parser.add_argument("--warm", type=int, default=2000)
    given = parser.parse_args()
    described = [definition(n) for n in range(given.tools)]
    tools = [ToolDefinition.model_validate(one) for one in described]
    cache = UserContextCache(given.users)
    people = [f"user{n}@example.com" for n in range(given.users)]
    keeping = microseconds(lambda user: cache.set_cached_tools(user, list(tools)), people)
    draw = random.Random(1)
    hit = microseconds(cache.get_cached_tools, draw.choices(people, k=LOOKUPS))
    miss = microseconds(cache.get_cached_tools, [f"other{n}" for n in range(LOOKUPS)])
    stats = cache.stats
    assert stats.hits == LOOKUPS
    print(f"hit      {hit:8.2f} µs   (at most {MAX_US:.0f})")
    print(f"miss     {miss:8.2f} µs")
    print(f"keeping  {keeping:8.2f} µs   for {given.tools} tools")
    print(f"held     {stats.bytes / stats.size / 1024:8.1f} KiB of JSON a user")
    print(f"warm-up  {asyncio.run(warm_up(described, given.warm)):8.0f} users/s")
    return 0 if hit < MAX_US else 1


if __name__ == "__main__":
    sys.exit(main())
