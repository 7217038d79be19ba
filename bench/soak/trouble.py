"""Order faults from the sandbox while people work."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import aiohttp

__all__ = ["Controls", "keep_failing"]

LOOK_S = 0.02
SEND, TOKENS = "users.messages.send", "/token"
LIMIT = {"error": {"code": 403, "message": "Quota exceeded for quota metric", "errors": [
    {"domain": "usageLimits", "reason": "userRateLimitExceeded", "message": "Rate Limit Exceeded"}
]}}  # fmt: skip
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("503", {"action": {"status": 503}, "times": 3}),
    ("500 to a send", {"match": {"method": SEND}, "action": {"status": 500}}),
    ("429", {"action": {"status": 429, "headers": {"Retry-After": "1"}}, "times": 2}),
    ("403 rate limit", {"match": {"method": "GET"}, "action": {"status": 403, "body": LIMIT}}),
    ("dropped before", {"action": {"drop": "before"}, "times": 2}),
    ("send dropped before", {"match": {"method": SEND}, "action": {"drop": "before"}}),
    ("send dropped after", {"match": {"method": SEND}, "action": {"drop": "after"}, "times": 2}),
    ("draft dropped after", {"match": {"path": "*/drafts/send"}, "action": {"drop": "after"}}),
    ("batch dropped", {"match": {"path": "/batch/gmail/v1"}, "action": {"drop": "after"}}),
    ("answer cut", {"match": {"path": "/gmail/*"}, "action": {"truncate": 20}}),
    ("slow", {"action": {"delay_ms": 1500}, "times": 3}),
    ("token endpoint 500", {"match": {"path": TOKENS}, "action": {"status": 500}}),
    ("token answer lost", {"match": {"path": TOKENS}, "action": {"drop": "after"}}),
)


class Controls:
    """/_sandbox/…, as far as a soak needs it."""

    def __init__(self, sandbox: str, session: aiohttp.ClientSession) -> None:
        self._address = f"{sandbox}/_sandbox"
        self._session = session

    async def post(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._session.post(f"{self._address}/{name}", json=body) as answer:
            answer.raise_for_status()
            return dict(await answer.json())

    async def messages(self, email: str) -> list[dict[str, Any]]:
        url = f"{self._address}/messages"
        async with self._session.get(url, params={"email": email}) as answer:
            answer.raise_for_status()
            return list((await answer.json())["messages"])

    async def mend(self) -> int:
        """Take all faults back; give how many were not used up."""
        async with self._session.delete(f"{self._address}/faults") as answer:
            answer.raise_for_status()
            return int((await answer.json())["left"])


async def keep_failing(
    controls: Controls,
    chance: random.Random,
    calls: Counter[str],
    *,
    every: int,
    ordered: Counter[str],
    met: Counter[str],
) -> None:
    """Order a fault for every so many calls, until cancelled; one to three requests use it up.

    Faults that no request has met by then are withdrawn. Otherwise faults of rare requests, such as
    those to the token endpoint, would queue up, and one person who connects would meet them all.
    """
    name = ""
    while True:
        await asyncio.sleep(LOOK_S)
        if calls.total() < every * (ordered.total() + 1):
            continue
        left = await controls.mend()
        if name and not left:
            met[name] += 1
        name, fault = chance.choice(KINDS)
        ordered[name] += 1
        await controls.post("faults", fault)
