"""What every part of the stack agrees on: addresses, canaries and the time."""

from __future__ import annotations

API_KEY = "arc_canary-api-key-0123456789"
WORKER_SECRET = "canary-worker-secret-0123456789abcdef"
CLIENT_SECRET = "GOCSPX-canary-client-secret"
ENGINE = "http://127.0.0.1:9099"
READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
IDENTITY = {"openid", "https://www.googleapis.com/auth/userinfo.email"}
PROVIDER = "http://127.0.0.1:9100"
WORKER = "http://127.0.0.1:8002"
VERIFIER = "https://app.example.com/verify?tenant=1"


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now
