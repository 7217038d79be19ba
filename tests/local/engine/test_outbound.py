"""The engine's own HTTP client, and the whole engine, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from arcadepy import AsyncArcade
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from arcade_gmail_local.engine.app import create_engine_app
from arcade_gmail_local.engine.outbound import AiohttpOutbound, OutboundRequest
from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded, Unavailable

if TYPE_CHECKING:
    from engine_stack.stack import Stack


@contextlib.asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """Serve an application on a free loopback port of this very loop."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def outbound() -> AsyncIterator[AiohttpOutbound]:
    one = AiohttpOutbound()
    yield one
    await one.close()


def app_of(handler: Callable[[Request], Any]) -> Starlette:
    return Starlette(routes=[Route("/{rest:path}", handler, methods=["GET", "POST"])])


async def test_a_refused_connection_was_certainly_not_sent(outbound: AiohttpOutbound) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(ConnectionFailed) as caught:
            await outbound.send(OutboundRequest("POST", url, body=b"x"))
    assert caught.value.sent is False


async def test_a_connection_that_breaks_after_sending_may_have_acted(
    outbound: AiohttpOutbound,
) -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(drop, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed) as caught:
            await outbound.send(OutboundRequest("POST", f"http://127.0.0.1:{port}/", body=b"x"))
    assert caught.value.sent is True


async def test_s38_a_server_that_hangs_ends_at_the_deadline(outbound: AiohttpOutbound) -> None:
    release = asyncio.Event()

    async def hang(_request: Request) -> Response:
        await release.wait()
        return PlainTextResponse("late")

    async with served(app_of(hang)) as origin:
        with pytest.raises(DeadlineExceeded):
            await outbound.send(OutboundRequest("GET", origin, timeout_s=0.2))
        release.set()


async def test_s48_a_redirect_is_an_answer_and_is_not_followed(outbound: AiohttpOutbound) -> None:
    seen = []

    async def away(request: Request) -> Response:
        seen.append(request.url.path)
        return RedirectResponse("/elsewhere", 307)

    async with served(app_of(away)) as origin:
        reply = await outbound.send(
            OutboundRequest("POST", f"{origin}/a", headers={"Authorization": "Bearer x"})
        )
    assert reply.status == 307
    assert seen == ["/a"]


async def test_cookies_of_one_answer_are_not_sent_with_the_next(outbound: AiohttpOutbound) -> None:
    seen = []

    async def set_cookie(request: Request) -> Response:
        seen.append(request.headers.get("cookie"))
        return PlainTextResponse("x", headers={"set-cookie": "session=alice"})

    async with served(app_of(set_cookie)) as origin:
        for _ in range(2):
            await outbound.send(OutboundRequest("GET", origin))
    assert seen == [None, None]


async def test_an_endless_answer_is_cut_off(outbound: AiohttpOutbound) -> None:
    async def large(_request: Request) -> Response:
        return PlainTextResponse("x" * 100_000)

    async with served(app_of(large)) as origin:
        with pytest.raises(Unavailable):
            await outbound.send(OutboundRequest("GET", origin, max_answer_bytes=1000))


async def test_the_whole_engine_serves_arcadepy_over_sockets(
    make_stack: Any, tmp_path: Path
) -> None:
    from dataclasses import replace  # noqa: PLC0415  (only here)

    stack: Stack = await make_stack()
    async with served(stack.provider.app()) as provider, served(stack.worker.app()) as worker:
        settings = replace(
            stack.settings,
            provider=replace(
                stack.settings.provider,
                token_url=f"{provider}/token",
                userinfo_url=f"{provider}/oauth2/v2/userinfo",
            ),
            worker=replace(stack.settings.worker, url=worker),
        )
        stack.app = create_engine_app(settings, clock=stack.clock)
        async with served(stack.app) as engine:
            await stack.connect("alice", [stack.READ])
            client = AsyncArcade(api_key=stack.API_KEY, base_url=engine, max_retries=0)
            result = await client.tools.execute(
                tool_name="GmailMultiuser.ListLabels", user_id="alice"
            )
            await client.close()
    assert result.success
    assert stack.provider.count("authorization_code") == 1


async def test_a_slow_worker_holds_up_nobody_else(make_stack: Any) -> None:
    stack: Stack = await make_stack()
    await stack.connect("alice", [stack.READ])
    release = asyncio.Event()
    reached = asyncio.Event()
    original = stack.outbound.send

    async def slow(request: OutboundRequest) -> Any:
        if request.url.endswith("/invoke"):
            reached.set()
            await release.wait()
        return await original(request)

    stack.outbound.send = slow  # type: ignore[method-assign]
    call = asyncio.create_task(stack.execute("GmailMultiuser.ListLabels", "alice"))
    await reached.wait()
    assert (await stack.http().get("/v1/health")).json() == {"healthy": True}
    release.set()
    assert (await call).status_code == 200


async def test_json_answers_are_never_cached(make_stack: Any) -> None:
    stack: Stack = await make_stack()
    stack.worker.answer = lambda _call: JSONResponse({}, 500)
    for reply in (
        await stack.http().get("/v1/tools"),
        await stack.http().get("/v1/nope"),
        await stack.http(key=None).get("/v1/tools"),
        await stack.execute("GmailMultiuser.AddNumbers", "alice"),
    ):
        assert reply.headers["cache-control"] == "no-store"
