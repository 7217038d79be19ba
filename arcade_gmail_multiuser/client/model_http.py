"""Ask a chat model's server over HTTP; asking twice does no harm, so a busy one is asked again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from arcade_gmail_multiuser.client.results import retry_after_ms
from arcade_gmail_multiuser.errors import ModelFailed

__all__ = ["ModelServer", "read_arguments"]

ATTEMPTS = 3
LONGEST_PAUSE_S = 30.0
LARGEST_ANSWER = 16 * 1024 * 1024
BUSY = frozenset({408, 409, 429})


class ModelServer:
    """One address of a model's API. Errors name a status and nothing of what was said."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        http_client: httpx.AsyncClient | None,
        timeout_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = url
        self._headers = dict(headers)
        self._owns_client = http_client is None
        self._client = http_client or httpx.AsyncClient()
        self._timeout_s = timeout_s
        self._sleep = sleep

    async def close(self) -> None:
        if self._owns_client:
            await self._client.aclose()

    async def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and give the JSON object that comes back.

        Raises:
            ModelFailed: an error's status, no connection, or an answer that is no JSON object.
        """
        content = json.dumps(body).encode()
        for attempt in range(ATTEMPTS):
            pause = 0.5 * 2**attempt
            try:
                status, headers, answer = await self._post(content)
            except httpx.HTTPError as problem:
                failure = ModelFailed(
                    "The chat model cannot be reached.", developer_message=type(problem).__name__
                )
            else:
                if status == 200:
                    return _object(answer)
                wait_ms = retry_after_ms(headers)
                failure = ModelFailed(
                    f"The chat model's server answered {status}.", retry_after_ms=wait_ms
                )
                failure.can_retry = status in BUSY or status >= 500
                pause = (wait_ms or pause * 1000) / 1000
            if not failure.can_retry or attempt == ATTEMPTS - 1 or pause > LONGEST_PAUSE_S:
                raise failure from None
            await self._sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    async def _post(self, content: bytes) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Content-Type": "application/json", **self._headers}
        async with self._client.stream(
            "POST", self._url, content=content, headers=headers, timeout=self._timeout_s
        ) as response:
            answer = bytearray()
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > LARGEST_ANSWER:
                    raise ModelFailed("The chat model's answer is too large.")
            return response.status_code, response.headers, bytes(answer)


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ModelFailed("The chat model's answer cannot be read.")
    return found


def read_arguments(given: object) -> dict[str, Any] | None:
    """Read a call's arguments, written as JSON or given as an object; None if they are neither."""
    if isinstance(given, str):
        try:
            given = json.loads(given, parse_constant=_no_number) if given.strip() else {}
        except (ValueError, RecursionError):
            return None
    return given if isinstance(given, dict) else None


def _no_number(_word: str) -> None:
    # NaN is no JSON: a conversation that holds one could not be sent to a model again.
    raise ValueError
