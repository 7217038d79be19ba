"""How servers bind: what everybody who is served on these sockets can rely on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from arcade_gmail_multiuser.cli import listening
from arcade_gmail_multiuser.errors import ConfigurationError


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_no_answer_waits_for_the_acknowledgement_of_the_part_before_it(host: str) -> None:
    switched: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        switched.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listening.bind(host, 0)
    async with await asyncio.start_server(accepted, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        assert await switched
        writer.close()
        await writer.wait_closed()


def test_a_port_in_use_refuses_to_start() -> None:
    with listening.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="in use"):
            listening.bind("127.0.0.1", port)
