"""What a worker that is told to end does with the calls that are under way."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import Any

import aiohttp
import jwt
import pytest
from mail import write_mail
from processes import COMMAND, clean_environment
from world import World

from arcade_gmail_multiuser.gmail.scopes import GMAIL_SEND

SECRET = "a-secret-of-the-worker-with-more-than-32-bytes"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_send_under_way_is_finished_before_the_worker_ends(
    sandbox: World, workers: int
) -> None:
    alice, bob = await sandbox.account(write_mail()), await sandbox.account()
    token = await alice.token([GMAIL_SEND])
    await sandbox.fault("users.messages.send", delay_ms=4_000)
    arguments = ("serve", "--port", "0", "--announce", "--workers", str(workers))
    worker = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=clean_environment(ARCADE_WORKER_SECRET=SECRET, GMAIL_API_ENDPOINT=sandbox.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    try:
        url = json.loads(await worker.stdout.readline())["url"]
        sending = asyncio.ensure_future(send(url, token, bob.email))
        await under_way(sandbox)
        worker.send_signal(signal.SIGTERM)
        assert (await sending)["success"] is True
        await asyncio.wait_for(worker.wait(), 10)
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


async def send(worker: str, token: str, recipient: str) -> Any:
    claims = {"aud": "worker", "ver": "1", "exp": int(time.time()) + 60}
    signed = jwt.encode(claims, SECRET, algorithm="HS256")
    asked = {
        "tool": {"name": "SendEmail", "toolkit": "GmailMultiuser"},
        "inputs": {"subject": "s", "body": "b", "recipient": recipient},
        "context": {"authorization": {"token": token}, "user_id": "alice"},
        "execution_id": "e1",
    }
    headers = {"Authorization": f"Bearer {signed}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{worker}/worker/tools/invoke", json=asked) as answer,
    ):
        return await answer.json()


async def under_way(sandbox: World) -> None:
    """Wait until Google's stand-in holds the send."""
    async with asyncio.timeout(60):
        while True:
            if "users.messages.send" in await sandbox.methods():
                return
            await asyncio.sleep(0.05)
