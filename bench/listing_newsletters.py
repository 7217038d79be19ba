"""Measure what an agent receives, and what it costs, for 100 newsletters of 60 KB of HTML.

The sandbox runs in a process of its own, so the CPU counted is the worker's: asking, parsing,
turning HTML into text, and fitting it into the budget.

Run: python -m bench.listing_newsletters
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import socket
import statistics
import time
from email.message import EmailMessage
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
import uvicorn
from arcade_core.schema import ToolAuthorizationContext, ToolContext

from arcade_gmail_local.sandbox.app import create_sandbox
from arcade_gmail_multiuser.gmail.api import client as gmail_client
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.transport import close_transport
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.tools.search.tools import list_emails
from bench.html_to_text import newsletter

COUNT = 100
HTML_BYTES = 60_000
ROUNDS = 5
PERSON = "reader@example.com"


def serve(pipe: Connection) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        pipe.send(listener.getsockname()[1])
        app = create_sandbox(seeded=False)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        asyncio.run(server.serve(sockets=[listener]))


def mail(number: int) -> bytes:
    message = EmailMessage()
    message["From"] = f"The Daily {number} <news{number}@example.org>"
    message["To"] = PERSON
    message["Subject"] = f"What happened today, part {number}"
    message["List-Unsubscribe"] = "<https://example.org/leave>"
    message.set_content("This mail is best read as HTML.")
    message.add_alternative(newsletter(HTML_BYTES), subtype="html")
    return message.as_bytes()


async def prepare(url: str) -> ToolContext:
    messages = [base64.b64encode(mail(number)).decode() for number in range(COUNT)]
    async with aiohttp.ClientSession() as http:
        for start in range(0, COUNT, 10):
            given: dict[str, Any] = {"email": PERSON, "messages": messages[start : start + 10]}
            async with http.post(f"{url}/_sandbox/accounts", json=given) as answer:
                answer.raise_for_status()
        wanted = {"email": PERSON, "scopes": [GMAIL_READONLY]}
        async with http.post(f"{url}/_sandbox/tokens", json=wanted) as answer:
            token = (await answer.json())["access_token"]
    return ToolContext(authorization=ToolAuthorizationContext(token=token), user_id=PERSON)


async def measure(url: str) -> None:
    context = await prepare(url)
    print(f"{COUNT} newsletters of {HTML_BYTES:,} bytes of HTML")
    for name, more in {
        "include_body": {"include_body": True},
        "include_body, 200,000 characters": {"include_body": True, "max_chars": 200_000},
        "headers and snippets only": {},
    }.items():
        spent, answer = [], {}
        for _ in range(ROUNDS):
            began = time.process_time()
            answer = await list_emails(context, n_emails=COUNT, **more)
            spent.append((time.process_time() - began) * 1000)
        characters = len(json.dumps(answer, ensure_ascii=False))
        print(
            f"{name}: {characters:,} characters, {statistics.median(spent):.0f} ms of CPU, "
            f"{len(answer['emails'])} messages shown, {len(answer['omitted_ids'])} named, "
            f"says: {answer['omitted'] or 'nothing left out'}"
        )
    await close_transport()


def main() -> None:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    os.environ["GMAIL_API_ENDPOINT"] = url
    # What is measured is the work, not the wait for a person's quota.
    gmail_client.shared_quota = lambda: Quota(units_per_minute=10**9)
    try:
        asyncio.run(measure(url))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
