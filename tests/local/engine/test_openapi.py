"""The OpenAPI document says what the routes do, and no random request breaks anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from engine_stack.facts import API_KEY, CLIENT_SECRET, PROVIDER, READ, SEND, WORKER, WORKER_SECRET
from engine_stack.facts import Clock as StillClock
from engine_stack.outbound import AsgiOutbound
from engine_stack.provider import FakeProvider
from engine_stack.stack import Stack, settings_for
from engine_stack.worker import FakeWorker
from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from arcade_gmail_local.engine.api.openapi import openapi_document
from arcade_gmail_local.engine.app import create_engine_app
from arcade_gmail_local.engine.settings import EngineSettings

EXAMPLES = 10


async def test_the_document_names_every_route_and_no_other(stack: Stack) -> None:
    routes = {
        (route.path, method.lower())
        for route in stack.app.routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    reply = await stack.http().get("/v1/swagger")
    documented = {
        (path, method) for path, methods in reply.json()["paths"].items() for method in methods
    }
    assert documented == routes


async def test_the_document_is_for_who_has_a_key_and_on_loopback_only(
    stack: Stack, verified: Stack
) -> None:
    assert (await stack.http(key=None).get("/v1/swagger")).status_code == 401
    assert (await verified.http().get("/v1/swagger")).status_code == 404


DOCUMENT = openapi_document(server="http://127.0.0.1")
SCHEMAS = DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@dataclass
class Served:
    """An engine behind a real socket, with a connection whose tokens must not come out."""

    url: str
    canaries: frozenset[str]


class Now(StillClock):
    """The real time: the engine runs in a thread of its own."""

    def __call__(self) -> float:
        return time.time()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    clock = Now()
    provider, worker = FakeProvider(clock), FakeWorker(clock)
    path = tmp_path_factory.mktemp("fuzz") / "engine.db"
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    chosen = settings_for(path, public_url=url)
    asyncio.run(_connect(chosen, clock, provider, worker, path))
    app = create_engine_app(chosen, http=_outbound(provider, worker), clock=clock)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, ws="none", http="h11")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    canaries = {*provider.tokens, *provider.refresh_tokens, *chosen.encryption_keys}
    yield Served(url, frozenset(canaries | {API_KEY, CLIENT_SECRET, WORKER_SECRET}))
    server.should_exit = True
    thread.join(10)


def _outbound(provider: FakeProvider, worker: FakeWorker) -> AsgiOutbound:
    apps = {PROVIDER: provider.app(), WORKER: worker.app()}
    return AsgiOutbound(apps)


async def _connect(
    chosen: EngineSettings, clock: Now, provider: FakeProvider, worker: FakeWorker, path: Path
) -> None:
    outbound = _outbound(provider, worker)
    app = create_engine_app(chosen, http=outbound, clock=clock)
    async with app.router.lifespan_context(app):
        stack = Stack(chosen, clock, provider, worker, outbound, app, path, None)  # type: ignore[arg-type]
        await stack.connect("alice", [READ, SEND])


SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
LIKELY: dict[str, Any] = {
    "name": "GmailMultiuser_ListLabels",
    "id": "default",
    "tool_name": "GmailMultiuser.SendEmail",
    "user_id": "alice",
    "tool_version": "0.1.0",
}


def make_likely(case: Any) -> None:
    """Put names that exist in the place of random ones, so that a request gets past the lookup."""
    for holder in (case.path_parameters, case.query, case.body):
        if isinstance(holder, dict):
            holder.update({name: LIKELY[name] for name in LIKELY.keys() & holder.keys()})


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda one: one.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_random_requests_end_in_no_5xx_and_no_leak(
    served: Served, operation: Any, mode: GenerationMode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    @given(case=operation.as_strategy(generation_mode=mode), likely=strategies.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def every(case: Any, likely: bool) -> None:
        if likely:
            make_likely(case)
        reply = case.call(
            base_url=served.url,
            headers={"Authorization": f"Bearer {API_KEY}"},
            allow_redirects=False,
            timeout=20,
        )
        text = f"{reply.headers} {reply.content.decode('utf-8', errors='replace')}"
        assert not [canary for canary in served.canaries if canary in text]
        case.validate_response(
            reply,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    with contextlib.suppress(Unsatisfiable):
        # Some operations have nothing that could be wrong about them.
        every()
    assert not [canary for canary in served.canaries if canary in caplog.text]
