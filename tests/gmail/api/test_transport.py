from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from arcade_gmail_multiuser.errors import AnswerTooLarge, ConnectionFailed, DeadlineExceeded
from arcade_gmail_multiuser.gmail.api import transport
from arcade_gmail_multiuser.gmail.api.transport import (
    Answer,
    Request,
    close_transport,
    shared_transport,
)

CANARY = "canary-token-and-query"

Start = Callable[..., Awaitable[Any]]


def get(url: str, **headers: str) -> Request:
    return Request("GET", url, {"authorization": f"Bearer {CANARY}", **headers})


def post(url: str, body: bytes = b"{}") -> Request:
    return Request("POST", url, {"authorization": f"Bearer {CANARY}"}, body)


async def carry(request: Request, seconds: float = 10) -> Answer:
    return await shared_transport().carry(request, timeout=seconds)


def http(status: str, body: bytes = b"", **headers: str) -> bytes:
    head = {"content-length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in head.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


async def ok(_: Any, writer: asyncio.StreamWriter) -> bool:
    writer.write(http("200 OK", b'{"id": "1"}', content_type="application/json"))
    return True


async def silence(_: Any, __: asyncio.StreamWriter) -> bool:
    return False


def says(raw: bytes, *, stay: bool = True) -> Callable[..., Awaitable[bool]]:
    async def handler(_: Any, writer: asyncio.StreamWriter) -> bool:
        writer.write(raw)
        return stay

    return handler


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def assert_holds_no_canary(error: BaseException) -> None:
    """The error shows nothing, and neither does anything that it drags along."""
    assert CANARY not in f"{error!r} {error} {getattr(error, 'developer_message', '')}"
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_an_answer_comes_back_whole(raw_server: Start) -> None:
    server = await raw_server(ok)
    answer = await carry(get(server.url))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == b'{"id": "1"}'


async def test_one_connection_carries_one_request_after_the_other(raw_server: Start) -> None:
    server = await raw_server(ok)
    for _ in range(5):
        await carry(get(server.url))
    assert (server.connections, len(server.requests)) == (1, 5)


async def test_a_url_arrives_as_it_was_written(raw_server: Start) -> None:
    server = await raw_server(ok)
    await carry(get(f"{server.url}/a%2Fb%252e/c?q=%22x%22+%26%E6%97%A5"))
    assert server.requests[0].line == "GET /a%2Fb%252e/c?q=%22x%22+%26%E6%97%A5 HTTP/1.1"


async def test_a_compressed_answer_is_read(raw_server: Start) -> None:
    packed = gzip.compress(b'{"id": "1"}')
    server = await raw_server(says(http("200 OK", packed, content_encoding="gzip")))
    assert (await carry(get(server.url))).body == b'{"id": "1"}'


async def test_a_body_of_30_mb_arrives_whole(raw_server: Start) -> None:
    server = await raw_server(ok)
    body = b"0123456789" * 3_000_000
    await carry(post(server.url, body))
    assert server.requests[0].body == body


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temp", "308 Perm"])
async def test_a_redirect_never_carries_a_token_anywhere(raw_server: Start, status: str) -> None:
    elsewhere = await raw_server(ok)
    server = await raw_server(says(http(status, location=elsewhere.url)))
    answer = await carry(get(server.url))
    assert 300 <= answer.status < 400
    assert elsewhere.connections == 0
    assert len(server.requests) == 1


async def test_cookies_are_not_kept(raw_server: Start) -> None:
    server = await raw_server(says(http("200 OK", set_cookie="session=1; Path=/")))
    await carry(get(server.url))
    await carry(get(server.url))
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def test_an_authorization_is_not_kept_for_the_next_request(raw_server: Start) -> None:
    server = await raw_server(ok)
    await carry(get(server.url))
    await carry(Request("GET", server.url, {}))
    assert "authorization" not in server.requests[1].headers


async def test_two_users_in_parallel_never_get_the_others_authorization(raw_server: Start) -> None:
    async def echo(request: Any, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(0)
        writer.write(http("200 OK", request.headers["authorization"].encode()))
        return True

    server = await raw_server(echo)
    tokens = [f"Bearer {'alice' if n % 2 else 'bob'}-{n}" for n in range(60)]
    answers = await asyncio.gather(
        *(carry(Request("GET", server.url, {"authorization": token})) for token in tokens)
    )
    assert [answer.body.decode() for answer in answers] == tokens


async def test_proxies_of_the_environment_see_nothing(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = await raw_server(ok)
    server = await raw_server(ok)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    await carry(get(server.url))
    assert (proxy.connections, server.connections) == (0, 1)


# --- what went wrong, and whether anything was sent ----------------------------------------------


async def test_a_refused_connection_sent_nothing() -> None:
    with pytest.raises(ConnectionFailed) as failed:
        await carry(post(f"http://127.0.0.1:{unused_port()}/?q={CANARY}"))
    assert failed.value.sent is False
    assert_holds_no_canary(failed.value)


async def test_a_failed_tls_handshake_sent_nothing() -> None:
    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(http("400 Bad Request"))
        writer.close()

    server = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed) as failed:
            await carry(post(f"https://127.0.0.1:{port}/?q={CANARY}"))
    assert failed.value.sent is False
    assert_holds_no_canary(failed.value)


async def test_a_handshake_that_never_ends_sent_nothing(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "CONNECT_S", 0.05)
    plain = await raw_server(ok)
    with pytest.raises(ConnectionFailed) as failed:
        await carry(post(plain.url.replace("http:", "https:") + f"/?q={CANARY}"))
    assert failed.value.sent is False
    assert plain.requests == []
    assert_holds_no_canary(failed.value)


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    raw_server: Start, tmp_path: Path
) -> None:
    server = await raw_server(ok, tls=self_signed(tmp_path))
    with pytest.raises(ConnectionFailed) as failed:
        await carry(get(server.url))
    assert failed.value.sent is False
    assert server.requests == []


async def test_a_connection_dropped_before_the_answer_may_have_sent(raw_server: Start) -> None:
    server = await raw_server(silence)
    with pytest.raises(ConnectionFailed) as failed:
        await carry(post(f"{server.url}/?q={CANARY}"))
    assert failed.value.sent is True
    assert_holds_no_canary(failed.value)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_kept_connection_that_breaks_counts_as_sent_and_is_not_repeated_here(
    raw_server: Start, method: str
) -> None:
    async def once(request: Any, writer: asyncio.StreamWriter) -> bool:
        return await ok(request, writer) if request.on_connection == 1 else False

    server = await raw_server(once)
    await carry(get(server.url))
    with pytest.raises(ConnectionFailed) as failed:
        await carry(Request(method, server.url, {}, b"{}" if method in {"POST", "PUT"} else None))
    assert failed.value.sent is True
    assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize(
    "half",
    [
        b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id": "1',
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{"id": "1',
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-encoding: gzip\r\n\r\nnot gzip.",
        b"HTTP/1.1 200",
        b"\x00\x01\x02 rubbish\r\n\r\n",
    ],
    ids=["length", "chunked", "gzip", "head", "rubbish"],
)
async def test_half_an_answer_is_a_broken_connection(raw_server: Start, half: bytes) -> None:
    server = await raw_server(says(half, stay=False))
    with pytest.raises(ConnectionFailed) as failed:
        await carry(get(f"{server.url}/?q={CANARY}"))
    assert failed.value.sent is True
    assert_holds_no_canary(failed.value)


async def test_an_answer_past_the_bound_is_not_held(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 100_000)
    bomb = gzip.compress(b"0" * 5_000_000)
    assert len(bomb) < 100_000
    server = await raw_server(says(http("200 OK", bomb, content_encoding="gzip")))
    with pytest.raises(AnswerTooLarge) as refused:
        await carry(get(server.url))
    assert refused.value.can_retry is False


async def test_an_answer_at_the_bound_is_read(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 100_000)
    server = await raw_server(says(http("200 OK", b"0" * 100_000)))
    assert len((await carry(get(server.url))).body) == 100_000


async def test_a_slow_answer_ends_at_the_deadline(raw_server: Start) -> None:
    async def never(_: Any, __: asyncio.StreamWriter) -> bool:
        await asyncio.Event().wait()
        return False

    server = await raw_server(never)
    with pytest.raises(DeadlineExceeded) as late:
        await carry(get(f"{server.url}/?q={CANARY}"), seconds=0.05)
    assert late.value.sent is True
    assert_holds_no_canary(late.value)


async def test_a_deadline_before_connecting_sent_nothing(raw_server: Start) -> None:
    server = await raw_server(ok)
    with pytest.raises(DeadlineExceeded) as late:
        await carry(get(server.url), seconds=0)
    assert late.value.sent is False
    assert server.requests == []


async def test_a_read_that_goes_silent_is_given_up_but_a_write_is_not(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Any, __: asyncio.StreamWriter) -> bool:
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr(transport, "MAX_SILENCE_S", 0.02)
    server = await raw_server(never)
    with pytest.raises(ConnectionFailed):
        await carry(get(server.url), seconds=5)
    with pytest.raises(DeadlineExceeded):
        await carry(post(server.url), seconds=0.1)


async def test_a_cancelled_request_leaves_the_pool_usable(raw_server: Start) -> None:
    reached = asyncio.Event()

    async def never(request: Any, writer: asyncio.StreamWriter) -> bool:
        if request.line.startswith("GET /ok"):
            return await ok(request, writer)
        reached.set()
        await asyncio.Event().wait()
        return False

    server = await raw_server(never)
    task = asyncio.create_task(carry(get(server.url)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await carry(get(f"{server.url}/ok"))).status == 200


async def test_whoever_instruments_aiohttp_sees_no_urls(raw_server: Start) -> None:
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.aiohttp_client")
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    simple = pytest.importorskip("opentelemetry.sdk.trace.export")
    exporter = export.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(simple.SimpleSpanProcessor(exporter))
    instrumentor = instrumentation.AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        server = await raw_server(ok)
        await carry(get(f"{server.url}/?q={CANARY}"))
    finally:
        instrumentor.uninstrument()
        provider.shutdown()
    assert exporter.get_finished_spans() == ()
    assert "traceparent" not in server.requests[0].headers


def test_requests_and_answers_show_nothing_of_themselves() -> None:
    shown = f"{get(CANARY)!r} {Answer(200, {CANARY: CANARY}, CANARY.encode())!r}"
    assert CANARY not in shown


# --- the pool belongs to the loop ----------------------------------------------------------------


async def serve_and_carry() -> int:
    """One call, answered by a bare socket, so that nothing of the server's outlives the loop."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        asking = asyncio.create_task(carry(get(f"http://127.0.0.1:{listener.getsockname()[1]}/")))
        accepted, _ = await loop.sock_accept(listener)
        with accepted:
            await loop.sock_recv(accepted, 65536)
            await loop.sock_sendall(accepted, http("200 OK", b"{}"))
            return (await asking).status


def test_each_loop_has_a_pool_of_its_own_and_takes_it_along() -> None:
    for _ in range(4):
        assert asyncio.run(serve_and_carry()) == 200
    assert transport.open_pools() == 1  # the last one's, closed; the next request drops it
    gc.collect()  # pytest turns a warning about anything left open into a failure


def test_a_loop_closed_without_a_word_leaves_no_warning() -> None:
    loop = asyncio.new_event_loop()
    loop.set_debug(False)
    assert loop.run_until_complete(serve_and_carry()) == 200
    loop.close()
    asyncio.run(serve_and_carry())
    assert transport.open_pools() == 1
    gc.collect()


async def test_closing_is_for_the_running_loop_and_not_for_good(raw_server: Start) -> None:
    server = await raw_server(ok)
    await carry(get(server.url))
    await close_transport()
    await close_transport()
    assert (await carry(get(server.url))).status == 200
    assert server.connections == 2


async def test_many_first_requests_at_once_make_one_pool(raw_server: Start) -> None:
    server = await raw_server(ok)
    before = transport.open_pools()
    await asyncio.gather(*(carry(get(server.url)) for _ in range(20)))
    assert transport.open_pools() <= before + 1
    assert len(server.requests) == 20


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-signed.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
