"""Start the worker that an Arcade Engine calls.

ARCADE_WORKER_SECRET is required: the secret that engine and worker share, at least 32 bytes. A
weak one is accepted only with ARCADE_ENVIRONMENT=development.
With --workers N, N processes share one port; each has its own connections to Google.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import threading
from typing import Any

from arcade_gmail_multiuser.cli import http_server

__all__ = ["add_arguments", "run"]

SHUTDOWN_S = 25
"""For calls in progress: if a send is cut off, no one knows whether it went out. Kubernetes kills
after 30 s."""


def worker_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes (1 to 256)")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    http_server.add_arguments(parser, port=8002)
    parser.add_argument(
        "--workers", type=worker_count, default=1, help="number of processes (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    listener = http_server.listen(arguments)
    app = create_app()  # also for several processes: a wrong setting must be refused here
    if arguments.workers == 1:
        return http_server.serve(app, listener, "worker", shutdown_s=SHUTDOWN_S)
    return serve_many(listener, arguments.workers)


def create_app() -> Any:
    from arcade_gmail_multiuser import worker

    return worker.create_app()


def create_app_in_child() -> Any:
    """Make the app in one of several processes, which must not outlive their parent."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:

        def end_with_parent() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=end_with_parent, name="follow-parent", daemon=True).start()
    app = create_app()
    # A new process inherits no log handlers; by now uvicorn has made this one's own.
    http_server.mask_secrets_in_logs()
    return app


def serve_many(listener: socket.socket, workers: int) -> int:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    http_server.print_address(listener, "worker")

    config = uvicorn.Config(
        f"{__name__}:{create_app_in_child.__name__}",
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    Multiprocess(config, sockets=[listener]).run()
    return 0
