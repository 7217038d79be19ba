"""Measure calls per second of ListLabels through the worker, at 1, 10 and 100 people at once.

    .venv/bin/python -m bench.list_labels [--seconds 5] [--latency-ms 50] [--workers 1]

Sandbox, worker and this load generator are three processes on one machine, so on two cores they
share them: read the ratios, not the absolute numbers. One person's calls follow one another, so
one person cannot exceed 1000 / latency calls a second; what counts is how it grows with people.
"""

from __future__ import annotations

import argparse
import asyncio
import time
import uuid
from dataclasses import dataclass

import aiohttp
import jwt

from arcade_gmail_local.commands.stack import Stack

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"


@dataclass(frozen=True, slots=True)
class Measured:
    people: int
    calls: int
    failed: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds


def signed(secret: str) -> dict[str, str]:
    """Sign one worker call as the engine does."""
    claims = {"aud": "worker", "ver": "1", "exp": int(time.time()) + 60}
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}


async def connect(http: aiohttp.ClientSession, sandbox: str, people: int) -> dict[str, str]:
    """Make the accounts and a token for each."""
    tokens: dict[str, str] = {}
    for number in range(people):
        email = f"bench{number}@example.com"
        async with http.post(f"{sandbox}/_sandbox/accounts", json={"email": email, "messages": []}):
            pass
        wanted = {"email": email, "scopes": [SCOPE]}
        async with http.post(f"{sandbox}/_sandbox/tokens", json=wanted) as answer:
            tokens[email] = (await answer.json())["access_token"]
    return tokens


async def measure(
    http: aiohttp.ClientSession, worker: str, secret: str, tokens: dict[str, str], seconds: float
) -> Measured:
    """Let every person call again and again until the time is over."""
    headers = signed(secret)
    calls = failed = 0
    end = time.perf_counter() + seconds

    async def person(email: str, token: str) -> None:
        nonlocal calls, failed
        body = {
            "tool": {"name": "ListLabels", "toolkit": "GmailMultiuser"},
            "inputs": {},
            "context": {"authorization": {"token": token}, "user_id": email},
        }
        while time.perf_counter() < end:
            asked = {**body, "execution_id": uuid.uuid4().hex}
            async with http.post(
                f"{worker}/worker/tools/invoke", json=asked, headers=headers
            ) as answer:
                good = answer.status == 200 and (await answer.json())["success"]
            calls += 1
            failed += not good

    started = time.perf_counter()
    await asyncio.gather(*(person(email, token) for email, token in tokens.items()))
    return Measured(len(tokens), calls, failed, time.perf_counter() - started)


async def run(seconds: float, latency_ms: int, workers: int) -> list[Measured]:
    """Start sandbox and worker, measure at 1, 10 and 100 people, stop them."""
    results: list[Measured] = []
    async with (
        Stack(engine=False, seeded=False, workers=workers) as stack,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        tokens = await connect(http, stack.sandbox, 100)
        async with http.post(f"{stack.sandbox}/_sandbox/latency", json={"ms": latency_ms}):
            pass
        for people in (1, 10, 100):
            some = dict(list(tokens.items())[:people])
            await measure(http, stack.worker, stack.worker_secret, some, 0.5)  # warm-up
            results.append(await measure(http, stack.worker, stack.worker_secret, some, seconds))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    results = asyncio.run(run(asked.seconds, asked.latency_ms, asked.workers))
    alone = results[0].per_second
    print(f"{'people':>8}{'calls/s':>10}{'failed':>8}{'ratio':>8}")
    for one in results:
        print(
            f"{one.people:>8}{one.per_second:>10.1f}{one.failed:>8}{one.per_second / alone:>8.1f}"
        )


if __name__ == "__main__":
    main()
