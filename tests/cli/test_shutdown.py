"""What a worker that is told to end does with the calls that are under way."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from arcade_gmail_local.commands.stack import Stack

SCOPE = "https://www.googleapis.com/auth/gmail.send"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_send_under_way_is_finished_before_the_worker_ends(
    tmp_path: Path, workers: int
) -> None:
    stack = Stack(tmp_path, engine=False, workers=workers)
    async with stack as running, aiohttp.ClientSession() as http:

        async def control(what: str, given: Any) -> Any:
            async with http.post(f"{running.sandbox}/_sandbox/{what}", json=given) as answer:
                return await answer.json() if answer.content_type == "application/json" else None

        alice = {"email": "alice@example.com", "scopes": [SCOPE]}
        token = (await control("tokens", alice))["access_token"]
        slow = {"match": {"method": "users.messages.send"}, "action": {"delay_ms": 4_000}}
        await control("faults", {**slow, "times": 1})
        claims = {"aud": "worker", "ver": "1", "exp": int(time.time()) + 60}
        signed = jwt.encode(claims, running.worker_secret, algorithm="HS256")

        async def send() -> Any:
            asked = {
                "tool": {"name": "SendEmail", "toolkit": "GmailMultiuser"},
                "inputs": {"subject": "s", "body": "b", "recipient": "bob@example.com"},
                "context": {"authorization": {"token": token}, "user_id": "alice"},
                "execution_id": "e1",
            }
            async with http.post(
                f"{running.worker}/worker/tools/invoke",
                json=asked,
                headers={"Authorization": f"Bearer {signed}"},
            ) as answer:
                return await answer.json()

        sending = asyncio.ensure_future(send())
        await under_way(http, running.sandbox)
        os.kill(stack.children[1].pid, signal.SIGTERM)
        assert (await sending)["success"] is True
        await asyncio.wait_for(stack.children[1].ended(), 10)


async def under_way(http: aiohttp.ClientSession, sandbox: str) -> None:
    """Wait until Google's stand-in holds the send."""
    async with asyncio.timeout(20):
        while True:
            async with http.get(f"{sandbox}/_sandbox/requests") as answer:
                asked = (await answer.json())["requests"]
            if any(request["gmail_method"] == "users.messages.send" for request in asked):
                return
            await asyncio.sleep(0.05)
