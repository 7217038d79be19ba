"""The worker's application, and a client that reaches it but not Google."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from worker_calls import SECRET

from arcade_gmail_multiuser.gmail.api import client as gmail_client
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy
from arcade_gmail_multiuser.worker import create_app


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(secret=SECRET)


@pytest.fixture
def client(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    # A port that nothing listens on: no test here reaches Google.
    monkeypatch.setenv("GMAIL_API_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(
        gmail_client, "RetryPolicy", partial(RetryPolicy, base_s=0.001, cap_s=0.005)
    )
    with TestClient(app, raise_server_exceptions=True) as started:
        yield started
