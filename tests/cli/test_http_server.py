"""How servers bind: what everybody who is served on these sockets can rely on."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest

from arcade_gmail_multiuser.cli import http_server
from arcade_gmail_multiuser.errors import ConfigurationError


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_no_answer_waits_for_the_acknowledgement_of_the_part_before_it(host: str) -> None:
    switched: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        option = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        await writer.wait_closed()
        switched.set_result(option)

    listener = http_server.bind(host, 0)
    async with await asyncio.start_server(accepted, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        assert await switched
        writer.close()
        await writer.wait_closed()


def test_a_port_in_use_refuses_to_start() -> None:
    with http_server.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="in use"):
            http_server.bind("127.0.0.1", port)


SERVE = """
import contextlib, sys
from starlette.applications import Starlette
from arcade_gmail_multiuser.cli import http_server
from arcade_gmail_multiuser.errors import ConfigurationError

@contextlib.asynccontextmanager
async def lifespan(_app):
    raise {}
    yield

app = Starlette(lifespan=lifespan)
sys.exit(http_server.serve(app, http_server.bind("127.0.0.1", 0), "engine"))
"""


def served(failure: str) -> subprocess.CompletedProcess[str]:
    script = SERVE.format(failure)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


def test_an_app_that_refuses_to_start_says_why_and_not_that_it_runs() -> None:
    done = served('ConfigurationError("The key of last year is missing.")')
    assert done.returncode != 0
    assert "The key of last year is missing." in done.stderr
    assert "Traceback" not in done.stderr
    assert "running on" not in done.stderr


def test_an_app_that_fails_to_start_shows_where() -> None:
    done = served('RuntimeError("a bug")')
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "running on" not in done.stderr
