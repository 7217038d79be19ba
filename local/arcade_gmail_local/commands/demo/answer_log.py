"""Record what the engine answers, to search it for what must never be there."""

from __future__ import annotations

import re

import httpx
from arcadepy import AsyncArcade

__all__ = ["AnswerLog", "arcade_client"]

TOKEN = re.compile(r"ya29\.|1//0|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.")
"""How Google's access and refresh tokens begin, and what a JWT looks like."""


class AnswerLog:
    """The headers and bodies of every answer of the engine to arcadepy."""

    def __init__(self) -> None:
        self._answers: list[str] = []

    async def record(self, answer: httpx.Response) -> None:
        await answer.aread()
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self._answers.append(f"{headers}\n\n{answer.text}")

    @property
    def count(self) -> int:
        return len(self._answers)

    def count_leaks(self, *secrets: str) -> int:
        """Count the answers with a token or one of these secrets."""
        return sum(
            bool(TOKEN.search(answer)) or any(secret in answer for secret in secrets)
            for answer in self._answers
        )


def arcade_client(engine: str, api_key: str, answer_log: AnswerLog) -> AsyncArcade:
    """Make a real arcadepy client for a local engine, ignoring proxies in the environment."""
    http_client = httpx.AsyncClient(
        trust_env=False, timeout=60.0, event_hooks={"response": [answer_log.record]}
    )
    return AsyncArcade(base_url=engine, api_key=api_key, http_client=http_client)
