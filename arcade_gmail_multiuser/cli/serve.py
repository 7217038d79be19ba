"""Start the worker that an Arcade Engine calls.

ARCADE_WORKER_SECRET is required: the secret that engine and worker share, 32 bytes or more. Only
with ARCADE_ENVIRONMENT=development may it be weak.
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
"""For calls under way: a send that is cut off leaves nobody knowing whether it went out. Kubernetes
gives 30 s before it kills."""


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
    app = create_app()  # also with several processes: a setting that refuses must refuse here
    if arguments.workers == 1:
        return http_server.serve(app, listener, "worker", shutdown_s=SHUTDOWN_S)
    return serve_many(listener, arguments.workers)


def create_app() -> Any:
    from arcade_gmail_multiuser import worker

    return worker.create_app()


def create_app_of_one_of_many() -> Any:
    """Make the app in a process of several, which must not outlive the one that minds them."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:

        def end_with_parent() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=end_with_parent, name="follow-parent", daemon=True).start()
    app = create_app()
    # Handlers do not come along into a new process; uvicorn has made this one's own by now.
    http_server.mask_secrets_in_logs()
    return app


def serve_many(listener: socket.socket, workers: int) -> int:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    http_server.say_where(listener, "worker")

    config = uvicorn.Config(
        f"{__name__}:{create_app_of_one_of_many.__name__}",
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
