"""Measure reading many messages: gets side by side against batches, in one run.

    python bench/read_many.py [--latency-ms 50] [--part-ms 2] [--rounds 5]

The server is a process of its own on loopback. It answers every request after the latency; a batch
takes `part-ms` more for each part, because Google does not work on all of them at once either.
Side by side means what call_each does with few calls: at most eight of one person in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import statistics
import time
from multiprocessing.connection import Connection

from aiohttp import web

from arcade_gmail_multiuser.gmail.api.batch import call_in_batches
from arcade_gmail_multiuser.gmail.api.client import GmailClient, together
from arcade_gmail_multiuser.gmail.api.quota import Quota
from arcade_gmail_multiuser.gmail.api.requests import build
from arcade_gmail_multiuser.gmail.api.transport import close_transport

PART = re.compile(rb"Content-ID: <([^>]+)>\r\n\r\nGET \S*/messages/(\w+)\S* HTTP")


def message(ident: str) -> bytes:
    """About the size of an ordinary mail in format full."""
    headers = [{"name": f"X-Header-{n}", "value": "v" * 60} for n in range(30)]
    body = {"size": 3000, "data": "QUJD" * 1000}
    payload = {"partId": "", "mimeType": "text/plain", "headers": headers, "body": body}
    return json.dumps({"id": ident, "threadId": ident, "payload": payload}).encode()


def serve(pipe: Connection, latency: float, part: float) -> None:
    async def one(request: web.Request) -> web.Response:
        await asyncio.sleep(latency)
        return web.Response(body=message(request.match_info["id"]), content_type="application/json")

    async def batch(request: web.Request) -> web.Response:
        calls = PART.findall(await request.read())
        await asyncio.sleep(latency + part * len(calls))
        parts = [
            b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-%s>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n%s\r\n"
            % (item, message(ident.decode()))
            for item, ident in calls
        ]
        return web.Response(
            body=b"".join(parts) + b"--b--\r\n",
            headers={"content-type": "multipart/mixed; boundary=b"},
        )

    async def run() -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gmail/v1/users/me/messages/{id}", one)
        app.router.add_post("/batch/gmail/v1", batch)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


async def seconds(count: int, size: int | None) -> float:
    """Return how long one person's `count` reads take; size None means side by side."""
    client = GmailClient("token", "bench", quota=Quota(units_per_minute=10**9), deadline_s=300)
    started = time.perf_counter()
    requests = [
        build("users.messages.get", userId="me", id=f"{n:016x}", format="full")
        for n in range(count)
    ]
    if size is None:
        outcomes = await together(*map(client.attempt, requests))
    else:
        outcomes = await call_in_batches(client, requests, size=size)
    taken = time.perf_counter() - started
    assert [outcome["id"] for outcome in outcomes if isinstance(outcome, dict)] == [
        f"{n:016x}" for n in range(count)
    ]
    return taken


async def measure(rounds: int) -> None:
    ways: dict[str, int | None] = {"side by side": None, "of 10": 10, "of 25": 25, "of 50": 50}
    print(f"{'messages':>8} " + "".join(f"{way:>22}" for way in ways))
    for count in (2, 4, 8, 16, 25, 50, 100, 200):
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds + 1):  # the first round opens the connections
            for way, size in ways.items():
                taken[way].append(await seconds(count, size))
        medians = {way: statistics.median(times[1:]) for way, times in taken.items()}
        base = medians["side by side"]
        cells = "".join(f"{m * 1000:>12.0f} ms {base / m:>5.1f} x" for m in medians.values())
        print(f"{count:>8} {cells}")
    await close_transport()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--part-ms", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, given.latency_ms / 1000, given.part_ms / 1000), daemon=True
    )
    server.start()
    os.environ["GMAIL_API_ENDPOINT"] = f"http://127.0.0.1:{here.recv()}"
    try:
        asyncio.run(measure(given.rounds))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
