"""Connections that break, as a client on a real socket sees them."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import pytest

from arcade_gmail_local.sandbox.app import create_sandbox
from arcade_gmail_local.sandbox.http.middleware import ConnectionDropped

Mail = Callable[..., bytes]
ALICE, BOB = "alice@example.com", "bob@example.com"


async def strike(google: Any, path: str, times: int = 1, **action: Any) -> None:
    fault = {"match": {"path": path}, "action": action, "times": times}
    assert (await google.http.post("/_sandbox/faults", json=fault)).status_code == 201


def body_of(raw: bytes) -> dict[str, str]:
    return {"raw": base64.urlsafe_b64encode(raw).decode()}


@pytest.mark.parametrize(("when", "acted"), [("before", 0), ("after", 1)])
async def test_a_dropped_send_has_happened_or_not_and_the_client_cannot_tell(
    socketed: Any, write_mail: Mail, when: str, acted: int
) -> None:
    alice, bob = socketed.person(ALICE), socketed.person(BOB)
    await strike(socketed, "/messages/send", drop=when)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await socketed.send(alice, write_mail(to=BOB))
    assert len(await socketed.ids(alice, "in:sent")) == acted
    assert len(await socketed.ids(bob)) == acted
    sends = (await socketed.http.get("/_sandbox/requests")).json()["requests"]
    dropped = next(r for r in sends if r["gmail_method"] == "users.messages.send")
    assert (dropped["status"], dropped["fault"]) == (None, True)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_aiohttp_sees_a_server_that_went_away(socketed: Any, when: str) -> None:
    alice = socketed.person(ALICE)
    await strike(socketed, "/labels", drop=when)
    url = f"{socketed.http.base_url}/gmail/v1/users/me/labels"
    headers = {"Authorization": f"Bearer {alice}"}
    async with aiohttp.ClientSession() as session:
        # Not a GET: aiohttp repeats those once by itself, and nobody would notice.
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(url, headers=headers, json={"name": "Work"})
        async with session.post(url, headers=headers, json={"name": "Work"}) as answer:
            assert answer.status == (200 if when == "before" else 409)


async def test_a_truncated_answer_promises_more_than_it_holds(socketed: Any) -> None:
    alice = socketed.person(ALICE)
    await strike(socketed, "/profile", truncate=10)
    with pytest.raises(httpx.RemoteProtocolError):
        await socketed.ask(alice, "GET", "profile")
    await strike(socketed, "/profile", truncate=5, status=503, body="0123456789")
    url = f"{socketed.http.base_url}/gmail/v1/users/me/profile"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 503
        assert answer.headers["Content-Length"] == "10"
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert (await socketed.ask(alice, "GET", "profile")).status_code == 200


async def test_a_delay_holds_up_one_request_and_no_other(socketed: Any) -> None:
    alice = socketed.person(ALICE)
    await strike(socketed, "/labels", delay_ms=300)
    slow = asyncio.create_task(socketed.ask(alice, "GET", "labels"))
    began = time.monotonic()
    for _ in range(3):
        await socketed.get(alice, "profile")
    assert time.monotonic() - began < 0.3
    assert (await slow).status_code == 200


async def test_a_client_that_gives_up_leaves_the_sandbox_well(socketed: Any) -> None:
    alice = socketed.person(ALICE)
    await strike(socketed, "/labels", delay_ms=60, drop="after")
    with pytest.raises(httpx.ReadTimeout):
        await socketed.ask(alice, "GET", "labels", timeout=0.01)
    await socketed.get(alice, "labels")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_part_of_a_batch_takes_the_whole_connection_down(socketed: Any, when: str) -> None:
    alice = socketed.person(ALICE)
    await strike(socketed, "/profile", drop=when)
    part = b"--x\r\nContent-Type: application/http\r\n\r\nGET /gmail/v1/users/me/profile\r\n"
    kind = {"Content-Type": "multipart/mixed; boundary=x"}
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await socketed.ask(alice, "POST", "/batch", content=part + b"--x--", headers=kind)
    answer = await socketed.ask(alice, "POST", "/batch", content=part + b"--x--", headers=kind)
    assert b"HTTP/1.1 200 OK" in answer.content


async def test_breaking_connections_leaves_no_complaint_in_the_log(
    socketed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    alice = socketed.person(ALICE)
    for action in ({"drop": "before"}, {"drop": "after"}, {"truncate": 3}):
        await strike(socketed, "/profile", **action)
        with pytest.raises(httpx.TransportError):
            await socketed.ask(alice, "GET", "profile")
    assert [r for r in caplog.records if r.name.startswith("uvicorn")] == []


async def test_without_a_socket_a_drop_is_an_exception(google: Any) -> None:
    alice = google.person(ALICE)
    await strike(google, "/profile", drop="before")
    with pytest.raises(ConnectionDropped):
        await google.ask(alice, "GET", "profile")


def test_two_sandboxes_share_nothing() -> None:
    one, two = create_sandbox(seeded=False), create_sandbox(seeded=False)
    one.store.open_mailbox(ALICE)
    assert two.store.mailbox(ALICE) is None
    token = one.identity.issue_token(ALICE, ["x"])
    assert two.identity.grant_of(token) is None
