"""Close a connection under a client's hands, which ASGI has no word for."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Send


class ConnectionDropped(Exception):
    """Raised where there is no socket to close: under a test client instead of a server."""


async def hang_up(receive: Receive, send: Send) -> None:
    """Close the client's connection now; what has been sent still arrives, nothing else does.

    `send` has to be the server's own, not one that middleware has wrapped. Raises
    ConnectionDropped when it leads to no socket.
    """
    # Uvicorn's send is a method of the object that holds the transport. Merely returning without
    # an answer would make it send a 500 of its own.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionDropped("a fault dropped this connection")
    transport.close()
    # Returning before the server has noticed would count as an error of this application.
    while (await receive())["type"] != "http.disconnect":
        pass
