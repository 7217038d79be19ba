"""Bind a server process, announce its address, serve, and end with its parent.

A process binds before it imports anything heavy, so its parent knows the address early and can
pass it to the next process while all of them import side by side. A port that the kernel chose
stays bound all the time.
"""

from __future__ import annotations

import argparse
import errno
import ipaddress
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from arcade_gmail_multiuser.errors import ConfigurationError, GmailMultiuserError
from arcade_gmail_multiuser.security.redaction import RedactingFilter

__all__ = [
    "add_arguments",
    "bind",
    "follow_parent",
    "is_loopback",
    "listen",
    "mask_secrets_in_logs",
    "port_number",
    "print_address",
    "serve",
    "url_of",
]

BACKLOG = 2048
SHUTDOWN_S = 3


def port_number(text: str) -> int:
    """Parse a port; 0 lets the kernel choose a free one."""
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return port


def add_arguments(parser: argparse.ArgumentParser, *, port: int) -> None:
    """Add the options that every server takes."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=port_number,
        default=port,
        help="port; 0 picks a free one (%(default)s)",
    )
    parser.add_argument(
        "--announce",
        action="store_true",
        help="print the address as one JSON line, and exit when stdin closes",
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach `host`; of names, only localhost counts."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int) -> socket.socket:
    """Bind and listen; early connections wait in the backlog instead of failing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as failed:
        taken = failed.errno == errno.EADDRINUSE
        reason = "the port is in use" if taken else os.strerror(failed.errno or 0)
        if (failed.errno or 0) < 0:  # the resolver's number, which create_server passes on
            reason = "no such address"
        raise ConfigurationError(f"Cannot listen on {host}:{port}: {reason}.") from None
    # create_server does not name the protocol, and asyncio disables Nagle's algorithm only where it
    # is named. With Nagle, every answer on a kept connection waits 40 ms for an acknowledgement.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(arguments: argparse.Namespace) -> socket.socket:
    """Bind the address on the command line, and announce it if asked to."""
    listener = bind(arguments.host, arguments.port)
    if arguments.announce:
        follow_parent()
        print(json.dumps({"url": url_of(listener)}), flush=True)
        # stdout is not read after that line; a full pipe would block the process.
        os.dup2(2, 1)
    return listener


def print_address(listener: socket.socket, name: str) -> None:
    """Tell a person where the server runs, once it has started."""
    print(f"{name} running on {url_of(listener)}", file=sys.stderr, flush=True)


def follow_parent() -> None:
    """End this process when its stdin closes, which happens even if the parent is killed."""
    threading.Thread(target=_wait_for_end_of_stdin, name="follow-parent", daemon=True).start()


def mask_secrets_in_logs() -> None:
    """Put the redacting filter on every log handler; calling it twice is harmless.

    The root logger gets a handler too: without one, Python writes warnings through its last resort
    handler, which has no filter.
    """
    logging.basicConfig(level=logging.WARNING)
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    for handler in {handler for logger in (logging.root, *loggers) for handler in logger.handlers}:
        if not any(isinstance(present, RedactingFilter) for present in handler.filters):
            handler.addFilter(RedactingFilter())


def _wait_for_end_of_stdin() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    killer = threading.Timer(SHUTDOWN_S + 2, os._exit, args=(1,))
    killer.daemon = True
    killer.start()
    os.kill(os.getpid(), signal.SIGTERM)


def _report_start(app: Any, started: Callable[[], None]) -> Any:
    """Call `started` when an app is up; if it refuses, show why, not Starlette's traceback."""

    async def reporting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        failure: dict[str, Any] | None = None

        async def send_and_report(message: dict[str, Any]) -> None:
            nonlocal failure
            if message["type"] == "lifespan.startup.failed":
                failure = message
                return
            if message["type"] == "lifespan.startup.complete":
                started()
            await send(message)

        try:
            await app(scope, receive, send_and_report)
        except GmailMultiuserError as problem:
            if failure is None:
                raise
            await send({**failure, "message": problem.message})
        except BaseException:
            if failure is not None:
                await send(failure)
            raise

    return reporting


def serve(app: Any, listener: socket.socket, name: str, *, shutdown_s: int = SHUTDOWN_S) -> int:
    """Serve an ASGI app on a bound socket until a signal; return the exit status.

    After the signal, requests in progress have `shutdown_s` seconds to finish; a second signal ends
    them at once. Requests are not logged: a URL may hold a code or a state. Forwarded headers are
    not trusted.
    """
    import uvicorn

    # Config sets up logging; the filter goes on the handlers it makes.
    config = uvicorn.Config(
        _report_start(app, lambda: print_address(listener, name)),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=shutdown_s,
    )
    mask_secrets_in_logs()
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return 0 if server.started else 1
