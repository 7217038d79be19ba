"""Only signed, short-lived and bounded requests get in."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from worker_calls import SECRET, call, signed, token

from arcade_gmail_multiuser.worker import guards
from arcade_gmail_multiuser.worker.guards import SignedCallsOnly


def unsigned_claims(**header: Any) -> str:
    claims = {"aud": "worker", "ver": "1", "exp": time.time() + 60}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"typ": "JWT", **header}, claims)
    ]
    return ".".join([*parts, ""])


WRONG_TOKENS = {
    "wrong secret": lambda: token("another-secret-that-is-long-enough-too"),
    "no exp": lambda: token(without="exp"),
    "expired": lambda: token(exp=time.time() - 5),
    "expires in a year": lambda: token(exp=time.time() + 365 * 86_400),
    "expires never": lambda: token(exp=float("inf")),
    "exp is text": lambda: token(exp="soon"),
    "no aud": lambda: token(without="aud"),
    "wrong aud": lambda: token(aud="engine"),
    "no ver": lambda: token(without="ver"),
    "wrong ver": lambda: token(ver="2"),
    "HS512": lambda: token(algorithm="HS512"),
    "alg none": lambda: unsigned_claims(alg="none"),
    "alg None": lambda: unsigned_claims(alg="None"),
    "not yet valid": lambda: token(nbf=time.time() + 600),
    "garbage": lambda: "garbage",
    "empty": lambda: "",
    "three dots": lambda: "a.b.c",
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", WRONG_TOKENS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/worker/tools"),
        ("POST", "/worker/tools/invoke"),
        ("POST", "/worker/resources/list"),
    ],
)
def test_a_token_that_is_not_right_is_a_401(
    client: TestClient, name: str, method: str, path: str
) -> None:
    answer = client.request(
        method,
        path,
        headers=signed(WRONG_TOKENS[name]()),
        json=call() if method == "POST" else None,
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert SECRET not in answer.text


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_our_own_check_needs_no_second_one_behind_it(name: str) -> None:
    guarded = SignedCallsOnly(PlainTextResponse("let in"), secret=SECRET)
    behind = TestClient(guarded)
    assert behind.get("/worker/tools", headers=signed()).text == "let in"
    assert behind.get("/worker/tools", headers=signed(WRONG_TOKENS[name]())).status_code == 401


@pytest.mark.parametrize(
    "authorization", [None, "Basic YTpi", SECRET, "Bearer", "Token x", "Bearer  "]
)
def test_anything_but_one_bearer_token_is_a_401(
    client: TestClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.get("/worker/tools", headers=headers).status_code == 401


def test_two_authorization_headers_are_a_401(client: TestClient) -> None:
    good = ("Authorization", f"Bearer {token()}")
    assert client.get("/worker/tools", headers=[good, good]).status_code == 401


def test_a_body_without_end_is_a_413(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MAX_BODY_BYTES", 10_000)
    answer = client.post("/worker/tools/invoke", headers=signed(), content=b" " * 20_000)
    assert answer.status_code == 413
