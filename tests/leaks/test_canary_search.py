"""The search itself: what it is given to find, it finds."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from leak_search.canaries import FRAGMENT, Canaries, planted

SECRET = planted("text")
WRITTEN = {
    "plain": SECRET.encode(),
    "JSON": json.dumps({"a": SECRET}).encode(),
    "JSON in JSON": json.dumps(json.dumps(SECRET)).encode(),
    "hex": SECRET.encode().hex().encode(),
    "HEX": SECRET.encode().hex().upper().encode(),
    "URL": quote(SECRET, safe="").encode(),
    "form": quote_plus(SECRET).encode(),
    "repr of bytes": repr(SECRET.encode()).encode(),
    "UTF-16": SECRET.encode("utf-16-le"),
    "reversed": SECRET.encode()[::-1],
    **{f"base64 {n}": base64.b64encode(n * b"x" + SECRET.encode()) for n in range(3)},
    **{f"base64url {n}": base64.urlsafe_b64encode(n * b"x" + SECRET.encode()) for n in range(3)},
    "base64 of JSON": base64.b64encode(json.dumps(SECRET).encode()),
}


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    found = Canaries()
    found.add("mail", SECRET)
    return found


@pytest.mark.parametrize("form", WRITTEN)
def test_every_form_is_found_between_other_bytes(canaries: Canaries, form: str) -> None:
    data = b"2026-11-23 DEBUG x=(\x00" + WRITTEN[form] + b"\xff) and so on\n" * 3
    assert {hit.kind for hit in canaries.search(data)} == {"mail"}


def test_an_abbreviated_secret_is_found(canaries: Canaries) -> None:
    part = SECRET.encode()[20 : 20 + FRAGMENT]
    assert canaries.search(b"<Handle x(b'" + part + b"...')>")
    assert not canaries.search(b"<Handle x(b'" + part[:-1] + b"...')>")


def test_a_hit_does_not_repeat_what_it_found(canaries: Canaries) -> None:
    (hit,) = canaries.search(f"before-{SECRET}".encode())
    assert not canaries.search(repr(hit).encode())
