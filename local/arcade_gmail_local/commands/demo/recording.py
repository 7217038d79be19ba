"""Keep what the engine answered, byte for byte, to look in it for what must never be there."""

from __future__ import annotations

import re

import httpx
from arcadepy import AsyncArcade

__all__ = ["Wire", "arcade_client"]

TOKEN = re.compile(r"ya29\.|1//0|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.")
"""How Google's access tokens and refresh tokens begin, and what a JWT looks like."""


class Wire:
    """The bodies and headers of every answer that the engine gave to arcadepy."""

    def __init__(self) -> None:
        self._answers: list[str] = []

    async def keep(self, answer: httpx.Response) -> None:
        await answer.aread()
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self._answers.append(f"{headers}\n\n{answer.text}")

    @property
    def count(self) -> int:
        return len(self._answers)

    def holding(self, *secrets: str) -> int:
        """Count the answers that hold a token, or one of these secrets."""
        return sum(
            bool(TOKEN.search(answer)) or any(secret in answer for secret in secrets)
            for answer in self._answers
        )


def arcade_client(engine: str, api_key: str, wire: Wire) -> AsyncArcade:
    """Make the real arcadepy client on a local engine, whatever proxy the environment names."""
    http_client = httpx.AsyncClient(
        trust_env=False, timeout=60.0, event_hooks={"response": [wire.keep]}
    )
    return AsyncArcade(base_url=engine, api_key=api_key, http_client=http_client)
