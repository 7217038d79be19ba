"""Sign and write calls to the worker."""

from __future__ import annotations

import time
from typing import Any

import jwt

__all__ = ["SECRET", "TOKEN", "call", "signed", "token"]

SECRET = "a-secret-of-the-tests-that-is-long-enough"
TOKEN = "ya29.canary-token-that-must-not-leak"


def token(
    secret: str = SECRET, *, without: str = "", algorithm: str = "HS256", **claims: Any
) -> str:
    given = {"aud": "worker", "ver": "1", "exp": time.time() + 60, **claims}
    given.pop(without, None)
    return jwt.encode(given, secret, algorithm=algorithm)


def signed(value: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token() if value is None else value}"}


def call(name: str = "ListLabels", *, version: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "execution_id": "e1",
        "tool": {"name": name, "toolkit": "GmailMultiuser", "version": version},
        "inputs": {},
        "context": {"user_id": "alice", "authorization": {"token": TOKEN}},
        **more,
    }
