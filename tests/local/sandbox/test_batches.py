"""Batches: many calls in one request, each with its own outcome."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE, BOB = "alice@example.com", "bob@example.com"
KIND = {"Content-Type": "multipart/mixed; boundary=xyz"}
PROFILE = "GET /gmail/v1/users/me/profile"


def batch(*calls: str, newline: str = "\r\n") -> bytes:
    """Write a batch; a call is "GET /path", further lines are its headers, a body after a blank."""
    parts = [
        f"--xyz\nContent-Type: application/http\nContent-ID: <b + {n}>\n\n{call}\n"
        for n, call in enumerate(calls)
    ]
    return ("".join(parts) + "--xyz--").replace("\n", newline).encode()


def outcomes(answer: httpx.Response) -> dict[str, tuple[int, str]]:
    """Give status and body by Content-ID."""
    assert answer.status_code == 200
    boundary = answer.headers["content-type"].partition("boundary=")[2]
    found = {}
    for part in answer.text.split(f"--{boundary}")[1:-1]:
        outer, head, body = part.strip().split("\r\n\r\n", 2)
        assert "application/http" in outer
        content_id = re.search(r"Content-ID: (.*)", outer)
        assert content_id is not None
        found[content_id[1].strip()] = (int(head.split()[1]), body.strip())
    return found


@pytest.mark.parametrize("path", ["/batch", "/batch/gmail/v1"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
async def test_every_call_has_its_own_outcome_under_its_own_id(
    google: Any, path: str, newline: str
) -> None:
    alice = google.person(ALICE)
    calls = (PROFILE, "GET /gmail/v1/users/me/messages/zzz?alt=json HTTP/1.1", "GET /nope")
    body = batch(*calls, newline=newline)
    answer = await google.ask(alice, "POST", path, content=body, headers=KIND)
    found = outcomes(answer)
    assert {k: v[0] for k, v in found.items()} == {
        "<response-b + 0>": 200,
        "<response-b + 1>": 400,
        "<response-b + 2>": 404,
    }
    assert f'"emailAddress":"{ALICE}"' in found["<response-b + 0>"][1]


async def test_a_parts_own_token_counts_before_the_outer_one(google: Any) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    body = batch(PROFILE, f"{PROFILE}\nAuthorization: Bearer {bob}", f"{PROFILE}\nauthorization: x")
    answer = await google.ask(alice, "POST", "/batch", content=body, headers=KIND)
    found = list(outcomes(answer).values())
    assert [status for status, _ in found] == [200, 200, 401]
    assert ALICE in found[0][1]
    assert BOB in found[1][1]
    answer = await google.ask("", "POST", "/batch", content=body, headers=KIND)
    assert [status for status, _ in outcomes(answer).values()] == [401, 200, 401]


async def test_the_outer_query_holds_for_every_call_that_has_no_other(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail("one"), write_mail("two"))
    calls = ("GET /gmail/v1/users/me/messages", "GET /gmail/v1/users/me/messages?maxResults=2")
    answer = await google.ask(
        alice, "POST", "/batch?maxResults=1", content=batch(*calls), headers=KIND
    )
    assert [body.count('"threadId"') for _, body in outcomes(answer).values()] == [1, 2]


async def test_a_call_may_have_a_body(google: Any) -> None:
    alice = google.person(ALICE)
    post = "POST /gmail/v1/users/me/labels\nContent-Type: application/json"
    with_length = post + '\nContent-Length: 15\n\n{"name": "One"}'
    body = batch(with_length, post + '\n\n{"name": "Two"}')
    answer = await google.ask(alice, "POST", "/batch", content=body, headers=KIND)
    assert [status for status, _ in outcomes(answer).values()] == [200, 200]


async def test_a_hundred_calls_and_no_more(google: Any, refusal: Refusal) -> None:
    alice = google.person(ALICE)
    body = batch(*[PROFILE] * 100)
    answer = await google.ask(alice, "POST", "/batch", content=body, headers=KIND)
    assert len(outcomes(answer)) == 100
    body = batch(*[PROFILE] * 101)
    answer = await google.ask(alice, "POST", "/batch", content=body, headers=KIND)
    text = "Inner request count exceeds the limit. Received: 101, Limit: 100"
    assert (refusal(answer)[0], refusal(answer)[2]) == (400, text)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"Content-Type": "application/json"}, b"{}"),
        (KIND, b""),
        (KIND, b"--xyz--"),
        (KIND, b"--xyz\r\nContent-Type: text/plain\r\n\r\nGET /\r\n--xyz--"),
        (KIND, b"--xyz\r\nContent-Type: application/http\r\n\r\n\r\n--xyz--"),
    ],
)
async def test_a_batch_nobody_can_read_is_a_400(
    google: Any, refusal: Refusal, headers: dict[str, str], body: bytes
) -> None:
    answer = await google.ask("", "POST", "/batch", content=body, headers=headers)
    assert refusal(answer)[0] == 400


async def test_a_batch_holds_no_batches_uploads_or_sign_ins(google: Any) -> None:
    alice = google.person(ALICE)
    calls = ("POST /batch", "POST /token", "GET /_sandbox/requests")
    answer = await google.ask(alice, "POST", "/batch", content=batch(*calls), headers=KIND)
    assert [status for status, _ in outcomes(answer).values()] == [404, 404, 404]


async def test_faults_strike_single_calls_of_a_batch(google: Any) -> None:
    alice = google.person(ALICE)
    fault = {
        "match": {"method": "users.getProfile", "user": ALICE},
        "action": {"status": 503, "body": "away"},
        "times": 2,
    }
    assert (await google.http.post("/_sandbox/faults", json=fault)).status_code == 201
    body = batch(PROFILE, "GET /gmail/v1/users/me/labels", PROFILE, PROFILE)
    answer = await google.ask(alice, "POST", "/batch", content=body, headers=KIND)
    assert [s for s, _ in outcomes(answer).values()] == [503, 200, 503, 200]


async def test_a_fault_without_a_body_is_worded_by_google_in_a_batch_too(google: Any) -> None:
    alice = google.person(ALICE)
    fault = {"match": {"method": "users.getProfile"}, "action": {"status": 429}}
    await google.http.post("/_sandbox/faults", json=fault)
    answer = await google.ask(alice, "POST", "/batch", content=batch(PROFILE), headers=KIND)
    [(status, body)] = outcomes(answer).values()
    [entry] = json.loads(body)["error"]["errors"]
    assert (status, entry["reason"]) == (429, "rateLimitExceeded")


async def test_every_call_is_recorded_and_costs_its_units(google: Any) -> None:
    alice = google.person(ALICE)
    await google.http.post("/_sandbox/limits", json={"units_per_minute": 2})
    body = batch(*[PROFILE] * 3)
    answer = await google.ask(alice, "POST", "/batch", content=body, headers=KIND)
    assert [s for s, _ in outcomes(answer).values()] == [200, 200, 403]
    records = (await google.http.get("/_sandbox/requests")).json()["requests"]
    assert [(r["in_batch"], r["gmail_method"], r["status"]) for r in records] == [
        (False, None, 200),
        (True, "users.getProfile", 200),
        (True, "users.getProfile", 200),
        (True, "users.getProfile", 403),
    ]
