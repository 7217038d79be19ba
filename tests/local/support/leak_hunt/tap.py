"""Listen in between two processes, byte by byte, without changing anything."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Tap:
    """Pass connections on to `upstream`, and keep what went either way."""

    upstream: str = ""
    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)
    _server: asyncio.Server | None = None

    async def open(self) -> str:
        """Listen; give the address. `upstream` may still be unknown."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = urlsplit(self.upstream)
        try:
            up_reader, up_writer = await asyncio.open_connection(there.hostname, there.port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(
            _copy(reader, up_writer, self.asked), _copy(up_reader, writer, self.answered)
        )


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(65536):
            kept += part
            writer.write(part)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
